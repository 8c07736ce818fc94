import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_3mtl.data import Task, infer_tasks
from sklearn_3mtl.data.kinds import infer_kind
from tests._inputs import MIXED_KINDS, mixed_table


def kind(labels, **overrides):
    (task,) = infer_tasks(labels, overrides or None).values()
    return task.kind


KINDS = {
    "floats": ([1.5, 2.0, 3.0], "regression"),
    "floats that are whole numbers": ([1.0, 2.0, 3.0], "regression"),
    "floats 0 and 1": ([0.0, 1.0, 1.0], "binary"),
    "floats 0 and 1 with a gap": ([0.0, 1.0, np.nan], "binary"),
    "floats 0, 1 and another": ([0.0, 1.0, 0.5], "regression"),
    "floats 1 and 2 with a gap": ([1.0, 2.0, np.nan], "regression"),
    "10 integers": (list(range(10)) * 2, "multiclass"),
    "11 integers": (list(range(11)) * 2, "regression"),
    "2 integers": ([7, -7, 7], "binary"),
    "booleans": ([True, False, True], "binary"),
    "strings": (["a", "b", "c"], "multiclass"),
    "strings with a gap": (["a", None, "b"], "binary"),
    "20 strings": ([str(i) for i in range(20)], "multiclass"),
}


@pytest.mark.parametrize("name", KINDS)
def test_kind_of_plain_columns(name):
    labels, expected = KINDS[name]
    assert kind(pd.Series(labels)) == expected


PANDAS_KINDS = [
    ([1, 2, None], "Int64", "binary"),
    ([*range(11), None], "Int64", "regression"),
    ([True, False, None], "boolean", "binary"),
    ([1.0, 0.0, None], "Float64", "binary"),
    ([1.0, 0.5, None], "Float64", "regression"),
    (["a", "b", "c", None], "string", "multiclass"),
    (["a", "b", None], "category", "binary"),
    ([3, 1, 2, None], "category", "multiclass"),
    ([0.25, 0.5, 0.75], "category", "multiclass"),
    (["a", "b", None], object, "binary"),
    ([True, False, None], object, "binary"),
    ([1, 2, 3, None], object, "multiclass"),
    ([*range(11), None], object, "regression"),
    ([1.5, 2, None], object, "regression"),
    ([0.0, 1.0, None], object, "binary"),
    ([Decimal("1.5"), Decimal("2.5"), None], object, "regression"),
]


@pytest.mark.parametrize(("labels", "dtype", "expected"), PANDAS_KINDS)
def test_kind_of_pandas_dtypes(labels, dtype, expected):
    assert kind(pd.Series(labels, dtype=dtype)) == expected


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint64"])
def test_every_integer_dtype_is_an_integer(dtype):
    assert kind(np.array([1, 2, 3], dtype=dtype)) == "multiclass"
    assert kind(np.arange(11).astype(dtype)) == "regression"


def test_frame_gives_a_task_per_column_in_order():
    _, Y = mixed_table()
    tasks = infer_tasks(Y)
    assert {name: task.kind for name, task in tasks.items()} == MIXED_KINDS
    assert list(tasks) == list(Y.columns)
    assert all(task.name == name for name, task in tasks.items())


def test_names_come_from_the_container():
    assert list(infer_tasks([0, 1])) == ["y"]
    assert list(infer_tasks(pd.Series([0, 1], name="sold"))) == ["sold"]
    assert list(infer_tasks(np.eye(2))) == [0, 1]


def test_classes_are_sorted_and_keep_their_type():
    tasks = infer_tasks(pd.DataFrame({"a": ["z", "b", "z"], "b": [9, 1, 5], "c": [0.0, 1.0, None]}))
    assert tasks["a"].classes.tolist() == ["b", "z"]
    assert tasks["b"].classes.tolist() == [1, 5, 9]
    assert tasks["c"].classes.tolist() == [0.0, 1.0]


def test_number_of_outputs():
    tasks = infer_tasks(pd.DataFrame({"m": ["a", "b", "c"], "b": [0, 1, 1], "r": [0.5, 1.5, 2.5]}))
    assert [task.n_outputs for task in tasks.values()] == [3, 1, 1]
    assert [task.is_classification for task in tasks.values()] == [True, True, False]
    assert Task("x", "regression").classes is None


@given(st.lists(st.sampled_from([0.0, 1.0, None]), min_size=2))
def test_zeros_and_ones_with_any_gaps_are_binary(values):
    column = pd.Series([0.0, 1.0, *values], dtype=float)
    assert kind(column) == "binary"
    assert infer_kind(column).name == "binary"


