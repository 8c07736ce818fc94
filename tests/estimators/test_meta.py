"""Estimators that adapt to small tasks: what a user sees."""

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch.callbacks import Callback

from sklearn_3mtl import MetaClassifier, MetaLearner, MetaRegressor, load_estimator
from sklearn_3mtl import adapt as adapt_pipeline
from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.meta import META, Ridge
from tests._small_tasks import QUICK, STEPS, both, signs, slopes

NEW = 99


@pytest.fixture(scope="module")
def fitted():
    return MetaRegressor(task="store", **STEPS).fit(*slopes())


def few(rows=6, seed=5, first=NEW, n_tasks=1, data=slopes):
    """Support and query of new stores."""
    X, y = data(n_tasks=n_tasks, n_rows=rows + 40, seed=seed, first=first)
    nth = X.groupby("store").cumcount()
    return X[nth < rows], y[nth < rows], X[nth >= rows], y[nth >= rows]


def same(first, second, X):
    return np.array_equal(first.predict(X), second.predict(X))


@pytest.mark.slow
@pytest.mark.parametrize("meta", [name for name in META if name not in ("protonet", "plda")])
def test_a_new_task_is_learned_from_few_rows(meta):
    X, y = slopes(n_tasks=60)
    options = {"hidden_layer_sizes": (32, 32), "numeric_embedding": None, "random_state": 0}
    rate = 0.1 if meta == "anil" else 0.03
    est = MetaRegressor(task="store", meta=meta, max_epochs=16, inner_lr=rate, **options)
    est.fit(X, y)
    X_s, y_s, X_q, y_q = few(rows=10, n_tasks=20)
    with pytest.warns(UserWarning, match="20 task id"):
        prior = r2_score(y_q, est.predict(X_q))
    assert r2_score(y_q, est.adapt(X_s, y_s).predict(X_q)) > max(0.6, prior + 0.4)
    assert r2_score(y, est.predict(X)) > 0.6, "tasks of fit adapt on their own rows"


@pytest.mark.slow
@pytest.mark.parametrize("meta", ["maml", "protonet", "ridge"])
def test_a_new_classification_task_is_learned_from_few_rows(meta):
    X, y = signs(n_tasks=60)
    options = {"hidden_layer_sizes": (32, 32), "numeric_embedding": None, "random_state": 0}
    est = MetaClassifier(task="store", meta=meta, max_epochs=16, inner_lr=0.1, **options).fit(X, y)
    X_s, y_s, X_q, y_q = few(rows=10, n_tasks=20, data=signs)
    proba = est.adapt(X_s, y_s).predict_proba(X_q)[:, 1]
    assert roc_auc_score(y_q == "up", proba) > 0.85
    with pytest.warns(UserWarning, match="20 task id"):
        assert roc_auc_score(y_q == "up", est.predict_proba(X_q)[:, 1]) < 0.75


def test_mixed_kinds_with_missing_labels():
    X, Y = both()
    est = MetaLearner(task="store", **STEPS).fit(X, Y)
    found = est.predict(X)
    assert found.columns.tolist() == ["sales", "trend"]
    assert set(found["trend"]) <= {"up", "down"}
    proba = est.predict_proba(X)
    assert proba[0] is None
    np.testing.assert_allclose(proba[1].sum(1), 1)
    assert list(est.groups_) == list(range(24))
    assert est.classes_[0] is None
    assert 0 < est.history_[-1]["valid_loss/trend"] < 5


def test_adapting_leaves_the_old_estimator_and_old_tasks_as_they_are(fitted):
    X, _ = slopes()
    X_s, y_s, X_q, _ = few(n_tasks=3)
    before = fitted.predict(X)
    weights = copy.deepcopy(fitted._model.network.state_dict())
    adapted = fitted.adapt(X_s, y_s)
    assert np.array_equal(fitted.predict(X), before)
    assert np.array_equal(adapted.predict(X), before)
    assert all(torch.equal(v, weights[k]) for k, v in fitted._model.network.state_dict().items())
    assert list(adapted.groups_) == [*fitted.groups_, NEW, NEW + 1, NEW + 2]
    assert list(fitted.groups_) == list(range(24))
    with pytest.warns(UserWarning, match=r"3 task id\(s\) were not seen .*99, 100, 101"):
        prior = fitted.predict(X_q)
    assert not np.allclose(adapted.predict(X_q), prior)


