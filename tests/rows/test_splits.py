import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sklearn_3mtl.rows.splits import validation_rows


def split(cells, fraction=0.1, seed=0):
    return validation_rows(np.asarray(cells), fraction, np.random.default_rng(seed))


def columns_of_cells(codes):
    """Cells of columns that hold codes from 0 to 2 or -1: each code of each column is a cell."""
    return np.where(codes < 0, -1, codes + 3 * np.arange(codes.shape[1]))


cells = st.builds(
    columns_of_cells,
    st.tuples(st.integers(1, 60), st.integers(1, 4)).flatmap(
        lambda shape: arrays(np.int64, shape, elements=st.integers(-1, 2))
    ),
)
fractions = st.floats(0.05, 0.5)


@given(cells, fractions, st.integers(0, 99))
def test_both_sides_are_disjoint_and_cover_the_labelled_rows(cells, fraction, seed):
    train, valid = split(cells, fraction, seed)
    assert not set(train) & set(valid)
    labelled = np.flatnonzero((cells >= 0).any(axis=1))
    np.testing.assert_array_equal(np.sort([*train, *valid]), labelled)
    assert (np.diff(train) > 0).all()
    assert (np.diff(valid) > 0).all()


@given(cells, fractions, st.integers(0, 99))
def test_every_cell_stays_in_training(cells, fraction, seed):
    train, _ = split(cells, fraction, seed)
    assert set(cells[train].ravel()) >= set(cells[cells >= 0])


@given(cells, fractions, st.integers(0, 99))
def test_every_cell_of_two_rows_or_more_is_validated_on(cells, fraction, seed):
    _, valid = split(cells, fraction, seed)
    names, counts = np.unique(cells[cells >= 0], return_counts=True)
    lone = (cells >= 0).sum(axis=1) == 1
    for name, count in zip(names, counts, strict=True):
        # A cell all of whose rows are needed by others may find none that is free.
        free = lone & (cells == name).any(axis=1)
        if count >= 2 and free.sum() >= 2:
            assert name in cells[valid]


@given(cells, fractions, st.integers(0, 99))
def test_the_split_is_deterministic(cells, fraction, seed):
    for first, second in zip(
        split(cells, fraction, seed), split(cells, fraction, seed), strict=True
    ):
        np.testing.assert_array_equal(first, second)


def test_another_seed_gives_another_split():
    cells = np.zeros((100, 1), dtype=int)
    assert set(split(cells, seed=0)[1]) != set(split(cells, seed=1)[1])


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
def test_the_fraction_is_met_in_all_and_in_each_cell(fraction):
    cells = np.repeat([[0], [1]], [800, 200], axis=0)
    _, valid = split(cells, fraction)
    assert (valid < 800).sum() == 800 * fraction
    assert (valid >= 800).sum() == 200 * fraction


def test_the_fraction_is_near_for_several_tasks():
    random = np.random.default_rng(0)
    cells = columns_of_cells(random.integers(-1, 3, size=(1000, 3)))
    _, valid = split(cells, 0.2)
    assert 0.17 < len(valid) / 1000 < 0.26


def test_many_small_cells_give_their_part_together():
    cells = np.repeat(np.arange(300), 3)[:, None]
    _, valid = split(cells, 0.1)
    assert 50 < len(valid) < 130
    assert len(valid) == len(np.unique(cells[valid]))


def test_rows_without_a_label_are_on_neither_side():
    cells = np.array([[0], [-1], [0], [-1], [0]])
    train, valid = split(cells, 0.3)
    assert sorted([*train, *valid]) == [0, 2, 4]


def test_a_cell_of_one_row_stays_in_training():
    cells = np.array([[0]] * 30 + [[1]])
    for seed in range(20):
        train, valid = split(cells, 0.5, seed)
        assert 30 in train
        assert len(valid)


def test_a_rare_class_is_on_both_sides():
    cells = np.array([[0]] * 98 + [[1]] * 2)
    for seed in range(20):
        train, valid = split(cells, 0.1, seed)
        assert 1 in cells[train]
        assert 1 in cells[valid]


def test_cells_that_meet_in_another_cell_leave_it_a_training_row():
    # Cells 0 and 1 may each give the row that they share with cell 2, which has no other.
    cells = np.array([[0, 2], [0, -1], [1, 2], [1, -1]])
    for seed in range(40):
        train, _ = split(cells, 0.5, seed)
        assert set(cells[train].ravel()) >= {0, 1, 2}


def test_disjoint_tasks_are_all_validated_on():
    cells = np.full((90, 3), -1)
    for task in range(3):
        cells[30 * task : 30 * task + 30, task] = task
    _, valid = split(cells, 0.1)
    assert [((valid // 30) == task).sum() for task in range(3)] == [3, 3, 3]
