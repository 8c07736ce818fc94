"""Two paradigms in one estimator do what neither does alone, where the truth is planted."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score

from sklearn_3mtl import MetaRegressor, MultiTaskRegressor, ThreeMTLRegressor, TransferRegressor

NET = {
    "hidden_layer_sizes": (32,), "n_estimators": 1, "numeric_embedding": None, "dropout": 0.0,
    "lr": 0.01, "random_state": 0,
}  # fmt: skip


def world(n_rows, seed):
    """Four numbers that no target shows, bent functions of six inputs: they are what is shared."""
    X = np.random.default_rng(seed).normal(size=(n_rows, 6))
    directions = np.random.default_rng(99).normal(size=(6, 4))
    hidden = np.abs(X @ (directions / np.linalg.norm(directions, axis=0))) - 0.8
    return pd.DataFrame(X, columns=list("abcdef")), hidden


def columns(n_rows, names, seed):
    """Targets that are linear in the hidden numbers."""
    X, hidden = world(n_rows, seed)
    weights = np.random.default_rng(seed + 100).normal(size=(4, len(names)))
    return X, pd.DataFrame(hidden @ weights, columns=names)


def stores(n_tasks, n_rows, seed, first=0):
    """The same for tasks of a few rows: each has linear functions of its own."""
    X, hidden = world(n_tasks * n_rows, seed)
    weights = np.random.default_rng(seed + 100).normal(size=(2, n_tasks, 4)).repeat(n_rows, 1)
    Y = pd.DataFrame((hidden * weights).sum(-1).T, columns=["sales", "visits"])
    return X.assign(store=np.arange(first, first + n_tasks).repeat(n_rows)), Y


NEW, NEW_Y = stores(20, 30, seed=7, first=90)
SUPPORT = np.arange(len(NEW)) % 30 < 16


@pytest.fixture(scope="module")
def source():
    """Knows the hidden numbers from six other targets."""
    return MultiTaskRegressor(max_epochs=60, **NET).fit(*columns(600, list("uvwxyz"), seed=0))


def test_several_new_targets_from_a_source(source):
    X, Y = columns(400, ["rent", "noise"], seed=5)
    few, rest = slice(40), slice(40, None)
    scores = {}
    for paradigm in ("mtl", "mtl+transfer"):
        est = ThreeMTLRegressor(
            source=source, meta=None, paradigm=paradigm, max_epochs=60, **NET
        ).fit(X[few], Y[few])
        assert est.predict(X).columns.tolist() == ["rent", "noise"]
        scores[paradigm] = est.score(X[rest], Y[rest])
    assert scores["mtl+transfer"] > 0.85
    assert scores["mtl+transfer"] > scores["mtl"] + 0.3


@pytest.mark.slow
def test_a_target_with_few_labels_learns_from_one_with_many_also_for_new_tasks():
    X, Y = stores(40, 20, seed=3)
    labelled = np.random.default_rng(0).random(len(X)) < 0.15
    options = {"meta": "ridge", "task": "store", "max_epochs": 30, **NET}
    together = ThreeMTLRegressor(**options).fit(X, Y.assign(visits=Y["visits"].where(labelled)))
    alone = ThreeMTLRegressor(**options).fit(X[labelled], Y["visits"][labelled])
    both = together.adapt(NEW[SUPPORT], NEW_Y[SUPPORT]).predict(NEW[~SUPPORT])["visits"]
    one = alone.adapt(NEW[SUPPORT], NEW_Y["visits"][SUPPORT]).predict(NEW[~SUPPORT])
    truth = NEW_Y["visits"][~SUPPORT]
    assert r2_score(truth, both) > 0.3
    assert r2_score(truth, both) > r2_score(truth, one) + 0.3


def test_tasks_that_adapt_start_from_a_source(source):
    X, Y = stores(8, 20, seed=11)
    scores = []
    for start in (None, source):
        est = ThreeMTLRegressor(source=start, meta="ridge", task="store", max_epochs=10, **NET)
        adapted = est.fit(X, Y["sales"]).adapt(NEW[SUPPORT], NEW_Y["sales"][SUPPORT])
        scores.append(adapted.score(NEW[~SUPPORT], NEW_Y["sales"][~SUPPORT]))
    assert scores[1] > 0.6
    assert scores[1] > scores[0] + 0.05


@pytest.fixture(scope="module")
def stores_source():
    """Knows the hidden numbers from many small tasks."""
    X, Y = stores(40, 20, seed=3)
    return MetaRegressor(task="store", meta="ridge", max_epochs=15, **NET).fit(X, Y["sales"])


@pytest.mark.parametrize("strategy", ["auto", "extract", "fine_tune"])
def test_a_target_starts_from_what_many_tasks_taught(stores_source, strategy):
    X, Y = columns(400, ["rent"], seed=5)
    few, rest = slice(40), slice(40, None)
    est = TransferRegressor(source=stores_source, strategy=strategy, random_state=0)
    alone = TransferRegressor(max_epochs=60, **NET).fit(X[few], Y["rent"][few])
    score = est.fit(X[few], Y["rent"][few]).score(X[rest], Y["rent"][rest])
    assert score > 0.75
    assert score > alone.score(X[rest], Y["rent"][rest]) + 0.1
