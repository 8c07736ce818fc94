import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_3mtl.data.columns import read_targets, rebuild_container
from tests._inputs import mixed_table


def rebuilt(y, index=None):
    """The container that y's own columns give."""
    targets = read_targets(y)
    values = [column.values for column in targets.columns]
    return rebuild_container(targets.container, targets.names, targets.named, values, index)


def test_frame_gives_its_columns_without_their_index():
    _, Y = mixed_table()
    targets = read_targets(Y)
    assert targets.names == ("price", "grade", "sold", "colour")
    assert targets.named
    assert targets.n_rows == len(Y)
    assert targets.container == "pandas_frame"
    for column in targets.columns:
        assert column.index.equals(pd.RangeIndex(len(Y)))
    np.testing.assert_array_equal(targets.columns[0], Y["price"])


def test_series_is_one_task_with_its_name():
    targets = read_targets(pd.Series([1.5, 2.5], index=[9, 9], name="price"))
    assert (targets.names, targets.named) == (("price",), True)
    assert targets.columns[0].tolist() == [1.5, 2.5]


def test_unnamed_targets_get_names_that_are_not_theirs():
    assert read_targets(pd.Series([1, 2])).names == ("y",)
    assert not read_targets(pd.Series([1, 2])).named
    assert read_targets([1, 2]).names == ("y",)
    wide = read_targets(np.ones((2, 3)))
    assert (wide.names, wide.named) == ((0, 1, 2), False)


def test_lists_are_read_like_arrays():
    rows = read_targets([[0, 1.5], [1, 2.5]])
    assert [column.tolist() for column in rows.columns] == [[0, 1], [1.5, 2.5]]
    assert read_targets(["a", None]).columns[0].isna().tolist() == [False, True]


def test_object_array_columns_get_their_own_dtypes():
    table = np.array([[1, "a", 1.5], [None, None, None], [2, "b", 2.5]], dtype=object)
    whole, text, number = read_targets(table).columns
    assert (whole.dtype, number.dtype) == ("Int64", "float64")
    assert text.tolist()[::2] == ["a", "b"]
    assert [column.isna().tolist() for column in (whole, text, number)] == [
        [False, True, False]
    ] * 3


def test_select_follows_the_given_order():
    targets = read_targets(pd.DataFrame({"a": [1, 2], "b": [3, 4], "c": [5, 6]}))
    chosen = targets.select(["c", "a"])
    assert chosen.names == ("c", "a")
    assert [column.tolist() for column in chosen.columns] == [[5, 6], [1, 2]]


def test_columns_that_are_lacking_are_completed_without_a_label():
    targets = read_targets(pd.DataFrame({"a": [1.0, None], "b": ["x", "y"]}))
    full = targets.completed(["b", "c", "a"])
    assert full.names == ("b", "c", "a")
    assert full.columns[0].tolist() == ["x", "y"]
    assert full.columns[1].isna().all()
    assert full.labelled().tolist() == [True, True]
    assert targets.completed(["c"]).labelled().tolist() == [False, False]


COLLECTIONS = {
    "dict": {"a": np.zeros(2), "b": np.ones(3)},
    "list of arrays": [np.zeros(2), np.ones(3)],
    "list of equal arrays": [np.zeros(2), np.ones(2)],
    "tuple of series": (pd.Series([1.0]), pd.Series([2.0])),
    "list of frames": [pd.DataFrame({"a": [1]})],
    "list of polars series": [pl.Series([1.0]), pl.Series([2.0])],
}


@pytest.mark.parametrize("name", COLLECTIONS)
def test_collections_of_arrays_are_refused_with_the_way_out(name):
    with pytest.raises(TypeError, match=r"stack_tasks\(\{name: \(X, y\), \.\.\.\}\)"):
        read_targets(COLLECTIONS[name])


