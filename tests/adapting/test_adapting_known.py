"""`adapt`: more rows of targets that the estimator knows."""

import numpy as np
import pandas as pd
import pytest

from sklearn_3mtl import MultiTaskRegressor
from sklearn_3mtl.data.kinds import Regression
from tests._adapting import (
    FEW,
    NEW,
    REST,
    X,
    Y,
    r2,
    small,
)


@pytest.mark.parametrize("n", [1, 3, 10])
def test_a_few_more_rows_of_known_targets_do_no_harm(fitted, n):
    random = np.random.default_rng(n)
    noisy = Y.assign(number=Y["number"] + 2 * random.normal(size=len(Y)))
    before = r2(Y["number"][REST], fitted.predict(X[REST])["number"])
    after, right = [], []
    for start in range(0, 60, 10):
        rows = slice(start, start + n)
        found = fitted.adapt(X[rows], noisy[["number", "sort"]][rows]).predict(X[REST])
        after.append(r2(Y["number"][REST], found["number"]))
        right.append((found["sort"] == Y["sort"][REST]).mean())
    assert np.mean(after) > before - 0.1
    assert np.mean(right) > (fitted.predict(X[REST])["sort"] == Y["sort"][REST]).mean() - 0.05


def test_more_rows_of_a_known_column_go_on_being_that_task(fitted):
    moved = Y["number"][FEW] + 8.0
    adapted = fitted.adapt(X[FEW], moved)
    assert list(adapted.tasks_) == list(Y)
    before, after = (est.predict(X[REST])["number"] for est in (fitted, adapted))
    assert (after - before).mean() > 4
    assert r2(Y["number"][REST] + 8.0, after) > 0.9


def test_a_known_class_that_the_rows_lack_stays_a_class(fitted):
    rows = Y["sort"] != "w"
    adapted = fitted.adapt(X[rows][FEW], Y["sort"][rows][FEW])
    assert adapted.tasks_["sort"].classes.tolist() == ["u", "v", "w"]
    assert adapted.predict_proba(X)[2].shape == (240, 3)


def test_labels_that_the_network_knows_move_little():
    est = small(max_epochs=80).fit(X[REST], Y[["number"]][REST])
    adapted = est.adapt(X[REST], Y[["number"]][REST])
    old, new = (r2(Y["number"], e.predict(X)["number"]) for e in (est, adapted))
    assert new > old - 0.01


def test_unnamed_labels_of_the_same_width_are_the_old_tasks():
    y = Y["number"].to_numpy()
    est = small(MultiTaskRegressor).fit(X[REST], y[REST])
    adapted = est.adapt(X[FEW], y[FEW] + 8.0)
    assert list(adapted.tasks_) == ["y"]
    assert isinstance(adapted.predict(X), np.ndarray)
    assert (adapted.predict(X) - est.predict(X)).mean() > 4
    two = small(MultiTaskRegressor).fit(X[REST], np.column_stack([y, -y])[REST])
    assert two.adapt(X[FEW], np.column_stack([y, -y])[FEW]).predict(X).shape == (240, 2)


def test_old_and_new_columns_at_once(fitted):
    labels = pd.concat([NEW["rent"], Y["number"] + 8.0], axis=1)[FEW]
    adapted = fitted.adapt(X[FEW], labels)
    assert list(adapted.tasks_) == [*Y, "rent"]
    found = adapted.predict(X[REST])
    assert r2(NEW["rent"][REST], found["rent"]) > 0.9
    assert r2(Y["number"][REST] + 8.0, found["number"]) > 0.9


def test_kinds_that_fit_took_are_taken_again():
    kinds = {"sort": "classification", "number": Regression()}
    est = small(task_kinds=kinds).fit(X, Y[["number", "sort"]])
    assert list(est.adapt(X[FEW], Y["sort"][FEW]).tasks_) == ["number", "sort"]
    with pytest.raises(ValueError, match=r"'sort' is regression, but it was fitted as multiclass"):
        est.set_params(task_kinds={"sort": "regression"}).adapt(X[FEW], Y["sort"][FEW])
