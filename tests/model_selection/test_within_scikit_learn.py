"""The splitters in scikit-learn's cross-validation and searches, with any estimator."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_3mtl import MetaRegressor
from sklearn_3mtl.model_selection import KShotSplit, TaskKFold

SPLITTERS = [KShotSplit(3, n_splits=3, random_state=0), TaskKFold(3, random_state=0)]


def stores(n_tasks=12, n_rows=15):
    """Lines through the origin, each store with a slope of its own."""
    random = np.random.default_rng(0)
    ids = random.permutation(np.repeat(np.arange(n_tasks), n_rows))
    X = pd.DataFrame({"x": random.uniform(-1, 1, len(ids)), "store": ids})
    return X, X["x"] * np.linspace(-3, 3, n_tasks)[ids]


@pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
def test_cross_val_score_of_any_estimator(cv):
    X, y = stores()
    scores = cross_val_score(Ridge(), X, y, cv=cv, groups=X["store"], error_score="raise")
    expected = [
        Ridge().fit(X.iloc[train], y.iloc[train]).score(X.iloc[test], y.iloc[test])
        for train, test in cv.split(X, y, X["store"])
    ]
    assert scores.tolist() == expected
    kinds = np.where(y > 0, "up", "down")
    scores = cross_val_score(LogisticRegression(), X, kinds, cv=cv, groups=X["store"].tolist())
    assert len(scores) == 3


@pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
def test_grid_search(cv):
    X, y = stores()
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1e6]}, cv=cv, error_score="raise")
    search.fit(X, y, groups=X["store"])
    assert search.n_splits_ == 3
    expected = cross_val_score(Ridge(0.1), X, y, cv=cv, groups=X["store"])
    found = [search.cv_results_[f"split{number}_test_score"][0] for number in range(3)]
    assert found == expected.tolist()


@pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
def test_groups_are_routed_without_being_asked_for(cv):
    X, y = stores()
    expected = cross_val_score(Ridge(), X, y, cv=cv, groups=X["store"])
    with sklearn.config_context(enable_metadata_routing=True):
        pipe = make_pipeline(StandardScaler(), Ridge())
        params = {"groups": X["store"]}
        assert len(cross_validate(pipe, X, y, cv=cv, params=params)["test_score"]) == 3
        assert (cross_val_score(Ridge(), X, y, cv=cv, params=params) == expected).all()
        GridSearchCV(pipe, {"ridge__alpha": [1, 2]}, cv=cv).fit(X, y, groups=X["store"])


@pytest.mark.parametrize("cv", SPLITTERS, ids=repr)
def test_copies_split_alike(cv):
    X, y = stores()
    for other in (pickle.loads(pickle.dumps(cv)), clone(cv, safe=False)):
        assert repr(other) == repr(cv)
        pairs = zip(other.split(X, y, X["store"]), cv.split(X, y, X["store"]), strict=True)
        assert all(np.array_equal(a[1], b[1]) for a, b in pairs)


def test_a_meta_learner_gets_better_with_shots():
    X, y = stores()
    meta = MetaRegressor(
        task="store", meta="ridge", hidden_layer_sizes=(8,), max_epochs=1, random_state=0
    )
    few, more = (
        cross_val_score(
            meta, X, y, groups=X["store"], error_score="raise",
            cv=KShotSplit(shots, max_shots=8, n_splits=2, random_state=0),
        ).mean()
        for shots in (1, 8)
    )  # fmt: skip
    assert more > few
    assert more > 0.5
