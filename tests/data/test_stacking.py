import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_3mtl import stack_tasks


def test_arrays_are_stacked_with_the_tasks_names():
    X, y, task = stack_tasks({"a": (np.zeros((2, 3)), [1.0, 2.0]), "b": (np.ones((1, 3)), [3.0])})
    np.testing.assert_array_equal(X, [[0, 0, 0], [0, 0, 0], [1, 1, 1]])
    np.testing.assert_array_equal(y, [1, 2, 3])
    assert task.tolist() == ["a", "a", "b"]


def test_frames_are_stacked_with_a_fresh_index_and_their_dtypes():
    one = pd.DataFrame({"x": [1, 2], "c": pd.Categorical(["u", "v"])}, index=[5, 5])
    two = pd.DataFrame({"x": [3], "c": pd.Categorical(["v"], ["u", "v"])}, index=[5])
    X, y, task = stack_tasks({1: (one, pd.Series([0.5, 1.5])), 2: (two, pd.Series([2.5]))})
    assert X["x"].tolist() == [1, 2, 3]
    assert isinstance(X["c"].dtype, pd.CategoricalDtype)
    assert X.index.equals(pd.RangeIndex(3))
    assert y.tolist() == [0.5, 1.5, 2.5]
    assert task.tolist() == [1, 1, 2]
    assert task.dtype.kind == "i"


def test_targets_of_several_columns():
    y = pd.DataFrame({"r": [1.5], "k": ["a"]})
    _, stacked, _ = stack_tasks({"a": (np.zeros((1, 1)), y), "b": (np.zeros((1, 1)), y)})
    assert stacked["k"].tolist() == ["a", "a"]


def test_polars_becomes_pandas():
    frame = pl.DataFrame({"x": [1.0, 2.0]})
    X, y, task = stack_tasks({"a": (frame, pl.Series([1, 2])), "b": (frame, pl.Series([3, 4]))})
    assert X["x"].tolist() == [1, 2, 1, 2]
    assert y.tolist() == [1, 2, 3, 4]
    assert task.tolist() == ["a", "a", "b", "b"]


def test_names_may_be_of_several_types_and_keep_them():
    pair = (np.zeros((1, 1)), [0.0])
    assert stack_tasks({("a", 1): pair, ("b", 2): pair})[2].tolist() == [("a", 1), ("b", 2)]
    assert stack_tasks({"a": pair, 1: pair})[2].tolist() == ["a", 1]


ARRAY = np.zeros((2, 3))
FRAME = pd.DataFrame(ARRAY, columns=["a", "b", "c"])
ERRORS = [
    ({}, "at least one task"),
    ([(ARRAY, [1, 2])], "should be a mapping"),
    ({"a": ARRAY}, r"Task 'a' should be a pair \(X, y\). Found ndarray"),
    ({"a": (ARRAY, [1, 2, 3])}, "Task 'a' has 2 rows in X and 3 in y"),
    ({"a": (ARRAY, [1, 2]), "b": (ARRAY[:, :2], [1, 2])}, "The X of task 'b' has .*'a'"),
    ({"a": (FRAME, [1, 2]), "b": (FRAME[["b", "a", "c"]], [1, 2])}, "The X of task 'b'"),
    ({"a": (FRAME, [1, 2]), "b": (ARRAY, [1, 2])}, "The X of task 'b' has another type"),
    ({"a": (ARRAY, [1, 2]), "b": (ARRAY, ARRAY)}, "The y of task 'b'"),
]


@pytest.mark.parametrize(("tasks", "message"), ERRORS)
def test_unfit_tasks_are_refused_by_name(tasks, message):
    with pytest.raises(ValueError, match=message):
        stack_tasks(tasks)
