"""The paradigms, compared on the same splits."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from sklearn_3mtl import MultiTaskEstimator, ThreeMTLEstimator, ThreeMTLRegressor
from sklearn_3mtl.datasets import make_multitask_regression
from sklearn_3mtl.model_selection import KShotSplit, compare_paradigms
from tests._inputs import mixed_table
from tests._small_tasks import QUICK, both, slopes

SMALL = {
    "numeric_embedding": None, "hidden_layer_sizes": (8,), "n_estimators": 1, "max_epochs": 2,
    "random_state": 0,
}  # fmt: skip
SEEN = []


class Stub(BaseEstimator):
    """Is wrong by what its paradigm says, in x, and notes the rows that it was given."""

    def __init__(self, paradigm="3mtl", task=None, meta="ridge", source=None, heads="auto"):
        self.paradigm, self.task, self.meta = paradigm, task, meta
        self.source, self.heads = source, heads

    def fit(self, X, y):
        SEEN.append((self.paradigm, self.heads, np.ndim(y), tuple(X["row"])))
        self.names_ = list(y.columns) if np.ndim(y) == 2 else [y.name]
        return self

    def predict(self, X):
        share = {"mtl": 0.5, "meta": 0.9}.get(self.paradigm, 1.0)
        share -= 0.3 * (len(self.names_) == 1)
        frame = pd.DataFrame(dict.fromkeys(self.names_, share * X["x"]))
        return frame if len(self.names_) > 1 else frame[self.names_[0]]


def rows(n_rows=30, seed=0):
    x = np.random.default_rng(seed).normal(size=n_rows)
    X = pd.DataFrame({"x": x, "row": np.arange(n_rows)})
    return X, pd.DataFrame({"a": x, "b": 2.5 * x})


def r2(truth, guess):
    return 1 - ((truth - guess) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()


def line(table, target, method):
    found = table[(table["target"] == target) & (table["method"] == method)]
    assert len(found) == 1
    return found.iloc[0]


@pytest.fixture(autouse=True)
def nothing_seen():
    SEEN.clear()


TWO = ["single-task", "mtl"]


@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_known_scores_and_the_intervals_of_scipy(confidence):
    X, Y = rows()
    cv = KFold(4)
    table = compare_paradigms(
        Stub(), X, Y, cv=cv, paradigms=TWO, corrected=False, confidence=confidence
    )
    parts = [X["x"].iloc[test] for _, test in cv.split(X)]
    joint, own = (np.array([r2(x, share * x) for x in parts]) for share in (0.5, 0.2))
    for name, scores in (("mtl", joint), ("single-task", own)):
        found = line(table, "a", name)
        assert found["n_splits"] == 4
        assert found["score"] == pytest.approx(scores.mean())
        interval = stats.t.interval(confidence, 3, scores.mean(), stats.sem(scores))
        np.testing.assert_allclose([found["low"], found["high"]], interval)
    found = line(table, "a", "mtl")
    interval = stats.ttest_rel(joint, own).confidence_interval(confidence)
    assert found["difference"] == pytest.approx((joint - own).mean())
    np.testing.assert_allclose([found["difference_low"], found["difference_high"]], interval)
    assert np.isnan(line(table, "a", "single-task")["difference"])
    mean = line(table, "all", "mtl")["score"]
    assert mean == pytest.approx(
        (line(table, "a", "mtl")["score"] + line(table, "b", "mtl")["score"]) / 2
    )


def test_corrected_intervals_allow_for_training_sets_that_overlap():
    X, Y = rows(32)
    wide, narrow = (
        line(compare_paradigms(Stub(), X, Y, cv=4, paradigms=TWO, corrected=c), "a", "mtl")
        for c in (True, False)
    )
    ratio = (wide["high"] - wide["low"]) / (narrow["high"] - narrow["low"])
    assert ratio == pytest.approx(np.sqrt((1 / 4 + 1 / 3) / (1 / 4)))


def test_all_methods_see_the_same_rows_and_own_models_pool_the_ids():
    X, Y = rows()
    est = Stub(task="row", source=Stub())
    table = compare_paradigms(est, X, Y, cv=3, reference="mtl")
    assert table["method"].nunique() == 8
    assert line(table, "all", "mtl").isna()["difference"]
    by_method = {}
    for paradigm, heads, n_dim, seen in SEEN:
        by_method.setdefault((paradigm, n_dim, heads), set()).add(seen)
    assert set(by_method) == {
        ("mtl", 1, "column"), ("mtl", 2, "auto"), ("transfer", 1, "column"), ("meta", 1, "auto"),
        ("mtl+transfer", 2, "auto"), ("mtl+meta", 2, "auto"), ("meta+transfer", 1, "auto"),
        ("3mtl", 2, "auto"),
    }  # fmt: skip
    assert len(set(map(frozenset, by_method.values()))) == 1


def test_paradigms_that_would_equal_others():
    X, Y = rows()
    with pytest.warns(UserWarning, match=r"'transfer' needs `source`.*'meta' needs `task`"):
        table = compare_paradigms(Stub(), X, Y, cv=2)
    assert table["method"].unique().tolist() == TWO
    with pytest.warns(UserWarning, match="'mtl' needs several targets"):
        table = compare_paradigms(Stub(), X, Y["a"], cv=2)
    assert table[["target", "method"]].to_numpy().tolist() == [["a", "single-task"]]
    with pytest.raises(ValueError, match=r"`paradigms`.*'3mtl' needs `task`"):
        compare_paradigms(Stub(), X, Y, paradigms=["mtl", "3mtl"])


def test_a_baseline_is_scored_as_by_scikit_learn():
    X, Y = mixed_table()
    known = Y.iloc[:, 0].notna()
    X, Y = X[known], Y[known]
    pair = (DummyClassifier(), DummyRegressor())
    table = compare_paradigms(
        ThreeMTLEstimator(**SMALL), X, Y, cv=KFold(3), paradigms=TWO,
        baselines={"constant": pair, "mean": DummyRegressor(), "net": MultiTaskEstimator(**SMALL)},
    )  # fmt: skip
    assert table["score"].notna().all()
    assert set(table.loc[table["target"] == "all", "method"]) == {*TWO, "constant", "net"}
    numbers = table.loc[table["method"] == "mean", "target"].tolist()
    assert numbers
    assert set(numbers) == set(table.loc[table["metric"] == "r2", "target"])
    first = Y.columns[0]
    found = line(table, first, "constant")
    model = pair[found["metric"] == "r2"]
    expected = cross_val_score(model, X[[X.columns[0]]], Y[first], cv=KFold(3)).mean()
    assert found["score"] == pytest.approx(expected)


def test_missing_labels_and_probabilities():
    X, Y = both(n_tasks=6, n_rows=12)
    scoring = {"sales": "neg_mean_absolute_error", "trend": "roc_auc"}
    table, scores = compare_paradigms(
        ThreeMTLEstimator(task="store", **QUICK), X, Y, cv=2, scoring=scoring,
        paradigms=[*TWO, "mtl+meta"], return_scores=True,
        baselines={"constant": (DummyClassifier(), DummyRegressor())},
    )  # fmt: skip
    assert set(table["target"]) == {"sales", "trend"}
    assert table["score"].notna().all()
    assert line(table, "trend", "constant")["score"] == 0.5
    assert len(scores) == 2 * 2 * 4


def test_few_shots_of_new_tasks_and_pipelines():
    X, y = slopes(n_tasks=8, n_rows=10)
    est = make_pipeline("passthrough", ThreeMTLEstimator(task="store", **QUICK))
    cv = KShotSplit(3, n_splits=2)
    table, scores = compare_paradigms(
        est, X, y, cv=cv, groups=X["store"], paradigms=["single-task", "mtl", "meta"],
        return_scores=True,
    )  # fmt: skip
    assert set(table["target"]) == {"sales"}
    assert (table["n_splits"] == 2).all()
    assert (scores["seconds"] > 0).all()


def test_equals_a_multi_task_estimator_of_its_own():
    X, Y = mixed_table()
    table = compare_paradigms(ThreeMTLEstimator(**SMALL), X, Y, cv=KFold(3), paradigms=["mtl"])
    own = cross_val_score(MultiTaskEstimator(**SMALL), X, Y, cv=KFold(3)).mean()
    assert line(table, "all", "mtl")["score"] == pytest.approx(own)


@pytest.mark.slow
def test_arrays_and_jobs():
    X, Y = mixed_table()
    numbers = Y.select_dtypes("float").iloc[:, :1].to_numpy()
    values = np.column_stack([numbers, -numbers])
    one, two = (
        compare_paradigms(ThreeMTLEstimator(**SMALL), X, values, cv=2, paradigms=TWO, n_jobs=n)
        for n in (None, 2)
    )
    assert one["target"].unique().tolist() == [0, 1, "all"]
    pd.testing.assert_frame_equal(one.drop(columns="seconds"), two.drop(columns="seconds"))


class Failing(DummyRegressor):
    def fit(self, X, y):
        raise RuntimeError("no")


def test_fits_that_fail():
    X, Y = rows()
    options = {"cv": 2, "paradigms": ["mtl"], "baselines": {"bad": Failing()}}
    with pytest.raises(RuntimeError, match="no") as caught:
        compare_paradigms(Stub(), X, Y, **options)
    assert "'bad' failed on split 0" in caught.value.__notes__[0]
    with pytest.warns(FitFailedWarning, match="'bad' failed"):
        table = compare_paradigms(Stub(), X, Y, error_score=np.nan, **options)
    found = line(table, "all", "bad")
    assert np.isnan(found["score"])
    assert found["n_splits"] == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"estimator": DummyRegressor()}, "`estimator` should have a parameter `paradigm`"),
        ({"paradigms": "mtl"}, "`paradigms` should be some of"),
        ({"paradigms": ["mtl2"]}, "`paradigms` should be some of"),
        ({"baselines": [DummyRegressor()]}, "`baselines` should map"),
        ({"baselines": {"mtl": DummyRegressor()}}, "`baselines` names 'mtl'"),
        ({"baselines": {"x": 3}}, r"`baselines\['x'\]` should be"),
        ({"baselines": {"x": DummyClassifier()}}, r"`baselines\['x'\]` fits no target"),
        ({"reference": "x"}, "`reference` should be one of"),
        ({"scoring": {"a": "r2"}}, "`scoring` should have an entry for each"),
        ({"scoring": 3}, "`scoring` should be"),
        ({"confidence": 95}, "`confidence`"),
        ({"error_score": "x"}, "`error_score`"),
        ({"cv": StratifiedKFold(2)}, "`cv`=.*could not split"),
        ({"cv": KShotSplit(2)}, "`groups`"),
        ({"Y": rows(29)[1]}, "inconsistent numbers of samples"),
        ({"Y": rows()[1].rename(columns={"a": "all"})}, "named 'all'"),
    ],
)
def test_errors_name_the_parameter(options, told):
    X, Y = rows()
    given = {"estimator": Stub(), "X": X, "Y": Y, "paradigms": TWO, **options}
    with pytest.raises(ValueError, match=told):
        compare_paradigms(**given)


def test_real_sources_carry_over():
    X, Y = make_multitask_regression(n_samples=80, n_tasks=2, random_state=0)
    small = {"hidden_layer_sizes": (8,), "n_estimators": 1, "max_epochs": 2, "random_state": 0}
    source = MultiTaskEstimator(**small).fit(X, Y)
    table = compare_paradigms(
        ThreeMTLRegressor(source=source, meta=None, **small), X, Y, cv=2,
        paradigms=["single-task", "mtl", "transfer", "mtl+transfer"],
    )  # fmt: skip
    assert np.isfinite(table["score"]).all()
    scores = table[table["target"] == "all"].set_index("method")["score"]
    assert scores["transfer"] > scores["single-task"], "the source saw all rows"
