"""From a source with many labels to a target with few."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from sklearn_3mtl import (
    MultiTaskRegressor,
    ThreeMTLRegressor,
    TransferClassifier,
    TransferEstimator,
    TransferRegressor,
    load_estimator,
)
from sklearn_3mtl.transfer import Auto, FineTune, TransferStrategy

SMALL = {
    "hidden_layer_sizes": (32, 32), "n_estimators": 1, "max_epochs": 30, "prior": None,
    "random_state": 0,
}  # fmt: skip
STRATEGIES = ["auto", "extract", "fine_tune"]


def rows(n, seed, slope=1.0, shift=0.0):
    """A target of a product of two numbers, which few rows don't show."""
    X = np.random.default_rng(seed).normal(size=(n, 6))
    return X, slope * (X[:, 0] * X[:, 1] + X[:, 2]) + shift


@pytest.fixture(scope="module")
def source():
    return TransferRegressor(**SMALL).fit(*rows(1500, 0))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_few_rows_of_a_target_like_the_source(source, strategy):
    X, y = rows(40, 1, slope=-2.0, shift=5.0)
    X_new, y_new = rows(500, 2, slope=-2.0, shift=5.0)
    target = source.set_params(strategy=strategy).adapt(X, y)
    scratch = TransferRegressor(**SMALL).fit(X, y)
    ours, theirs = (r2_score(y_new, est.predict(X_new)) for est in (target, scratch))
    assert ours > max(theirs + 0.2, 0.7)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_source_stays_as_it_is(source, strategy):
    X, y = rows(40, 1)
    before = source.predict(X)
    source.set_params(strategy=strategy).adapt(X, -y)
    assert np.array_equal(source.predict(X), before)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_source_is_where_fit_starts(source, strategy):
    X, y = rows(40, 1)
    adapted = source.set_params(strategy=strategy).adapt(X, y)
    fitted = TransferRegressor(source=source, strategy=strategy, **SMALL).fit(X, y)
    assert np.array_equal(adapted.predict(X), fitted.predict(X))
    frozen = clone(TransferRegressor(source=FrozenEstimator(source), strategy=strategy, **SMALL))
    assert np.array_equal(adapted.predict(X), frozen.fit(X, y).predict(X))


def test_a_search_over_strategies(source):
    X, y = rows(60, 1)
    est = TransferRegressor(source=FrozenEstimator(source), adapt_steps=3, **SMALL)
    search = GridSearchCV(est, {"strategy": STRATEGIES}, cv=3).fit(X, y)
    assert search.best_score_ > 0.7


def test_other_classes_under_the_same_name():
    X, _ = rows(600, 0)
    first = np.where(X[:, 0] * X[:, 1] > 0, "same", "opposite")
    est = TransferClassifier(**SMALL).fit(X, first)
    new = np.where(X[:, 0] * X[:, 1] > 0, np.where(X[:, 2] > 0, 1, 2), 3)[:200]
    for strategy in STRATEGIES:
        target = est.set_params(strategy=strategy).adapt(X[:200], new)
        assert target.classes_.tolist() == [1, 2, 3]
        assert target.predict_proba(X).shape == (600, 3)
        assert target.score(X[:200], new) > 0.8


def test_the_target_lacks_a_class_of_the_source():
    X, _ = rows(600, 0)
    sort = np.where(X[:, 0] > 0.5, "high", np.where(X[:, 0] < -0.5, "low", "middle"))
    est = TransferClassifier(**SMALL).fit(X, sort)
    some = sort[:60] != "middle"
    for strategy in ("auto", "fine_tune", "extract"):
        target = est.set_params(strategy=strategy).adapt(X[:60][some], sort[:60][some])
        assert target.classes_.tolist() == ["high", "low", "middle"]
        assert target.predict_proba(X).shape == (600, 3)


def test_a_target_has_its_own_columns():
    X, y = rows(300, 0)
    source = TransferEstimator(**SMALL).fit(X, pd.DataFrame({"a": y, "b": y > 0}))
    target = source.adapt(X[:50], pd.DataFrame({"c": y[:50] > 1, "a": y[:50]}))
    assert target.predict(X).columns.tolist() == ["c", "a"]
    assert list(target.tasks_) == ["c", "a"]
    again = target.adapt(X[:50], pd.Series(y[:50], name="a"))
    assert again.predict(X).name == "a"


@pytest.mark.parametrize(
    "head", [LogisticRegression(), KNeighborsClassifier(3), LinearSVC(), RandomForestClassifier(10)]
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_any_model_on_frozen_features(head, n_classes):
    X, y = rows(400, 0)
    labels = np.digitize(y, np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1]))
    source = TransferClassifier(**SMALL).fit(X, labels)
    target = source.set_params(strategy="extract", head=head).adapt(X[:200], labels[:200])
    own = clone(head).fit(source.transform(X[:200]), labels[:200])
    agree = (own.predict(source.transform(X)) == target.predict(X)).mean()
    assert agree > (0.99 if not isinstance(head, RandomForestClassifier) else 0.8)


