"""KShotSplit: a few rows of each held-out task are trained on, the others tested."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_3mtl.model_selection import KShotSplit, TaskKFold
from tests.model_selection._rows import global_stream, quiet_splits, tasks

GROUPS = np.repeat(["a", "b", "c"], [4, 6, 8])
Y = np.arange(18) / 7


def missing(y):
    return pd.isna(np.asarray(y, dtype=object))


def same(splits, others):
    return all(
        np.array_equal(one, other)
        for pair, another in zip(splits, others, strict=True)
        for one, other in zip(pair, another, strict=True)
    )


@given(tasks(), st.integers(0, 6), st.integers(2, 3), st.booleans(), st.integers(0, 99))
def test_rows_are_where_they_belong(rows, n_shots, n_splits, per_class, seed):
    y, groups = rows
    cv = KShotSplit(n_shots, n_splits=n_splits, per_class=per_class, random_state=seed)
    whole = list(TaskKFold(n_splits, random_state=seed).split(y, y, groups))
    for (train, test), (source, target) in zip(quiet_splits(cv, y, groups), whole, strict=True):
        assert (np.diff(train) > 0).all()
        assert (np.diff(test) > 0).all()
        assert {*source} <= {*train}
        assert {*test} <= {*target} - {*train}
        assert not missing(y[test]).any()
        for task in np.unique(groups[target]):
            mine = np.flatnonzero(groups == task)
            shots, tested = np.intersect1d(mine, train), np.intersect1d(mine, test)
            labelled = mine[~missing(y[mine])]
            if not len(tested):
                assert np.array_equal(shots, mine)
                most = max(np.unique(y[labelled].astype(str), return_counts=True)[1], default=0)
                assert (most if per_class else len(labelled)) <= n_shots
                continue
            assert np.array_equal(np.union1d(shots, tested), labelled)
            names, counts = np.unique(y[labelled].astype(str), return_counts=True)
            drawn = [(y[shots] == name).sum() for name in names]
            if per_class:
                assert drawn == np.minimum(counts, n_shots).tolist()
            else:
                assert len(shots) == n_shots
                assert np.count_nonzero(drawn) == min(n_shots, len(names))


@given(tasks(), st.booleans(), st.integers(0, 99))
def test_more_shots_are_added_to_the_same_ones(rows, per_class, seed):
    y, groups = rows
    settings = {"n_splits": 2, "per_class": per_class, "random_state": seed}
    fewer, more = (quiet_splits(KShotSplit(k, **settings), y, groups) for k in (2, 4))
    for (train, test), (larger, smaller) in zip(fewer, more, strict=True):
        assert {*train} <= {*larger}
        assert {*smaller} <= {*test}


@given(tasks(), st.booleans(), st.integers(0, 99))
def test_with_max_shots_all_numbers_of_shots_are_tested_on_the_same_rows(rows, per_class, seed):
    y, groups = rows
    settings = {"n_splits": 2, "per_class": per_class, "random_state": seed}
    last = quiet_splits(KShotSplit(3, **settings), y, groups)
    before = None
    for n_shots in range(4):
        splits = quiet_splits(KShotSplit(n_shots, max_shots=3, **settings), y, groups)
        for (train, test), (largest, expected) in zip(splits, last, strict=True):
            assert np.array_equal(test, expected)
            assert {*train} <= {*largest}
        if before is not None:
            assert all({*a[0]} <= {*b[0]} for a, b in zip(before, splits, strict=True))
        before = splits
    assert same(before, last)


def test_no_shots_hold_out_whole_tasks():
    splits = KShotSplit(0, n_splits=3, random_state=5).split(Y, Y, GROUPS)
    assert same(splits, TaskKFold(3, random_state=5).split(Y, Y, GROUPS))


def test_an_int_gives_the_same_bits():
    cv = KShotSplit(2, n_splits=3, random_state=0)
    assert same(cv.split(Y, Y, GROUPS), cv.split(Y, Y, GROUPS))
    another = KShotSplit(2, n_splits=3, random_state=1)
    assert not same(cv.split(Y, Y, GROUPS), another.split(Y, Y, GROUPS))


@pytest.mark.parametrize("random_state", [None, 0])
def test_the_global_stream_is_neither_used_nor_moved(random_state):
    before = global_stream()
    cv = KShotSplit(2, n_splits=3, random_state=random_state)
    found = [list(cv.split(Y, Y, GROUPS)) for _ in range(2)]
    assert global_stream() == before
    assert same(*found) == (random_state == 0)


@pytest.mark.parametrize("labels", [Y, None], ids=["numbers", "no y"])
def test_every_row_is_a_shot_as_often_as_any_other(labels):
    drawn = np.zeros(len(GROUPS))
    for seed in range(400):
        for _, test in KShotSplit(1, n_splits=3, random_state=seed).split(Y, labels, GROUPS):
            mine = np.flatnonzero(np.isin(GROUPS, GROUPS[test]))
            drawn[np.setdiff1d(mine, test)] += 1
    share = drawn / 400 * np.repeat([4, 6, 8], [4, 6, 8])
    assert np.abs(share - 1).max() < 0.4
    assert drawn.sum() == 400 * 3


def shots_of(cv, y, groups=GROUPS):
    """The labels of each held-out task's shots."""
    found = {}
    for train, test in cv.split(np.zeros(len(groups)), y, groups):
        for task in np.unique(groups[test]):
            found[task] = np.sort(np.asarray(y)[train][groups[train] == task]).tolist()
    return found


