"""Inputs that are refused, in fit or after it."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse

from tests._coding import coded

INFINITE = {
    "frame": pd.DataFrame({"ok": [1.0, 2.0, 3.0], "bad": [1.0, np.inf, 2.0]}),
    "minus": pd.DataFrame({"ok": [1.0, 2.0, 3.0], "bad": [1.0, -np.inf, np.nan]}),
    "nullable": pd.DataFrame({"ok": [1, 2, 3], "bad": pd.array([1.0, np.inf, None], "Float64")}),
}


@pytest.mark.parametrize("name", INFINITE)
def test_infinity_is_refused_with_the_column(name):
    X = INFINITE[name]
    with pytest.raises(ValueError, match=r"infinity in column\(s\) 'bad'"):
        coded(X)
    with pytest.raises(ValueError, match=r"infinity in column\(s\) 'bad'"):
        coded(pd.DataFrame({"ok": [1.0, 2.0], "bad": [1.0, 2.0]}), X)


def test_infinity_in_an_array_is_refused_with_the_position():
    with pytest.raises(ValueError, match=r"infinity in column\(s\) 1"):
        coded(np.array([[1.0, np.inf], [2.0, 3.0]]))


def test_infinity_beyond_the_first_chunk_is_refused():
    X = np.zeros((5000, 1))
    X[-1] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        coded(X)


STRANGE = [
    ([["a"], ["b"]], "Column 'bad' of X holds a list"),
    ([(1, 2), (3, 4)], "Column 'bad' of X holds a tuple"),
    ([{"a": 1}, {"b": 2}], "Column 'bad' of X holds a dict"),
    ([np.zeros(2), np.zeros(2)], "Column 'bad' of X holds a ndarray"),
    (pd.to_datetime(["2020", "2021"]), "Column 'bad' of X has dtype datetime64.*days since"),
    (pd.to_timedelta([1, 2]), "Column 'bad' of X has dtype timedelta64"),
    (pd.period_range("2020", periods=2), "Column 'bad' of X has dtype period"),
    (
        pd.Series([datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)], dtype=object),
        "Column 'bad' of X holds values of type date",
    ),
]


@pytest.mark.parametrize(("values", "message"), STRANGE)
def test_columns_that_are_neither_numbers_nor_categories_are_refused(values, message):
    with pytest.raises(TypeError, match=message):
        coded(pd.DataFrame({"ok": [1.0, 2.0], "bad": values}))


@pytest.mark.parametrize(
    "values", [pd.to_datetime(["2020", "2021"]), pd.to_timedelta([1, 2]), [1j, 2]]
)
def test_a_numeric_column_must_not_turn_into_dates_or_complex_numbers(values):
    X = pd.DataFrame({"a": [1.0, 2.0]})
    with pytest.raises(TypeError, match="Column 'a' of X was numeric in fit and now has dtype"):
        coded(X, pd.DataFrame({"a": values}))


def test_a_numeric_column_must_not_turn_into_text():
    X = pd.DataFrame({"a": [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"Column 'a' of X was numeric in fit.*['\"]x['\"]"):
        coded(X, pd.DataFrame({"a": ["1", "x"]}))


def test_a_category_column_must_not_turn_into_lists():
    X = pd.DataFrame({"a": ["x", "y"]})
    with pytest.raises(TypeError, match="Column 'a' of X holds a list"):
        coded(X, pd.DataFrame({"a": [["x"], ["y"]]}))


TABLES = [
    (scipy.sparse.csr_matrix(np.eye(2)), TypeError, "Sparse"),
    (np.array([[1j], [2.0]]), ValueError, "Complex data not supported"),
    (pd.DataFrame({"a": [1j, 2.0]}), ValueError, "Complex data not supported: column 'a'"),
    (np.array([["2020"], ["2021"]], dtype="datetime64[D]"), TypeError, "datetime64"),
    (np.ones(3), ValueError, "Expected 2D array"),
    (pd.Series([1.0]), ValueError, "2-dimensional"),
    (pl.Series([1.0]), ValueError, "2-dimensional"),
    (pl.DataFrame({"a": [1.0]}).lazy(), TypeError, "collect"),
    (pd.DataFrame({"a": []}), ValueError, r"0 sample\(s\)"),
    (pd.DataFrame(index=[0, 1]), ValueError, r"0 feature\(s\)"),
    (pd.DataFrame([[1, 2]], columns=["a", "a"]), ValueError, r"duplicate names: \['a'\]"),
    (
        pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])),
        ValueError,
        "columns of X are a MultiIndex",
    ),
]


@pytest.mark.parametrize(("X", "error", "message"), TABLES)
def test_unfit_tables_are_refused(X, error, message):
    with pytest.raises(error, match=message):
        coded(X)