def test_extracting_then_another_strategy_and_back(source):
    X, y = rows(60, 1)
    extracted = source.set_params(strategy="extract").adapt(X, pd.Series(-y, name="other"))
    source.set_params(strategy="auto")
    both = extracted.set_params(strategy="auto")
    again = both.adapt(X, pd.Series(-y, name="other"))
    assert r2_score(-y, again.predict(X)) > 0.9
    assert not np.array_equal(again.predict(X), extracted.predict(X))
    more = both.adapt(X, pd.DataFrame({"other": -y, "third": 2 * y}))
    assert r2_score(2 * y, more.predict(X)["third"]) > 0.9


def test_the_union_keeps_the_heads_of_targets_that_are_not_extracted(source):
    X, y = rows(300, 0)
    options = {"paradigm": "transfer", "strategy": "extract", **SMALL}
    union = ThreeMTLRegressor(**options).fit(X, pd.Series(y, name="a"))
    adapted = union.adapt(X[:60], pd.Series(-y[:60], name="b"))
    assert adapted.predict(X).columns.tolist() == ["a", "b"]
    np.testing.assert_array_equal(adapted.predict(X)["a"], union.predict(X))
    head = Pipeline([("s", StandardScaler()), ("r", RidgeCV(np.logspace(-3, 4, 15)))])
    head.fit(union.transform(X[:60]), -y[:60])
    np.testing.assert_allclose(adapted.predict(X)["b"], head.predict(union.transform(X)), atol=0.02)
    more = adapted.adapt(X[:60], pd.Series(y[:60], name="a"))
    np.testing.assert_array_equal(more.predict(X)["b"], adapted.predict(X)["b"])
    assert adapted.forgetting_ == {"a": 0.0}


def test_one_class_is_nothing_to_extract():
    X, _ = rows(100, 0)
    source = TransferClassifier(strategy="extract", **SMALL).fit(X, np.where(X[:, 0] > 0, "a", "b"))
    with pytest.raises(ValueError, match="one class among the labels, 'a'; strategy='extract'"):
        source.adapt(X[:5], ["a"] * 5)
    with pytest.raises(
        ValueError, match=r"has 1 label\(s\) of positive weight; strategy='extract'"
    ):
        source.adapt(X[:5], ["a", "b", "a", "b", "a"], sample_weight=[0, 1, 0, 0, 0])


def test_weights_reach_the_head(source):
    X, y = rows(100, 1)
    weight = np.r_[np.ones(50), np.zeros(50)]
    est = source.set_params(strategy="extract", head=Ridge())
    for chosen in (None, Ridge()):
        est.set_params(head=chosen)
        weighted = est.adapt(X, np.r_[y[:50], -9 * y[50:]], sample_weight=weight)
        without = est.adapt(X[:50], y[:50])
        np.testing.assert_allclose(weighted.predict(X), without.predict(X), rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match=r"but head=.*takes no weights"):
        source.set_params(head=_Median()).adapt(X, y, sample_weight=weight)
    source.set_params(head=None)


class _Median(Ridge):
    def fit(self, X, y):
        return super().fit(X, y)


def test_lower_layers_move_less_and_later(source):
    X, y = rows(64, 1, slope=3.0)

    def moved(**options):
        strategy = FineTune(**options)
        est = source.set_params(strategy=strategy, adapt_steps=4, adapt_lr=0.01).adapt(X, y)
        source.set_params(strategy="auto", adapt_steps="auto", adapt_lr="auto")
        pairs = zip(source._model.network.named_parameters(),
                    est._model.network.named_parameters(), strict=False)  # fmt: skip
        return {n: float((a - b).detach().abs().max()) for (n, a), (_, b) in pairs}

    even = moved(layer_decay=1.0, gradual_unfreezing=False)
    uneven = moved(layer_decay=4.0, gradual_unfreezing=False)
    lowest = next(name for name in even if name.startswith("backbone"))
    assert even[lowest] > 3.5 * uneven[lowest] > 0
    gradual = moved(layer_decay=1.0)
    assert 0 < gradual[lowest] < 0.7 * even[lowest]


def test_a_freeze_plan(source):
    X, y = rows(40, 1, slope=3.0)
    est = source.set_params(strategy="fine_tune", adapt_parts=["heads"]).adapt(X, y)
    source.set_params(strategy="auto", adapt_parts="auto")
    np.testing.assert_array_equal(est.transform(X), source.transform(X))