RARE = np.tile([0, 1, 1, 1, 1, 1, 1, 1, 1, 1], 4)
FOUR = np.repeat(["a", "b", "c", "d"], 10)


def test_a_rare_class_is_among_the_shots_and_the_rest_are_drawn():
    for seed in range(5):
        shots = shots_of(KShotSplit(3, n_splits=2, random_state=seed), RARE, FOUR)
        assert list(shots.values()) == [[0, 1, 1]] * 4


def test_a_random_draw_with_every_class_stays_as_it_is_and_another_changes_little():
    y = np.tile([0, 0, 0, 1, 1, 1, 1, 1, 1, 1], 4)
    changed = []
    for seed in range(50):
        plain, kept = (
            shots_of(KShotSplit(4, n_splits=2, stratify=s, random_state=seed), y, FOUR)
            for s in (False, "auto")
        )
        for task in "abcd":
            expected = plain[task] if 0 in plain[task] else [0, 1, 1, 1]
            assert kept[task] == expected
            changed.append(0 not in plain[task])
    assert np.mean(changed) == pytest.approx(35 / 210, abs=0.08)


def test_k_shots_per_class():
    cv = KShotSplit(2, n_splits=2, per_class=True, random_state=0)
    letters = np.tile(list("xyxyxyzzzz"), 4)
    assert list(shots_of(cv, letters, FOUR).values()) == [list("xxyyzz")] * 4
    assert list(shots_of(cv, RARE, FOUR).values()) == [[0, 1, 1]] * 4


def drawn_without_the_rare_class(y, stratify):
    found = [
        min(shots)
        for seed in range(10)
        for shots in shots_of(
            KShotSplit(2, n_splits=2, stratify=stratify, random_state=seed), y, FOUR
        ).values()
    ]
    return np.mean(np.array(found) > 0)


def test_stratify_says_what_is_a_class():
    assert drawn_without_the_rare_class(RARE, "auto") == 0
    assert drawn_without_the_rare_class(RARE, False) > 0.5
    numbers = RARE * 2.0
    assert drawn_without_the_rare_class(numbers, "auto") > 0.5
    assert drawn_without_the_rare_class(numbers, True) == 0


@pytest.mark.parametrize("per_class", [False, True])
def test_labels_with_gaps_of_any_container_are_classes(per_class):
    cv = KShotSplit(1, n_splits=3, per_class=per_class, stratify=True, random_state=0)
    codes = np.arange(18) % 2 + 1
    y = pd.Series(codes, dtype="Int64").where(np.arange(18) > 0)
    expected = list(cv.split(y, y, GROUPS))
    text = pd.Series(["", "u", "v"]).iloc[codes].where(y.notna().to_numpy())
    for other in (y.astype("Float64"), y.astype("float"), y.to_frame(), text, text.tolist()):
        assert same(cv.split(y, other, GROUPS), expected)
    assert all(0 not in test for _, test in expected)


def test_several_columns_are_drawn_from_as_numbers_are():
    cv = KShotSplit(2, n_splits=3, random_state=0)
    frame = pd.DataFrame({"one": Y, "two": np.where(Y > 1, "u", "v")}, index=range(18, 0, -1))
    assert same(cv.split(Y, frame, GROUPS), cv.split(Y, Y, GROUPS))
    frame.iloc[0] = None
    frame.iloc[1, 0] = None
    for train, test in cv.split(Y, frame, GROUPS):
        assert 0 not in test
        assert (1 in test) or (1 in train)


def test_small_tasks_are_trained_on_and_one_warning_names_them():
    groups = np.array([*"aaaaaabbcddddddeee"])
    cv = KShotSplit(3, n_splits=2, stratify=False, random_state=0)
    with pytest.warns(UserWarning, match=r"^3 task.*`n_shots`=3 rows,.*\('b', 'c', 'e'\)") as found:
        splits = list(cv.split(Y, Y, groups))
    assert len(found) == 1
    assert found[0].filename == __file__
    for train, _ in splits:
        assert np.isin(np.flatnonzero(np.isin(groups, ["b", "c", "e"])), train).all()
    assert sorted(groups[np.concatenate([test for _, test in splits])]) == [*"aaaddd"]


def test_it_says_what_it_is():
    cv = KShotSplit(3, max_shots=9, random_state=0)
    assert " ".join(repr(cv).split()) == (
        "KShotSplit(max_shots=9, n_shots=3, n_splits=5, per_class=False, random_state=0, "
        "stratify='auto')"
    )
    assert cv.get_n_splits() == cv.get_n_splits(Y, Y, GROUPS) == 5
