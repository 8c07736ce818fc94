"""The edges of the bins that numbers are coded in."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.inputs.tabular import TabularInputs


def coded(column):
    """A column's edges, and its numbers as they are coded."""
    table = read_inputs(np.asarray(column, dtype=float).reshape(-1, 1))
    inputs = TabularInputs().fit(table, range(table.n_columns), [], np.random.default_rng(0))
    return inputs.edges[0], inputs.transform(table)["numeric"][:, 0].numpy()


def test_bins_hold_equal_shares():
    edges, numbers = coded(np.random.default_rng(0).exponential(size=1000))
    shares = np.histogram(numbers, edges)[0] / 1000
    assert len(shares) > 5
    np.testing.assert_allclose(shares, 1 / len(shares), atol=0.01)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=40))
def test_edges_rise_from_the_least_number_to_the_greatest(values):
    edges, numbers = coded(values)
    assert (np.diff(edges) > 0).all()
    if len(edges):
        assert edges[0] == pytest.approx(numbers.min(), rel=1e-4, abs=1e-4)
        assert edges[-1] == pytest.approx(numbers.max(), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("values", [[3.0] * 9, [np.nan] * 9, [7.0, np.nan, 7.0]])
def test_a_column_that_says_nothing_has_no_edges(values):
    assert len(coded(values)[0]) == 0


@pytest.mark.parametrize("values", [[0.0, 1.0], [3.0, 1.0, 2.0], [5.0, -1.0, 0.0, 0.5]])
def test_few_values_are_the_edges_themselves(values):
    edges, numbers = coded(values * 20)
    np.testing.assert_allclose(edges, np.unique(numbers), rtol=1e-5)
    assert len(edges) == len(values)


@pytest.mark.parametrize("name", ["exponential", "normal"])
def test_a_value_that_most_rows_have_leaves_bins_for_the_others(name):
    gains = getattr(np.random.default_rng(0), name)(size=100)
    edges, numbers = coded([*np.zeros(900), *gains])
    assert len(edges) > 8
    among = np.histogram(numbers[900:], edges)[0]
    assert (among > 0).all()
    assert among.max() < 25


@pytest.mark.parametrize(("n_columns", "expected"), [(2, 12), (100, 5), (200, 1)])
def test_the_more_columns_the_fewer_bins(n_columns, expected):
    table = read_inputs(np.random.default_rng(0).normal(size=(60, n_columns)))
    inputs = TabularInputs().fit(table, range(table.n_columns), [], np.random.default_rng(0))
    assert {len(edges) - 1 for edges in inputs.edges} == {expected}


def test_missing_numbers_have_no_part_in_the_edges():
    values = np.random.default_rng(0).normal(size=50)
    gaps = np.insert(values, [3, 20, 50], np.nan)
    np.testing.assert_array_equal(coded(gaps)[0], coded(values)[0])


@given(st.floats(0.01, 100), st.floats(-100, 100))
def test_edges_move_with_the_units_of_the_column(scale, shift):
    values = np.random.default_rng(0).normal(size=60)
    edges, _ = coded(values)
    np.testing.assert_allclose(coded(scale * values + shift)[0], edges, rtol=1e-4, atol=1e-4)


def test_edges_are_what_tensors_hold():
    edges, numbers = coded(np.random.default_rng(0).normal(size=60))
    assert torch.from_numpy(edges).dtype == torch.float32
    assert numbers.dtype == np.float32