@given(st.sets(st.integers(-1000, 1000), min_size=2, max_size=25), st.booleans())
def test_integers_are_judged_by_their_number_of_distinct_values(values, nullable):
    column = pd.Series([*values, *values], dtype="Int64" if nullable else "int64")
    expected = "regression" if len(values) > 10 else "binary" if len(values) == 2 else "multiclass"
    assert kind(column) == expected
    assert infer_kind(column).name == expected


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_floats_besides_zero_and_one_are_regression(values):
    assert kind(pd.Series([0.5, *values])) == "regression"


def test_overrides_replace_the_inferred_kind():
    Y = pd.DataFrame({"stars": [1, 2, 3], "code": [1.5, 2.5, 3.5], "flag": [0.0, 1.0, 1.0]})
    tasks = infer_tasks(Y, {"stars": "regression", "code": "classification", "flag": "multiclass"})
    assert [task.kind for task in tasks.values()] == ["regression", "multiclass", "multiclass"]
    assert tasks["code"].classes.tolist() == [1.5, 2.5, 3.5]
    assert tasks["flag"].n_outputs == 2


def test_override_classification_is_binary_for_two_classes():
    assert kind(pd.Series([1.5, 2.5], name="y"), y="classification") == "binary"
    assert kind(pd.Series([1.5, 2.5, 3.5], name="y"), y="classification") == "multiclass"


ERRORS = [
    ([None, np.nan, None], ValueError, "Task 'target' has no label"),
    (["a", "a", None], ValueError, r"'target' has one class, 'a'; at least two are needed\.$"),
    ([1, 1, 1], ValueError, r"task_kinds=\{'target': 'regression'\}"),
    ([1.0, np.inf], ValueError, "Task 'target' contains infinity in y"),
    ([1j, 2.0], ValueError, "Complex data not supported: task 'target'"),
    (pd.to_datetime(["2020", "2021"]), TypeError, "Task 'target' holds dates or durations"),
    (pd.to_timedelta([1, 2]), TypeError, "Task 'target' holds dates or durations"),
    ([["a"], ["b"]], TypeError, "Task 'target' holds a list"),
    ([{"a": 1}, {"b": 1}], TypeError, "Task 'target' holds a dict"),
    (["a", 1, "b"], TypeError, r"Task 'target' mixes labels of types \['int', 'str'\]"),
]


@pytest.mark.parametrize(("labels", "error", "message"), ERRORS)
def test_unfit_labels_are_refused_by_name(labels, error, message):
    with pytest.raises(error, match=message):
        infer_tasks(pd.DataFrame({"good": np.arange(len(labels)), "target": labels}))


@pytest.mark.parametrize("dates", [datetime.date, datetime.datetime])
def test_dates_in_an_object_column_are_refused_too(dates):
    labels = pd.Series([dates(2020, 1, 1), dates(2021, 1, 1)], dtype=object)
    with pytest.raises(TypeError, match="holds dates or durations"):
        infer_tasks(labels)


def test_infinity_is_refused_in_nullable_and_object_columns():
    for dtype in ("Float64", object):
        with pytest.raises(ValueError, match="contains infinity"):
            infer_tasks(pd.Series([1.5, np.inf, None], dtype=dtype))


OVERRIDE_ERRORS = [
    ({"pirce": "regression"}, r"`task_kinds` names \['pirce'\].*columns are \['price', 'sort'\]"),
    ({"price": "regresion"}, r"`task_kinds\['price'\]` should be one of .*Found 'regresion'"),
    ({"sort": "binary"}, "Task 'sort' was declared binary, but has 3 classes"),
]


@pytest.mark.parametrize(("overrides", "message"), OVERRIDE_ERRORS)
def test_unfit_overrides_are_refused(overrides, message):
    Y = pd.DataFrame({"price": [1.5, 2.5, 3.5], "sort": ["a", "b", "c"]})
    with pytest.raises(ValueError, match=message):
        infer_tasks(Y, overrides)


def test_kind_of_stands_columns_without_a_label():
    assert infer_kind(pd.Series([None, None], dtype=object)).name == "regression"
    assert infer_kind(pd.Series(["a", "a"])).name == "binary"


@pytest.mark.parametrize("unit", ["timestamp[ns]", "date32[day]", "duration[s]"])
def test_dates_of_pyarrow_are_refused_as_others_are(unit):
    column = pd.Series(pd.array([1, 2, 3], dtype="int64[pyarrow]"), name="when")
    dates = column.astype("int32[pyarrow]" if "32" in unit else "int64[pyarrow]")
    with pytest.raises(TypeError, match="'when' holds dates or durations"):
        infer_tasks(dates.astype(f"{unit}[pyarrow]"))
