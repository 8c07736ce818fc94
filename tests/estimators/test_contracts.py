"""What the documentation promises of names, weights, scores and parameters."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import KFold, cross_val_score
from skorch.callbacks import Callback
from torch import nn

from sklearn_3mtl import (
    MetaClassifier,
    MetaRegressor,
    MultiTaskClassifier,
    MultiTaskEstimator,
    MultiTaskRegressor,
    load_estimator,
)
from sklearn_3mtl.datasets import make_multitask_classification, make_multitask_regression
from sklearn_3mtl.metrics import task_scores
from tests._small_tasks import QUICK, slopes

SMALL = {
    "hidden_layer_sizes": (8,), "n_estimators": 2, "max_epochs": 3, "random_state": 0,
    "early_stopping": False,
}  # fmt: skip


def regression(missing=0.2, **parameters):
    return make_multitask_regression(120, 4, 2, missing=missing, random_state=0, **parameters)


def classification():
    return make_multitask_classification(120, 4, 2, n_classes=3, missing=0.2, random_state=0)


@pytest.mark.parametrize(
    ("shell", "data"), [(MultiTaskClassifier, classification), (MultiTaskRegressor, regression)]
)
class TestScoreOfTheTypedShells:
    def test_it_is_the_mean_over_the_labelled_rows(self, shell, data):
        X, Y = data()
        est = shell(**SMALL).fit(X, Y)
        expected = task_scores(Y, est.predict(X), tasks=est.tasks_)["score"].mean()
        assert est.score(X, Y) == pytest.approx(expected)
        assert est.score(X, Y[Y.columns[::-1]]) == pytest.approx(expected)

    def test_it_takes_a_weight_for_each_label(self, shell, data):
        X, Y = data()
        est = shell(**SMALL).fit(X, Y)
        weight = np.ones(Y.shape)
        weight[60:] = 0
        assert est.score(X, Y, sample_weight=weight) == pytest.approx(est.score(X[:60], Y[:60]))

    def test_it_takes_task_ids(self, shell, data):
        X, Y = data()
        ids = np.arange(len(X)) % 3
        est = shell(**SMALL).fit(X, Y, task=ids)
        assert np.isfinite(est.score(X, Y, task=ids))

    def test_it_serves_cross_validation(self, shell, data):
        X, Y = data()
        assert np.isfinite(cross_val_score(shell(**SMALL), X, Y, cv=KFold(2))).all()


def test_one_test_label_of_a_task_does_not_spoil_the_mean():
    X, Y = regression(missing=0.0)
    est = MultiTaskRegressor(**SMALL).fit(X, Y)
    few = Y.copy()
    few.iloc[1:, 0] = np.nan
    assert est.score(X, few) == pytest.approx(est.score(X, Y.assign(task0=np.nan)))


def test_scores_by_an_estimators_tasks_know_kinds_and_classes_that_the_labels_hide():
    X, _ = regression()
    count = pd.Series(np.arange(120) % 21, name="count")
    letters = pd.Series(list("abc" * 40), name="letter")
    Y = pd.concat([count, letters], axis=1)
    est = MultiTaskEstimator(**SMALL).fit(X, Y)
    rows = Y.index[Y["letter"] != "c"][:6]
    proba = est.predict_proba(X.loc[rows])
    table = task_scores(Y.loc[rows], est.predict(X.loc[rows]), y_proba=proba, tasks=est.tasks_)
    assert table.loc["count", "kind"] == "regression"
    assert np.isfinite(table.loc["letter", "log_loss"])
    with pytest.raises(ValueError, match=r"`task_kinds` names \['other'\]"):
        task_scores(Y, Y, task_kinds={"other": "regression"})


def test_weights_with_names_go_to_the_tasks_of_these_names():
    X, Y = regression(missing=0.0)
    weight = pd.DataFrame({name: np.random.default_rng(0).random(120) for name in Y})
    turned = weight[Y.columns[::-1]]
    by_name = MultiTaskRegressor(**SMALL).fit(X, Y, sample_weight=turned).predict(X)
    by_place = MultiTaskRegressor(**SMALL).fit(X, Y, sample_weight=weight.to_numpy()).predict(X)
    pd.testing.assert_frame_equal(by_name, by_place)
    with pytest.raises(ValueError, match="columns of `sample_weight` should be the tasks"):
        MultiTaskRegressor(**SMALL).fit(X, Y, sample_weight=weight.add_suffix("_"))
    series = pd.Series({"task1": 1.0, "task0": 0.5})
    from_series = MultiTaskRegressor(task_weight=series, **SMALL).fit(X, Y).predict(X)
    from_dict = MultiTaskRegressor(task_weight=series.to_dict(), **SMALL).fit(X, Y).predict(X)
    pd.testing.assert_frame_equal(from_series, from_dict)


def test_an_outlier_of_weight_zero_does_not_scale_the_target():
    X, Y = regression(missing=0.0)
    weight = np.ones(120)
    weight[:6] = 0
    spoiled = Y.copy()
    spoiled.iloc[:6] = 1e6
    clean = MultiTaskRegressor(**SMALL).fit(X, Y, sample_weight=weight).predict(X)
    found = MultiTaskRegressor(**SMALL).fit(X, spoiled, sample_weight=weight).predict(X)
    pd.testing.assert_frame_equal(found, clean)


def test_a_constant_target_is_predicted_as_it_is():
    X, _ = regression()
    for constant in (1e-6, 0.0, -7.0):
        est = MultiTaskRegressor(**SMALL).fit(X, np.full(120, constant))
        np.testing.assert_allclose(est.predict(X), constant, atol=1e-8)


def test_an_id_without_a_label_is_an_unknown_id():
    X, Y = regression(missing=0.0)
    X["shop"] = np.repeat(["a", "b", "c"], 40)
    y = Y["task0"].where(X["shop"] != "c")
    est = MultiTaskRegressor(task="shop", **SMALL).fit(X, y)
    assert est.groups_.tolist() == ["a", "b"]
    with pytest.warns(UserWarning, match=r"1 task id\(s\) were not seen with a label in fit \('c'"):
        found = est.predict(X)
    with pytest.warns(UserWarning, match="never heard of"):
        strangers = est.predict(X.assign(shop="never heard of"))
    pd.testing.assert_series_equal(found[80:], strangers[80:])


class TestWarmStart:
    def test_columns_in_another_order_continue_the_same_tasks(self):
        X, Y = regression(missing=0.0)
        ahead = MultiTaskRegressor(warm_start=True, **SMALL).fit(X, Y).fit(X, Y)
        turned = MultiTaskRegressor(warm_start=True, **SMALL).fit(X, Y).fit(X, Y[Y.columns[::-1]])
        pd.testing.assert_frame_equal(turned.predict(X), ahead.predict(X))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("sharing", "none"),
            ("hidden_layer_sizes", (9,)),
            ("dropout", 0.5),
            ("n_estimators", 3),
            ("numeric_embedding", None),
        ],
    )
    def test_another_network_is_refused(self, name, value):
        X, Y = regression()
        est = MultiTaskRegressor(warm_start=True, **SMALL).fit(X, Y)
        with pytest.raises(ValueError, match=rf"`{name}` was .* and is .* now"):
            est.set_params(**{name: value}).fit(X, Y)


def test_a_file_holds_the_parameters_of_the_fit(tmp_path):
    X, Y = regression()
    est = MultiTaskRegressor(activation="relu", **SMALL).fit(X, Y)
    before = est.predict(X)
    est.set_params(activation="tanh", hidden_layer_sizes=(5, 5)).save(tmp_path / "est")
    loaded = load_estimator(tmp_path / "est")
    assert loaded.activation == "relu"
    pd.testing.assert_frame_equal(loaded.predict(X), before)


def test_predicting_goes_by_the_task_column_of_the_fit():
    X, Y = regression()
    X["shop"] = np.repeat(["a", "b", "c"], 40)
    est = MultiTaskRegressor(task="shop", **SMALL).fit(X, Y)
    before = est.predict(X)
    pd.testing.assert_frame_equal(est.set_params(task=None).predict(X), before)


def test_parts_are_only_what_the_file_lacks(tmp_path):
    X, Y = regression()
    MultiTaskRegressor(**SMALL).fit(X, Y).save(tmp_path / "est")
    with pytest.raises(ValueError, match=r"`parts` names \['sharing'\], which the file holds"):
        load_estimator(tmp_path / "est", parts={"sharing": "none"})
    with pytest.raises(ValueError, match=r"`parts` names \['sharring'\], which are no parameters"):
        load_estimator(tmp_path / "est", parts={"sharring": "none"})


class _InterruptIn(Callback):
    def __init__(self, batch):
        self.batch = batch

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        self.seen_ = getattr(self, "seen_", 0) + training
        if self.seen_ == self.batch:
            raise KeyboardInterrupt


def test_an_interrupted_epoch_leaves_no_half_record():
    X, Y = regression()
    est = MultiTaskRegressor(**{**SMALL, "batch_size": 40, "callbacks": [_InterruptIn(5)]})
    with (
        pytest.warns(UserWarning, match=r"after 1 epoch\(s\); .* its present weights"),
        pytest.raises(KeyboardInterrupt),
    ):
        est.fit(X, Y)
    assert est.n_iter_ == 1
    assert "train_loss" in est.history_[-1]
    assert est.predict(X).notna().all(axis=None)


def test_a_lazy_module_learns_its_width_from_the_columns():
    X, Y = regression()
    lazy = nn.Sequential(nn.LazyLinear(6), nn.ReLU())
    parameters = {**SMALL, "backbone": lazy, "heads": {"task0": nn.LazyLinear(1)}}
    first, second = (MultiTaskRegressor(**parameters).fit(X, Y).predict(X) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)
    assert isinstance(lazy[0], nn.LazyLinear)


def in_both_dtypes(call):
    """What a call gives with torch's default dtype, and with a wider one."""
    expected = call()
    torch.set_default_dtype(torch.float64)
    try:
        return expected, call()
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(
    "parameters",
    [{}, {"numeric_embedding": "periodic"}, {"backbone": "tabm", "numeric_embedding": None}],
    ids=str,
)
def test_the_default_dtype_of_torch_changes_nothing(parameters):
    X, Y = regression()
    est = MultiTaskRegressor(**SMALL, **parameters)
    expected, found = in_both_dtypes(lambda: est.fit(X, Y).adapt(X[:9], Y[:9]).predict(X))
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("balancing", ["equal", "uncertainty"])
@pytest.mark.parametrize("meta", ["ridge", "maml", "meta_sgd", "reptile"])
def test_nor_does_it_where_tasks_adapt(meta, balancing):
    X, y = slopes()
    Y = pd.DataFrame({"a": y, "b": -y})
    est = MetaRegressor(task="store", meta=meta, balancing=balancing, **QUICK)
    expected, found = in_both_dtypes(lambda: est.fit(X, Y).predict(X))
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("meta", ["ridge", "protonet", "plda", "maml"])
def test_nor_where_classes_are_drawn(meta):
    labels = np.repeat(np.arange(12), 9)
    rows = np.random.default_rng(0).normal(size=(108, 3)) + labels[:, None]
    est = MetaClassifier(episodes="classes", meta=meta, n_ways=3, n_shots=3, **QUICK)
    few = np.isin(labels, [0, 5, 9])
    expected, found = in_both_dtypes(
        lambda: est.fit(rows, labels).adapt(rows[few], labels[few]).predict_proba(rows)
    )
    assert np.array_equal(found, expected)


def test_task_names_that_read_alike_are_refused():
    X, Y = regression()
    Y.columns = [1, "1"]
    with pytest.raises(ValueError, match=r"names that read alike: \[1, '1'\]"):
        MultiTaskRegressor(**SMALL).fit(X, Y)
