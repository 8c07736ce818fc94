"""A kind of target that one file outside the package adds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.utils.validation import check_is_fitted

from sklearn_3mtl import (
    MetaLearner,
    MultiTaskEstimator,
    MultiTaskRegressor,
    ThreeMTLEstimator,
    load_estimator,
)
from sklearn_3mtl.data import infer_tasks
from sklearn_3mtl.inspection import single_task_gain
from sklearn_3mtl.metrics import task_scorer, task_scores
from sklearn_3mtl.model_selection import compare_paradigms
from tests.plugins import poisson_counts
from tests.plugins.poisson_counts import PoissonCounts


def table(n=400, seed=0):
    """Counts whose logarithmic rate is linear, and a class beside them."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(n, 3)), columns=["a", "b", "c"])
    rate = np.exp(1.5 + 0.8 * X["a"] - 0.5 * X["b"])
    Y = pd.DataFrame({"visits": random.poisson(rate), "sold": np.where(X["c"] > 0, "y", "n")})
    Y = Y.astype({"visits": float})
    Y.loc[::9, "visits"] = np.nan
    return X, Y, random.poisson(np.exp(0.5 - 0.7 * X["a"] + 0.4 * X["c"]))


X, Y, CALLS = table()
NEW_X, NEW_Y, _ = table(seed=1)


def estimator(**parameters):
    settings = {"hidden_layer_sizes": (16,), "n_estimators": 2, "max_epochs": 12, "lr": 0.02}
    settings |= {"task_kinds": {"visits": PoissonCounts()}, "random_state": 0}
    return MultiTaskEstimator(**{**settings, **parameters})


@pytest.fixture(scope="module")
def fitted():
    return estimator().fit(X, Y)


def test_the_file_is_short():
    assert len(Path(poisson_counts.__file__).read_text(encoding="utf-8").splitlines()) <= 60


def test_it_learns_planted_counts(fitted):
    predicted = fitted.predict(NEW_X)
    assert (predicted["visits"] >= 0).all()
    scores = task_scores(NEW_Y, predicted, tasks=fitted.tasks_)
    assert scores.loc["visits", "kind"] == "counts"
    assert scores.loc["visits", "score"] == scores.loc["visits", "r2"] > 0.5
    assert scores.loc["sold", "accuracy"] > 0.8
    assert fitted.tasks_["visits"].kind == "counts"
    assert fitted.score(NEW_X, NEW_Y) == pytest.approx(scores["score"].mean())
    assert task_scorer("mae", task="visits")(fitted, NEW_X, NEW_Y) == -scores.loc["visits", "mae"]
    assert fitted.predict_proba(NEW_X)[0] is None


def test_its_predictions_are_right_on_average(fitted):
    """The mean of counts, not of their logarithms, is predicted."""
    assert fitted.predict(NEW_X)["visits"].mean() == pytest.approx(NEW_Y["visits"].mean(), rel=0.15)


def test_a_shell_for_numbers_takes_it():
    est = MultiTaskRegressor(
        task_kinds={"visits": PoissonCounts()}, n_estimators=1, max_epochs=5, random_state=0
    ).fit(X, Y["visits"])
    assert (est.predict(X) >= 0).all()


def test_several_columns_of_it_are_as_each_alone():
    labelled = Y["visits"].notna()
    both = pd.DataFrame({"visits": Y["visits"], "calls": CALLS})[labelled]
    kinds = {name: PoissonCounts() for name in both}
    settings = {"sharing": "none", "early_stopping": False, "prior": None}
    est = estimator(task_kinds=kinds, **settings).fit(X[labelled], both)
    alone = estimator(**settings).fit(X[labelled], both[["visits"]])
    expected = alone.predict(X)["visits"]
    np.testing.assert_allclose(est.predict(X)["visits"], expected, rtol=1e-4)


def test_it_adapts_to_a_new_column(fitted):
    est = clone(fitted).set_params(task_kinds={"visits": PoissonCounts()}).fit(X, Y)
    est.set_params(task_kinds={"calls": PoissonCounts()})
    adapted = est.adapt(X[:200], pd.Series(CALLS[:200], name="calls"))
    assert adapted.tasks_["calls"].kind == "counts"
    predicted = adapted.predict(X[200:])
    assert (predicted["calls"] >= 0).all()
    assert (
        task_scores(
            pd.Series(CALLS[200:], name="calls"), predicted[["calls"]], tasks=adapted.tasks_
        ).loc["calls", "r2"]
        > 0.4
    )
    pd.testing.assert_series_equal(predicted["visits"], est.predict(X[200:])["visits"])


