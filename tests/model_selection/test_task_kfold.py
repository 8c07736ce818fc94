"""TaskKFold: whole tasks held out."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_predict

from sklearn_3mtl.model_selection import TaskKFold
from tests.model_selection._rows import global_stream

STORES = np.array(["c", "a", "b", "a", "d", "c", "e", "b"])


def held_out(cv, groups):
    """The ids of each fold."""
    groups = np.asarray(groups, dtype=object)
    return [set(groups[test]) for _, test in cv.split(np.zeros(len(groups)), None, groups)]


@given(
    st.lists(st.integers(-3, 6), min_size=2, max_size=40).filter(lambda ids: len({*ids}) > 1),
    st.data(),
)
def test_each_task_is_tested_once_and_never_in_part(ids, data):
    n_tasks, groups = len({*ids}), np.array(ids)
    n_splits = data.draw(st.integers(2, n_tasks))
    seed = data.draw(st.integers(0, 99))
    shuffle = data.draw(st.booleans())
    cv = TaskKFold(n_splits, shuffle=shuffle, random_state=seed if shuffle else None)
    tested, sizes = [], []
    for train, test in cv.split(np.zeros((len(groups), 1)), groups=groups):
        assert not {*groups[train]} & {*groups[test]}
        assert np.array_equal(np.sort(np.r_[train, test]), np.arange(len(groups)))
        assert (np.diff(train) > 0).all()
        assert (np.diff(test) > 0).all()
        tested += test.tolist()
        sizes.append(len({*groups[test]}))
    assert sorted(tested) == list(range(len(groups)))
    assert len(sizes) == n_splits
    assert max(sizes) - min(sizes) <= 1


def test_without_shuffling_neighbours_share_a_fold():
    assert held_out(TaskKFold(2, shuffle=False), STORES) == [{"a", "b", "c"}, {"d", "e"}]
    numbers = [10, 9, 2, 1]
    assert held_out(TaskKFold(2, shuffle=False), numbers) == [{1, 2}, {9, 10}]


def test_an_int_gives_the_same_folds_whatever_the_order_of_the_rows():
    cv = TaskKFold(3, random_state=4)
    assert held_out(cv, STORES) == held_out(cv, STORES) == held_out(cv, STORES[::-1])
    dealt = {
        str([sorted(fold) for fold in held_out(TaskKFold(3, random_state=seed), STORES)])
        for seed in range(20)
    }
    assert len(dealt) > 5


@pytest.mark.parametrize("random_state", [None, 0])
def test_the_global_stream_is_neither_used_nor_moved(random_state):
    before = global_stream()
    cv = TaskKFold(2, random_state=random_state)
    found = [held_out(cv, np.arange(30)) for _ in range(2)]
    assert global_stream() == before
    assert (found[0] == found[1]) == (random_state == 0)


def test_a_random_state_goes_on_from_split_to_split():
    cv = TaskKFold(2, random_state=np.random.RandomState(0))
    first = held_out(cv, np.arange(30))
    assert first == held_out(TaskKFold(2, random_state=0), np.arange(30))
    assert first != held_out(cv, np.arange(30))


@pytest.mark.parametrize(
    "groups",
    [
        STORES.tolist(),
        STORES.astype(object),
        pd.Series(STORES, index=range(8, 0, -1)),
        pd.Series(STORES, dtype="category"),
        pl.Series(STORES),
    ],
    ids=["list", "object", "series", "category", "polars"],
)
def test_containers_of_ids(groups):
    expected = list(TaskKFold(3, random_state=1).split(STORES, None, STORES))
    found = list(TaskKFold(3, random_state=1).split(STORES, None, groups))
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one[0], other[0])
        assert np.array_equal(one[1], other[1])


def test_ids_of_several_types_stay_apart():
    mixed = [1, "1", ("a", 1), 2.5, "1", 1]
    assert held_out(TaskKFold(4, shuffle=False), pd.Series(mixed, dtype=object)) == [
        {2.5}, {1}, {"1"}, {("a", 1)}
    ]  # fmt: skip


def test_the_parts_make_a_whole_for_cross_val_predict():
    X, y = np.arange(8.0)[:, None], np.arange(8.0)
    y[2] = 7
    predicted = cross_val_predict(
        LinearRegression(), X, y, groups=STORES, cv=TaskKFold(2, random_state=0)
    )
    assert np.isfinite(predicted).all()


def test_it_says_what_it_is():
    cv = TaskKFold(3, random_state=0)
    assert repr(cv) == "TaskKFold(n_splits=3, random_state=0, shuffle=True)"
    assert cv.get_n_splits() == cv.get_n_splits(np.zeros(3), None, STORES) == 3
