"""What the splitters refuse, and what they say."""

import re

import numpy as np
import pandas as pd
import pytest

from sklearn_3mtl.model_selection import KShotSplit, TaskKFold

GROUPS = np.repeat(["a", "b", "c"], 4)
X, Y = np.zeros((12, 2)), np.arange(12) / 7


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_shots": -1}, "`n_shots` should be an integer >= 0. Found -1."),
        ({"n_shots": 2.0}, "`n_shots` should be an integer >= 0. Found 2.0."),
        ({"n_shots": True}, "`n_shots` should be an integer >= 0. Found True."),
        ({"n_splits": 1}, "`n_splits` should be an integer >= 2. Found 1."),
        ({"max_shots": 4}, "`max_shots` should be an integer >= 5, not below `n_shots`, or None."),
        ({"n_shots": 0, "max_shots": 0}, "`max_shots` should be an integer >= 1"),
        ({"per_class": "yes"}, "`per_class` should be True or False. Found 'yes'."),
        ({"stratify": None}, "`stratify` should be True, False or 'auto'. Found None."),
        ({"per_class": True, "stratify": False}, "Found `stratify`=False; leave one out."),
        ({"random_state": "a"}, "`random_state` should be an integer from 0 to 2**32 - 1"),
        ({"random_state": -1}, "RandomState or None. Found -1."),
    ],
)
def test_parameters_of_k_shot_split(parameters, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        KShotSplit(**parameters)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_splits": 2.5}, "`n_splits` should be an integer >= 2. Found 2.5."),
        ({"shuffle": 1}, "`shuffle` should be True or False. Found 1."),
        ({"shuffle": False, "random_state": 0}, "`random_state`=0 has no effect with shuffle=Fal"),
        ({"random_state": 0.5}, "Found 0.5."),
    ],
)
def test_parameters_of_task_kfold(parameters, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        TaskKFold(**parameters)


@pytest.mark.parametrize("cls", [KShotSplit, TaskKFold])
@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (None, "`groups` should hold each row's task id. Found None; pass them as in cross_val"),
        ([1, 2, 3], "`groups` should have shape (12,), an id per row. Found shape (3,)."),
        (GROUPS[:, None], "Found shape (12, 1)."),
        (pd.DataFrame({"id": GROUPS}), "Found shape (12, 1)."),
        ("store", "`groups` should have shape (12,), an id per row. Found 'store'."),
        (7, "Found 7."),
        ([*GROUPS[:10], None, np.nan], "no task id for 2 row(s), the first of which is row 10;"),
        (["a"] * 12, "`n_splits`=2 is more than there are tasks: `groups` has 1 distinct id(s)"),
    ],
    ids=["none", "short", "column", "frame", "text", "scalar", "gaps", "one task"],
)
def test_groups(cls, groups, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        next(cls(n_splits=2).split(X, Y, groups))


def test_ids_that_are_lists():
    with pytest.raises(TypeError, match="`groups` should hold strings, numbers or other ids"):
        next(TaskKFold(2).split(X, Y, [[name] for name in GROUPS]))


def test_more_folds_than_tasks():
    with pytest.raises(ValueError, match=r"`groups` has 3 distinct id.*Set it to at most 3\."):
        next(KShotSplit().split(X, Y, GROUPS))


CLASSES = pd.DataFrame({"one": [*"uv"] * 6, "two": [*"xy"] * 6})


@pytest.mark.parametrize("asked", ["per_class", "stratify"])
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "=True needs the classes in `y`. Found None."),
        (CLASSES, "=True needs one column of classes in `y`. Found 2 columns; split with y="),
        (Y, "=True needs classes in `y`. Found numbers such as 0.14285714285714285; leave"),
    ],
    ids=["none", "columns", "numbers"],
)
def test_classes_that_are_asked_for(asked, y, message):
    with pytest.raises(ValueError, match=asked + re.escape(message)):
        next(KShotSplit(1, n_splits=2, **{asked: True}).split(X, y, GROUPS))


def test_y_of_another_length():
    with pytest.raises(ValueError, match=r"`y` should have 12 rows, as X has. Found 11\."):
        next(KShotSplit(1, n_splits=2).split(X, Y[1:], GROUPS))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_shots": 4}, "has no row to test: none of its tasks ("),
        ({"n_shots": 4}, "has a labelled row beyond `n_shots`=4 rows. Lower `n_shots` or `n_split"),
        ({"n_shots": 1, "max_shots": 4}, "beyond `max_shots`=4 rows. Lower `max_shots` or"),
        ({"n_shots": 4, "per_class": True}, "beyond `n_shots`=4 rows of each class. Lower"),
    ],
)
def test_a_fold_without_a_row_to_test(parameters, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        next(KShotSplit(n_splits=3, **parameters).split(X, CLASSES["one"], GROUPS))


def test_labels_that_are_all_missing():
    with pytest.raises(ValueError, match="Fold 0 has no row to test"):
        next(KShotSplit(0, n_splits=2).split(X, np.full(12, np.nan), GROUPS))