def test_many_rows_are_fine_tuned_on(source):
    X, y = rows(50, 1)
    few = source.set_params(strategy=Auto(fewest_rows=51)).adapt(X, y)
    many = source.set_params(strategy=Auto(fewest_rows=50)).adapt(X, y)
    source.set_params(strategy="auto")
    assert np.array_equal(few.transform(X), source.transform(X))
    assert not np.array_equal(many.transform(X), source.transform(X))


def test_a_strategy_of_the_users_own(source):
    class Nothing(TransferStrategy):
        def rates(self, n_depths, n_rows):
            return None

    X, y = rows(50, 1)
    own = source.set_params(strategy=Nothing()).adapt(X, y)
    auto = source.set_params(strategy="auto").adapt(X, y)
    assert np.array_equal(own.predict(X), auto.predict(X))


@pytest.mark.parametrize("strategy", ["auto", "fine_tune"])
def test_files_and_pickles(source, strategy, tmp_path):
    X, y = rows(40, 1)
    target = source.set_params(strategy=strategy).adapt(X, y)
    target.save(tmp_path / "est.3mtl")
    loaded = load_estimator(tmp_path / "est.3mtl")
    assert np.array_equal(loaded.predict(X), target.predict(X))
    assert np.array_equal(pickle.loads(pickle.dumps(target)).predict(X), target.predict(X))
    again = loaded.adapt(X, -y)
    assert np.array_equal(again.predict(X), target.adapt(X, -y).predict(X))


def test_models_on_features_are_saved_and_pickled(source, tmp_path):
    pytest.importorskip("skops.io")
    X, y = rows(40, 1)
    target = source.set_params(strategy="extract").adapt(X, y)
    source.set_params(strategy="auto")
    target.save(tmp_path / "est.3mtl")
    for found in (load_estimator(tmp_path / "est.3mtl"), pickle.loads(pickle.dumps(target))):
        assert np.array_equal(found.predict(X), target.predict(X))
        assert np.array_equal(found.adapt(X, -y).predict(X), target.adapt(X, -y).predict(X))


def test_files_of_what_started_from_a_source_of_other_sizes(source, tmp_path):
    X, y = rows(40, 1)
    est = TransferRegressor(source=source, random_state=0).fit(X, y)
    est.save(tmp_path / "est.3mtl")
    loaded = load_estimator(tmp_path / "est.3mtl")
    assert np.array_equal(loaded.predict(X), est.predict(X))
    assert loaded.get_params()["hidden_layer_sizes"] == (32, 32)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"source": "imagenet"}, "'source' parameter"),
        ({"source": Ridge()}, "'source' parameter"),
        ({"source": FrozenEstimator(Ridge())}, r"`source` is an unfitted Ridge\(\)\. Fit it first"),
        ({"source": FrozenEstimator(StandardScaler())}, "`source` should be a fitted"),
        ({"source": MultiTaskRegressor()}, r"unfitted MultiTaskRegressor.*FrozenEstimator\(fitted"),
        ({"strategy": "fine-tune"}, "'strategy' parameter"),
        ({"strategy": FineTune(layer_decay=0.5)}, r"`FineTune.layer_decay` should be.*Found 0.5"),
        ({"head": Ridge()}, r"head=Ridge\(\) and strategy='auto' contradict"),
        ({"strategy": "extract", "adapt_parts": "all"}, "adapt_parts='all' and strategy='extract'"),
        ({"strategy": "extract", "head": LogisticRegression()}, "`head` should be a regressor"),
        ({"domain_loss": "dann"}, "`source` and domain_loss='dann' contradict"),
        ({"warm_start": True}, "`source` and warm_start=True contradict"),
    ],
)
def test_what_is_refused(source, parameters, message):
    X, y = rows(40, 1)
    with pytest.raises(ValueError, match=message):
        TransferRegressor(**{"source": source, **SMALL, **parameters}).fit(X, y)


def test_adapt_before_fit():
    with pytest.raises(NotFittedError):
        TransferRegressor().adapt(*rows(5, 0))


def test_other_columns_than_the_source(source):
    X, y = rows(40, 1)
    with pytest.raises(ValueError, match="X has 5 features, but TransferRegressor is expecting 6"):
        TransferRegressor(source=source, **SMALL).fit(X[:, :5], y)


def test_a_failed_transfer_leaves_the_estimator_as_it_was(source):
    X, y = rows(40, 1)
    est = TransferRegressor(**SMALL).fit(X, y)
    before = est.predict(X)
    with pytest.raises(ValueError, match="features"):
        est.set_params(source=source).fit(X[:, :5], y)
    assert np.array_equal(est.predict(X), before)
