"""Tables of every container and length are coded alike."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from sklearn_3mtl.data.tables import find_column, read_inputs
from sklearn_3mtl.inputs import tabular as inputs_module
from tests._coding import coded, fitted, numeric


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


# Long tables


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


# The column of task ids


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