UNFIT = [
    (None, "the target y is None"),
    (pd.DataFrame(index=range(3)), "has no column"),
    (np.zeros((3, 0)), "has no column"),
    (pd.DataFrame({"a": []}), "found 0 rows"),
    ([], "found 0 rows"),
    (np.zeros((2, 2, 2)), "dim"),
    (np.array(3.0), r"should have shape \(n_samples,\)"),
    ("text", r"should have shape \(n_samples,\)"),
    (pd.DataFrame([[1, 2]], columns=["a", "a"]), r"duplicate names: \['a'\]"),
    (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "MultiIndex"),
]


@pytest.mark.parametrize(("y", "message"), UNFIT)
def test_unfit_targets_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        read_targets(y)


@pytest.mark.parametrize("y", [np.array([0.5, 1.5]), np.array([[1, 2], [3, 4]])])
def test_arrays_come_back_as_arrays(y):
    result = rebuilt(y)
    assert type(result) is np.ndarray
    assert result.dtype == y.dtype
    np.testing.assert_array_equal(result, y)


@pytest.mark.parametrize("name", ["price", None, 0])
def test_series_come_back_with_name_and_the_new_index(name):
    y = pd.Series(["a", "b"], name=name)
    pd.testing.assert_series_equal(rebuilt(y, index=pd.Index([7, 7])), y.set_axis([7, 7]))


def test_frames_come_back_with_columns_and_the_new_index():
    _, Y = mixed_table()
    pd.testing.assert_frame_equal(rebuilt(Y, index=Y.index), Y)


def test_object_columns_stay_object():
    frame = pd.DataFrame({"a": ["x", "y"]}, dtype=object)
    assert rebuilt(frame)["a"].dtype == object
    assert rebuilt(frame["a"]).dtype == object


def test_column_labels_may_be_of_any_type():
    frame = pd.DataFrame({0: [1, 2], ("a", 1): [3, 4], None: [5, 6]})
    pd.testing.assert_frame_equal(rebuilt(frame), frame)


def polars_frame():
    return pl.DataFrame(
        {
            "int": pl.Series([1, 2, 3], dtype=pl.Int8),
            "gap": [4, None, 5],
            "float": [0.5, None, 1.5],
            "text": ["a", None, "b"],
            "bool": [True, False, True],
            "cat": pl.Series(["x", "y", None], dtype=pl.Categorical),
            "enum": pl.Series(["lo", "hi", "lo"], dtype=pl.Enum(["lo", "hi"])),
        }
    )


def test_polars_frames_come_back_as_polars_frames():
    Y = polars_frame().drop_nulls()
    result = rebuilt(Y)
    assert result.schema == Y.schema
    # In polars 1.0 the categories of two frames are never equal.
    as_text = pl.col("cat").cast(pl.String)
    assert result.with_columns(as_text).equals(Y.with_columns(as_text))


def test_polars_nulls_are_missing_and_integers_stay_integers():
    targets = read_targets(polars_frame())
    columns = dict(zip(targets.names, targets.columns, strict=True))
    for name in ("gap", "float", "text"):
        assert columns[name].isna().tolist() == [False, True, False]
    assert columns["gap"].dtype == "Int64"


def test_polars_series_come_back_as_polars_series():
    y = pl.Series("target", ["a", "b", "a"])
    assert read_targets(y).names == ("target",)
    assert rebuilt(y).equals(y)
    assert rebuilt(y).name == "target"


def test_a_lazy_frame_is_refused():
    with pytest.raises(TypeError, match="collect"):
        read_targets(polars_frame().lazy())


@pytest.mark.parametrize("first", [2**60, 2**63])
def test_large_integers_with_a_gap_are_kept(first):
    column = read_targets([None, first + 1, first + 2]).columns[0]
    assert column.tolist()[1:] == [first + 1, first + 2]
    assert column.isna().tolist() == [True, False, False]


def test_integers_that_no_dtype_holds_stay_objects():
    assert read_targets([None, 2**64 + 1]).columns[0].tolist() == [None, 2**64 + 1]
