"""Inputs X that are refused, or read without harm."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from tests._inputs import mixed_table, tiny

N = 60  # the rows of `table`


@pytest.mark.parametrize("rows", [0, slice(0, 0)])
def test_empty_x(table, rows):
    X, Y = table
    X, Y = (X.iloc[:, :0], Y) if rows == 0 else (X[rows], Y[rows])
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        tiny().fit(X, Y)


def test_empty_x_in_predict(table):
    est = tiny().fit(*table)
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        est.predict(table[0][:0])


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_in_x_is_named(table, value):
    X, Y = table
    bad = X.assign(b=[value, *X["b"][1:]])
    with pytest.raises(ValueError, match=r"infinity in column\(s\) 'b'"):
        tiny().fit(bad, Y)
    with pytest.raises(ValueError, match=r"infinity in column\(s\) 'b'"):
        tiny().fit(X, Y).predict(bad)


def test_sparse_x(table):
    X, Y = table
    with pytest.raises(TypeError, match=r"Sparse data was passed, but dense data is required"):
        tiny().fit(scipy.sparse.csr_matrix(X.to_numpy()), Y)


@pytest.mark.parametrize("value", [[1], {"a": 1}, (1, 2)])
def test_columns_of_x_that_are_neither_numbers_nor_categories(table, value):
    X, Y = table
    with pytest.raises(TypeError, match=f"Column 'a' of X holds a {type(value).__name__}"):
        tiny().fit(X.assign(a=[value] * N), Y)


def test_dates_in_x(table):
    X, Y = table
    with pytest.raises(TypeError, match=r"Column 'a' of X has dtype datetime64.*days since"):
        tiny().fit(X.assign(a=pd.date_range("2020", periods=N)), Y)


def test_values_beyond_float32_are_clipped(table):
    X, Y = table
    est = tiny().fit(X, Y)
    wild = X.assign(a=[1e300, -1e300] * 30)
    assert np.isfinite(est.predict(wild)["number"]).all()
    assert np.isfinite(tiny().fit(wild, Y).predict(wild)["number"]).all()


def test_one_value_beyond_float32_leaves_the_column_informative(table):
    X, Y = table
    wild = X.assign(a=[1e300, *X["a"][1:]])
    parameters = {"max_epochs": 30, "lr": 0.05}
    est = tiny(**parameters).fit(wild, Y)
    assert est.score(wild[1:], Y[["number"]][1:].assign(answer=None, sort=None)) > 0.9


def test_a_column_that_is_all_missing_changes_nothing(table):
    X, Y = table
    est = tiny().fit(X.assign(a=np.nan), Y)
    gone, there = X.assign(a=np.nan), X.assign(a=1e6)
    pd.testing.assert_frame_equal(est.predict(gone), est.predict(there))


def test_duplicate_columns_of_x(table):
    X, Y = table
    with pytest.raises(ValueError, match=r"columns of X have duplicate names: \['a'\]"):
        tiny().fit(X.set_axis(["a", "a", "b"], axis=1), Y)


def test_multiindex_columns_of_x(table):
    X, Y = table
    columns = pd.MultiIndex.from_product([["a"], ["x", "y", "z"]])
    with pytest.raises(ValueError, match="columns of X are a MultiIndex"):
        tiny().fit(X.set_axis(columns, axis=1), Y)


def test_an_index_with_duplicates_is_kept_and_aligns_nothing():
    X, Y = mixed_table()
    assert X.index.has_duplicates
    result = tiny().fit(X, Y).predict(X)
    pd.testing.assert_index_equal(result.index, X.index)
    other = tiny().fit(X.reset_index(drop=True), Y.set_axis(range(len(Y))[::-1])).predict(X)
    pd.testing.assert_frame_equal(result, other)


COLUMNS = [
    (lambda X: X[["a", "b"]], r"(?s)seen at fit time, yet now missing.*- c"),
    (lambda X: X.assign(z=1.0), r"(?s)unseen at fit time.*- z"),
    (lambda X: X[["c", "b", "a"]], "must be in the same order"),
    (lambda X: X.to_numpy()[:, :2], "X has 2 features, but .* expecting 3"),
]


@pytest.mark.parametrize(("change", "message"), COLUMNS)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_other_columns_in_predict(table, change, message):
    X, Y = table
    est = tiny().fit(X, Y)
    for method in (est.predict, est.predict_proba, est.transform):
        with pytest.raises(ValueError, match=message):
            method(change(X))


def test_a_number_that_turned_into_text(table):
    X, Y = table
    with pytest.raises(ValueError, match="Column 'a' of X was numeric in fit"):
        tiny().fit(X, Y).predict(X.assign(a="x"))
