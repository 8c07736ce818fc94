import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import torch
from hypothesis import given
from hypothesis import strategies as st

from sklearn_3mtl.data import inputs as inputs_module
from sklearn_3mtl.data._tables import find_column, read_inputs
from sklearn_3mtl.data.inputs import TabularInputs
from tests._inputs import mixed_table


def fitted(X, categorical=None, drop=None, seed=0):
    table = read_inputs(X)
    columns = table.inferred_categorical(skip=drop) if categorical is None else categorical
    return TabularInputs().fit(table, columns, drop, np.random.default_rng(seed))


def coded(X, new=None, **options):
    """Fit on X and transform `new`, or X itself."""
    return fitted(X, **options).transform(read_inputs(X if new is None else new))


def numeric(X, new=None, **options):
    return coded(X, new, **options)["numeric"].numpy()


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
    with pytest.raises(ValueError, match=r"Column 'a' of X was numeric in fit.*'x'"):
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


def test_polars_is_coded_like_pandas():
    data = {
        "n": [1.5, None, 3.0],
        "i": [3, 1, None],
        "s": ["b", None, "a"],
        "t": [True, False, True],
    }
    dtypes = {"i": "Int64"}
    first, second = coded(pl.DataFrame(data)), coded(pd.DataFrame(data).astype(dtypes))
    assert list(first) == list(second)
    for name, tensor in first.items():
        assert torch.equal(tensor, second[name])


def test_polars_categories_and_enums_are_categories():
    frame = pl.DataFrame(
        {
            "c": pl.Series(["b", "a", None], dtype=pl.Categorical),
            "e": pl.Series(["lo", "hi", "lo"], dtype=pl.Enum(["lo", "hi"])),
        }
    )
    assert coded(frame)["categorical"].tolist() == [[3, 3], [2, 2], [0, 3]]


def test_arrays_are_coded_like_frames():
    X = np.array([[1.0, 5.0], [2.0, np.nan], [4.0, 6.0]])
    np.testing.assert_array_equal(numeric(X), numeric(pd.DataFrame(X)))
    np.testing.assert_array_equal(numeric(X.tolist()), numeric(X))


def test_object_arrays_and_lists_keep_numbers_apart_from_text():
    rows = [[1.0, "a"], [np.nan, "b"], [3.0, "a"]]
    expected = coded(pd.DataFrame({"x": [1.0, np.nan, 3.0], "c": ["a", "b", "a"]}))
    for X in (rows, np.array(rows, dtype=object)):
        result = coded(X)
        assert torch.equal(result["numeric"], expected["numeric"])
        assert torch.equal(result["categorical"], expected["categorical"])


def test_a_list_with_missing_text_is_missing_not_a_category():
    assert coded([["a"], [np.nan], ["b"]])["categorical"][:, 0].tolist() == [2, 0, 3]


@pytest.mark.parametrize("gap", [0, 2047, 2048, 16_383, 16_384, 17_000])
def test_long_tables_are_coded_as_if_in_one_piece(gap, monkeypatch):
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(17_001, 2)), columns=["a", "b"])
    X.iloc[gap, 1] = np.nan
    in_chunks = numeric(X)
    monkeypatch.setattr(inputs_module, "READ_ROWS", 10**9)
    monkeypatch.setattr(inputs_module, "CODE_ROWS", 10**9)
    whole = numeric(X)
    np.testing.assert_array_equal(in_chunks, whole)
    assert np.flatnonzero(in_chunks[:, 2]).tolist() == [gap]


def test_infinity_beyond_the_first_chunk_is_refused():
    X = np.zeros((5000, 1))
    X[-1] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        coded(X)


def test_the_quantiles_of_a_very_long_table_come_from_a_sample():
    random = np.random.default_rng(0)
    X = random.normal(5, 2, size=(120_000, 1))
    X[7] = np.nan
    inputs = fitted(X)
    assert inputs.center[0] == pytest.approx(5, abs=0.05)
    assert 1 / inputs.scale[0] == pytest.approx(2 * 1.349, rel=0.02)
    assert inputs.gaps.tolist() == [0]
    assert fitted(X, seed=0).center[0] == inputs.center[0]
    assert fitted(X, seed=1).center[0] != inputs.center[0]


def test_find_column_takes_the_exact_name_then_the_ending():
    table = read_inputs(pd.DataFrame([[1, 2, 3]], columns=["a__x", "x", "remainder__store"]))
    assert find_column(table, "x", "task") == 1
    assert find_column(table, "store", "task") == 2


def test_find_column_lists_the_columns_where_it_finds_none_or_several():
    table = read_inputs(pd.DataFrame([[1, 2]], columns=["a__x", "b__x"]))
    with pytest.raises(ValueError, match=r"`task`='x' .* 2 columns end in '__x'"):
        find_column(table, "x", "task")
    with pytest.raises(ValueError, match=r"no column has that name.*\['a__x', 'b__x'\]"):
        find_column(table, "y", "task")
