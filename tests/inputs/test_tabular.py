"""How numbers and categories are coded."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests._coding import coded, fitted, numeric
from tests._inputs import mixed_table


def smooth_clip(x):
    return x / np.sqrt(1 + (x / 3) ** 2)


def test_numbers_are_centred_on_the_median_and_divided_by_the_quartile_range():
    X = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0, 4.0]})
    np.testing.assert_allclose(numeric(X)[:, 0], smooth_clip(np.arange(-2, 3) / 2), rtol=1e-6)


def test_each_number_has_its_own_scale():
    X = pd.DataFrame({"a": np.arange(5.0), "b": 1e6 * np.arange(5.0) - 7})
    a, b = numeric(X).T
    np.testing.assert_allclose(a, b, rtol=1e-5)


def test_where_the_quartiles_coincide_the_range_gives_the_scale():
    X = pd.DataFrame({"a": [0.0] * 8 + [4.0]})
    np.testing.assert_allclose(numeric(X)[:, 0], [0] * 8 + [smooth_clip(2.0)], rtol=1e-6)


def test_fit_decides_and_new_rows_follow():
    X = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0, 4.0]})
    new = pd.DataFrame({"a": [2.0, 100.0]})
    np.testing.assert_allclose(numeric(X, new)[:, 0], [0, smooth_clip(49.0)], rtol=1e-5)


@pytest.mark.parametrize("outlier", [1e6, 1e39, 1e300, -1.7e308])
def test_an_outlier_is_clipped_and_moves_nobody_else(outlier):
    normal = np.linspace(-1, 1, 101)
    plain = numeric(pd.DataFrame({"a": normal}))[:, 0]
    with_outlier = numeric(pd.DataFrame({"a": [*normal, outlier]}))[:, 0]
    assert with_outlier[-1] == pytest.approx(3 * np.sign(outlier), abs=1e-3)
    np.testing.assert_allclose(with_outlier[:-1], plain, atol=0.05)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=False), min_size=1, max_size=20))
def test_any_finite_numbers_become_finite_numbers_within_the_clip(values):
    coded = numeric(pd.DataFrame({"a": np.array(values, dtype=float)}))
    assert np.isfinite(coded).all()
    assert np.abs(coded).max() <= 3


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False))
def test_a_constant_column_says_nothing_whatever_comes_later(constant, later):
    if np.isinf(later):
        return
    X = pd.DataFrame({"a": [constant] * 3})
    assert not numeric(X).any()
    assert not numeric(X, pd.DataFrame({"a": [later]})).any()


def test_order_is_kept():
    values = np.array([-1e300, -5.0, 0.0, 0.1, 0.2, 3.0, 1e9])
    assert (np.diff(numeric(pd.DataFrame({"a": values}))[:, 0]) >= 0).all()


def test_a_missing_number_becomes_zero_with_an_indicator():
    X = pd.DataFrame({"a": [0.0, 1.0, np.nan, 3.0, 4.0, 2.0], "b": np.arange(6.0)})
    result = numeric(X)
    assert result.shape == (6, 3)
    assert result[2, 0] == 0
    assert result[:, 2].tolist() == [0, 0, 1, 0, 0, 0]


def test_indicators_belong_to_the_columns_with_gaps_in_fit_only():
    X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, np.nan, 3.0]})
    new = pd.DataFrame({"a": [np.nan, 2.0], "b": [2.0, np.nan]})
    result = numeric(X, new)
    assert result.shape == (2, 3)
    assert result[:, 2].tolist() == [0, 1]
    assert result[0, 0] == 0


def test_a_column_that_is_all_missing_says_nothing():
    X = pd.DataFrame({"a": [np.nan] * 3, "b": [1.0, 2.0, 3.0]})
    assert numeric(X).shape == (3, 2)
    assert not numeric(X)[:, 0].any()
    assert not numeric(X, X.assign(a=[5.0, 1e300, np.nan]))[:, 0].any()


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "float32", object])
def test_missing_numbers_of_every_dtype(dtype):
    values = [1, 2, None, 4]
    expected = numeric(pd.DataFrame({"a": [1.0, 2.0, np.nan, 4.0]}))
    np.testing.assert_array_equal(
        numeric(pd.DataFrame({"a": pd.Series(values, dtype=dtype)})), expected
    )


@pytest.mark.parametrize("dtype", ["bool", "boolean", object])
def test_booleans_are_numbers(dtype):
    column = pd.Series([True, False, True, False], dtype=dtype)
    expected = numeric(pd.DataFrame({"a": [1.0, 0.0, 1.0, 0.0]}))
    np.testing.assert_array_equal(numeric(pd.DataFrame({"a": column})), expected)


def test_categories_get_codes_with_their_own_for_missing_and_unseen():
    X = pd.DataFrame({"c": ["b", "a", None, "b"]})
    assert coded(X)["categorical"][:, 0].tolist() == [3, 2, 0, 3]
    new = pd.DataFrame({"c": ["a", "new", None, np.nan]})
    assert coded(X, new)["categorical"][:, 0].tolist() == [2, 1, 0, 0]
    assert fitted(X).cardinalities == (4,)


@pytest.mark.parametrize("dtype", ["category", "string", "str", object])
def test_categories_of_every_dtype_are_the_same(dtype):
    X = pd.DataFrame({"c": pd.Series(["b", "a", None], dtype=dtype)})
    assert coded(X)["categorical"][:, 0].tolist() == [3, 2, 0]


def test_categories_of_numbers_and_mixed_types():
    X = pd.DataFrame({"c": pd.Categorical([30, 10, 20])})
    assert coded(X)["categorical"][:, 0].tolist() == [4, 2, 3]
    mixed = pd.DataFrame({"c": pd.Series([1, "x", None, 1], dtype=object)})
    codes = coded(mixed)["categorical"][:, 0].tolist()
    assert codes[0] == codes[3] != codes[1]
    assert codes[2] == 0


def test_numbers_declared_categorical():
    X = pd.DataFrame({"a": [5.0, 7.0, np.nan], "b": [1.0, 2.0, 3.0]})
    result = coded(X, categorical=[0])
    assert result["categorical"][:, 0].tolist() == [2, 3, 0]
    assert result["numeric"].shape == (3, 1)


def test_the_task_column_is_no_input():
    X = pd.DataFrame({"store": ["a", "b"], "x": [1.0, 2.0]})
    result = coded(X, drop=0)
    assert set(result) == {"numeric"}
    assert result["numeric"].shape == (2, 1)


def test_dtypes_of_the_tensors():
    result = coded(mixed_table()[0])
    assert result["numeric"].dtype == torch.float32
    assert result["categorical"].dtype == torch.int64


def test_the_table_itself_is_not_changed():
    X = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": [1.0, 2.0, 3.0]})
    array = X.to_numpy()
    before, kept = X.copy(), array.copy()
    coded(X)
    coded(array)
    pd.testing.assert_frame_equal(X, before)
    np.testing.assert_array_equal(array, kept)