def test_many_tasks_adapt_in_one_call_as_one_by_one(fitted):
    X_s, y_s, X_q, _ = few(n_tasks=20)
    together = fitted.adapt(X_s, y_s).predict(X_q)
    one_by_one = fitted
    for store in X_s["store"].unique():
        mine = X_s["store"] == store
        alone = fitted.adapt(X_s[mine], y_s[mine]).predict(X_q[X_q["store"] == store])
        assert np.array_equal(alone, together[X_q["store"] == store])
        one_by_one = one_by_one.adapt(X_s[mine], y_s[mine])
    assert np.array_equal(one_by_one.predict(X_q), together)


def test_more_rows_of_a_known_task_change_that_task_alone(fitted):
    X, _ = slopes()
    X_more, y_more = slopes(n_tasks=1, seed=9, first=4)
    adapted = fitted.adapt((X_more, -10 * y_more))
    other = X["store"] != 4
    assert same(adapted, fitted, X[other])
    assert not np.allclose(adapted.predict(X[~other]), fitted.predict(X[~other]))


def test_a_prediction_does_not_depend_on_the_rows_beside_it(fitted):
    X, _ = slopes()
    whole = fitted.predict(X)
    random = np.random.default_rng(0)
    for size in (1, 7, 100, 333):
        rows = random.permutation(len(X))[:size]
        assert np.array_equal(fitted.predict(X.iloc[rows]), whole[rows])


def test_an_unknown_task_is_predicted_with_what_all_share(fitted):
    _, _, X_q, _ = few()
    with pytest.warns(UserWarning, match="predicted with what all tasks share") as record:
        found = fitted.predict(X_q)
    assert len(record) == 1
    network = fitted._model.network
    inputs = fitted._model.transform(read_inputs(X_q))
    with torch.no_grad():
        plain = fitted._model.codec.combine(network(**inputs))
    plain = fitted._model.codec.predict(plain.numpy())[0]
    np.testing.assert_allclose(found, plain, rtol=1e-4, atol=1e-5)


def test_without_a_task_column_all_rows_are_the_new_task(fitted):
    X_s, y_s, X_q, _ = few()
    lone = fitted.adapt(X_s.drop(columns="store"), y_s)
    named = fitted.adapt(X_s, y_s)
    assert np.array_equal(lone.predict(X_q.drop(columns="store")), named.predict(X_q))
    assert same(lone, fitted, slopes()[0])


def test_ids_as_an_argument():
    X, y = slopes()
    ids, X = X["store"].to_numpy(), X.drop(columns="store")
    est = MetaRegressor(**STEPS).fit(X, y, task=ids)
    by_column = MetaRegressor(task="store", **STEPS).fit(*slopes())
    assert np.array_equal(est.predict(X, task=ids), by_column.predict(slopes()[0]))
    with pytest.raises(ValueError, match=r"MetaRegressor\(task='store_id'\)"):
        est.predict(X)


def test_tasks_too_small_are_only_adapted_to():
    X, y = slopes()
    X_small, y_small = slopes(n_tasks=1, n_rows=4, seed=3, first=50)
    X_all = pd.concat([X, X_small])
    fits = []
    # A prior would be fitted on all rows.
    est = MetaRegressor(task="store", prior=None, **STEPS)
    for labels in (y_small, y_small.iloc[::-1]):
        fits.append(clone(est).fit(X_all, pd.concat([y, labels])))
    weights = [est._model.network.state_dict() for est in fits]
    assert all(torch.equal(v, weights[1][k]) for k, v in weights[0].items())
    assert same(fits[0], fits[1], X)
    assert not same(fits[0], fits[1], X_small)


def test_of_large_tasks_a_sample_is_remembered():
    X, y = slopes(n_rows=40)
    est = MetaRegressor(task="store", max_support=10, **STEPS).fit(X, y)
    assert est._model.adapter.memory.index.counts.tolist() == [10] * 24 + [0]
    X_s, y_s, _, _ = few(rows=30)
    assert est.adapt(X_s, y_s)._model.adapter.memory.index.counts.tolist() == [10] * 24 + [30, 0]


@pytest.mark.parametrize("meta", ["maml", "ridge"])
def test_weights_of_a_support_count(meta):
    est = MetaRegressor(task="store", meta=meta, **QUICK).fit(*slopes())
    X_s, y_s, X_q, _ = few(rows=8)
    half = np.arange(8) % 2 == 0
    none = est.adapt(X_s, y_s, sample_weight=half.astype(float)).predict(X_q)
    assert np.array_equal(none, est.adapt(X_s[half], y_s[half]).predict(X_q))
    more = est.adapt(X_s, y_s, sample_weight=np.where(half, 3.0, 1.0)).predict(X_q)
    assert not np.allclose(more, est.adapt(X_s, y_s).predict(X_q))