def test_it_adapts_to_more_rows_of_a_known_column(fitted):
    adapted = fitted.adapt(NEW_X[:200], NEW_Y[:200])
    before, after = (
        task_scores(NEW_Y[200:], est.predict(NEW_X[200:]), tasks=fitted.tasks_).loc["visits", "r2"]
        for est in (fitted, adapted)
    )
    assert after > before - 0.05


def test_it_is_fine_tuned(fitted):
    est = clone(fitted).set_params(adapt_parts="all", adapt_steps=20).fit(X, Y)
    assert (est.adapt(NEW_X, NEW_Y).predict(X)["visits"] >= 0).all()


@pytest.mark.parametrize("meta", ["ridge", "anil"])
def test_task_ids_adapt(meta):
    ids = np.arange(len(X)) % 20
    est = MetaLearner(
        task="id", meta=meta, task_kinds={"visits": PoissonCounts()}, max_epochs=3, random_state=0
    ).fit(X.assign(id=ids), Y)
    predicted = est.adapt(NEW_X[:20], NEW_Y[:20]).predict(NEW_X[20:])
    assert (predicted["visits"] >= 0).all()


def test_it_is_cloned_with_its_parameters():
    est = clone(estimator(task_kinds={"visits": PoissonCounts(floor=0.3)}))
    assert est.task_kinds["visits"].floor == 0.3
    assert est.task_kinds["visits"] == PoissonCounts(floor=0.3) != PoissonCounts()
    with pytest.raises(ValueError, match="not fitted"):
        check_is_fitted(est)


def test_a_search_chooses_among_its_parameters():
    options = [{"visits": PoissonCounts(floor)} for floor in (0.05, 0.5)]
    search = GridSearchCV(
        estimator(max_epochs=2), {"task_kinds": options}, cv=KFold(2), error_score="raise"
    ).fit(X, Y)
    assert search.best_params_["task_kinds"] in options
    assert (
        search.best_estimator_.tasks_["visits"].kind_object == options[search.best_index_]["visits"]
    )


def test_it_is_saved_and_supplied_to_the_loader(fitted, tmp_path):
    fitted.save(tmp_path / "counts.3mtl")
    loaded = load_estimator(tmp_path / "counts.3mtl", parts={"task_kinds": fitted.task_kinds})
    pd.testing.assert_frame_equal(loaded.predict(X), fitted.predict(X))


def test_a_kind_given_after_the_fit_is_saved_with_the_new_target(tmp_path):
    plain = estimator(task_kinds={"visits": "regression"}).fit(X, Y)
    adapted = plain.set_params(task_kinds={"calls": PoissonCounts()}).adapt(
        X, pd.DataFrame({"calls": CALLS.astype(float)})
    )
    adapted.save(tmp_path / "calls.3mtl")
    loaded = load_estimator(tmp_path / "calls.3mtl", parts={"task_kinds": adapted.task_kinds})
    pd.testing.assert_frame_equal(loaded.predict(X), adapted.predict(X))


def test_labels_of_another_kind_are_refused_before_training():
    with pytest.raises(ValueError, match=r"Task 'visits' holds -1.0, which is no count"):
        estimator().fit(X, Y.assign(visits=Y["visits"].where(Y["visits"] < 5, -1)))
    words = Y["visits"].astype(object).where(Y["visits"] < 5, "many")
    with pytest.raises(ValueError, match=r"'visits' holds labels that are not numbers"):
        estimator().fit(X, Y.assign(visits=words))
    with pytest.raises(ValueError, match=r"`task_kinds\['visits'\]` should be one of .* a Kind"):
        infer_tasks(Y, {"visits": "counts"})


def test_a_known_column_is_not_made_another_kind(fitted):
    est = clone(fitted).fit(X, Y).set_params(task_kinds={"visits": PoissonCounts(floor=0.5)})
    with pytest.raises(ValueError, match=r"'visits' is PoissonCounts\(floor=0.5\), .* as counts"):
        est.adapt(NEW_X, NEW_Y)


def test_paradigms_are_compared_on_it_and_gain_is_told():
    est = ThreeMTLEstimator(
        task_kinds={"visits": PoissonCounts()}, n_estimators=1, max_epochs=2, random_state=0
    )
    table = compare_paradigms(
        est, X, Y, cv=2, paradigms=["single-task", "mtl"], baselines={"constant": DummyRegressor()}
    )
    own = table[table["target"] == "visits"]
    assert own["method"].tolist() == ["single-task", "mtl", "constant"]
    assert set(own["metric"]) == {"r2"}
    report = single_task_gain(estimator(n_estimators=1, max_epochs=2), X, Y, cv=2)
    assert report["kind"].tolist() == ["counts", "binary"]