@pytest.mark.parametrize("meta", [name for name in META if name != "plda"])
def test_saved_pickled_and_cloned(meta, tmp_path):
    X, y = signs()
    est = MetaClassifier(task="store", meta=meta, **QUICK).fit(X, y)
    X_s, y_s, X_q, _ = few(data=signs)
    adapted = est.adapt(X_s, y_s)
    for one in (est, adapted):
        path = tmp_path / "one.3mtl"
        one.save(path)
        for other in (load_estimator(path), pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
            assert np.array_equal(other.predict_proba(X), one.predict_proba(X))
            assert list(other.groups_) == list(one.groups_)
    loaded = load_estimator(path)
    assert same(loaded, adapted, X_q)
    assert np.array_equal(loaded.adapt(X_s, y_s).predict(X_q), adapted.adapt(X_s, y_s).predict(X_q))
    assert same(clone(adapted).fit(X, y), est, X)


def test_one_seed_gives_one_result_and_leaves_the_global_streams_alone():
    X, y = slopes()
    before = torch.get_rng_state()
    first, second = (MetaRegressor(task="store", **STEPS).fit(X, y) for _ in range(2))
    assert same(first, second, X)
    assert torch.equal(before, torch.get_rng_state())
    other = MetaRegressor(task="store", **{**STEPS, "random_state": 1}).fit(X, y)
    assert not same(first, other, X)


def test_how_to_adapt_is_a_parameter_of_the_constructor(fitted):
    X, _ = slopes()
    none = clone(fitted).set_params(adapt_steps=0).fit(*slopes())
    unknown = X.assign(store=77)
    with pytest.warns(UserWarning, match="77"):
        prior = fitted.predict(unknown)
    np.testing.assert_allclose(none.predict(X), prior, rtol=1e-5, atol=1e-6)
    more = clone(fitted).set_params(adapt_steps=5, adapt_lr=0.03).fit(*slopes())
    assert same(more, fitted, X), "these are what the inner loop has anyway"
    longer = clone(fitted).set_params(adapt_lr=0.05).fit(*slopes())
    assert not same(longer, fitted, X)


def test_a_grid_search_over_method_rate_and_steps():
    X, y = slopes()
    grid = {"meta": ["maml", Ridge(2.0)], "inner_lr": [0.01, 0.05], "adapt_steps": [1, "auto"]}
    cv = GroupKFold(3).split(X, y, X["store"])
    options = {**STEPS, "max_epochs": 1}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "8 task id", UserWarning)
        search = GridSearchCV(MetaRegressor(task="store", **options), grid, cv=list(cv)).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_in_a_pipeline():
    X, y = slopes()
    scale = StandardScaler().set_output(transform="pandas")
    pipe = make_pipeline(_keeping_store(scale), MetaRegressor(task="store", **STEPS)).fit(X, y)
    X_s, y_s, X_q, _ = few()
    assert adapt_pipeline(pipe, X_s, y_s).predict(X_q).shape == (40,)


def _keeping_store(scale):
    columns = make_column_transformer(
        (scale, ["x", "common"]), remainder="passthrough", verbose_feature_names_out=False
    )
    return columns.set_output(transform="pandas")


def test_warm_start_goes_on_and_remembers_anew(fitted):
    X, y = slopes()
    est = clone(fitted).set_params(warm_start=True).fit(X, y)
    first = est.predict(X)
    est.fit(X, -y)
    assert est.n_iter_ == 4
    assert np.corrcoef(est.predict(X), -y)[0, 1] > np.corrcoef(first, -y)[0, 1]
    X_s, y_s, X_q, _ = few()
    adapted = est.adapt(X_s, y_s)
    adapted.fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        adapted.predict(X_q)
    assert adapted._model.adapter.memory.index.counts.tolist() == [20] * 24 + [6, 0]
    with pytest.raises(ValueError, match=r"`inner_lr` was 'auto' and is 0\.5 now"):
        est.set_params(inner_lr=0.5).fit(X, y)


def test_what_a_method_learns_is_restored_with_the_best_weights():
    X, y = slopes()
    steps = {**STEPS, "meta": "meta_sgd", "max_epochs": 1, "lr_schedule": "constant"}
    seen = []

    class Spoil(Callback):
        """After the best epoch the learned rates go astray."""

        def on_epoch_end(self, net, **kwargs):
            with torch.no_grad():
                seen.append([p.clone() for p in net.criterion_.learned.parameters()])
                for p in net.criterion_.learned.parameters():
                    p -= 0.15

    est = MetaRegressor(task="store", callbacks=[Spoil()], **{**steps, "max_epochs": 2}).fit(X, y)
    assert est.history_[:, "valid_loss_best"] == [True, False]
    kept = est._model.objective.learned.parameters()
    assert all(torch.equal(a, b) for a, b in zip(kept, seen[0], strict=True))
