"""Which rows train and which validate, for one net and for members of an ensemble."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitting.splitting import split_rows
from sklearn_3mtl.rows.loader import RowDataset

LAYOUT = TaskLayout([Task("number", "regression"), Task("sort", "multiclass", np.arange(3))])


def dataset(n=100, seed=0, group=None, rare=None):
    """A regression task and a task of three classes, with gaps; the first rows lack all labels."""
    random = np.random.default_rng(seed)
    sort = random.integers(0, 2 if rare else 3, n)
    weight = (random.random((n, 2)) > 0.2).astype(np.float32)
    weight[:3] = 0.0
    if rare:
        sort[-rare:], weight[-rare:] = 2, 1.0
    values = torch.tensor(np.column_stack([random.normal(size=n), sort]), dtype=torch.float32)
    inputs = {"numeric": torch.zeros(n, 1)}
    return RowDataset(inputs, values, torch.from_numpy(weight), group)


def split(data, n_members, fraction=0.1, stop_early=True, seed=0):
    return split_rows(data, LAYOUT, stop_early, fraction, (0,) * n_members, Seed(seed))


def labelled(data):
    return torch.nonzero((data.weight > 0).any(1)).flatten().tolist()


def test_without_early_stopping_all_labelled_rows_train():
    data = dataset()
    train, valid = split(data, 4, stop_early=False)
    assert valid is None
    assert train.rows.tolist() == labelled(data)
    assert train.folds is None


@settings(max_examples=25, deadline=None)
@given(st.integers(8, 80), st.integers(2, 6), st.floats(0.05, 0.6), st.integers(0, 50))
def test_no_row_is_held_out_twice_and_each_member_trains_on_all_but_its_own(
    n, n_members, fraction, seed
):
    data = dataset(n, seed)
    train, valid = split(data, n_members, fraction, seed=seed)
    assert train.rows.tolist() == labelled(data)
    if valid is None:
        return
    sees = train.take(train.rows).weight.gt(0)
    known = data.weight[train.rows] > 0
    held = (valid.folds.of_row[train.rows] == torch.arange(n_members)[:, None]).unsqueeze(2) & known
    assert torch.equal(sees | held, known.expand_as(sees))
    assert not (sees & held).any()
    assert valid.rows.tolist() == train.rows[held.any(0).any(1)].tolist()


def test_members_hold_out_the_given_share_or_all_rows_between_them():
    data = dataset(400)
    n_rows = len(labelled(data))
    for n_members, fraction, expected in ((4, 0.1, 0.1), (8, 0.5, 1 / 8)):
        _, valid = split(data, n_members, fraction)
        counts = torch.bincount(valid.folds.of_row[valid.rows], minlength=n_members) / n_rows
        assert len(counts) == n_members
        np.testing.assert_allclose(counts, expected, rtol=0.5)


def test_other_seeds_hold_out_other_rows():
    data = dataset()
    folds = [split(data, 3, seed=seed)[1].folds.of_row for seed in (0, 0, 1)]
    assert torch.equal(folds[0], folds[1])
    assert not torch.equal(folds[0], folds[2])


@pytest.mark.parametrize("rare", [1, 2, 3, 5])
@pytest.mark.parametrize("n_members", [1, 2, 8])
def test_every_member_trains_on_the_rare_class(rare, n_members):
    for seed in range(10):
        data = dataset(60, seed, rare=rare)
        train, _ = split(data, n_members, 0.3, seed=seed)
        _, values, weight, *_ = train.take(train.rows)
        weight = torch.ones_like(values) if weight is None else weight
        seen = (weight[..., 1] > 0) & (values[:, 1] == 2)
        assert seen.any(-1).all(), f"seed {seed}"


def test_every_group_trains_every_member():
    group = torch.arange(90) % 30
    data = dataset(90, group=group)
    train, _ = split(data, 4, 0.3)
    _, _, weight, groups, *_ = train.take(train.rows)
    for number in range(30):
        assert (weight[:, groups == number] > 0).any(-1).any(-1).all()


def test_one_labelled_row_validates_nobody():
    data = dataset(4)
    data.weight[:] = 0.0
    data.weight[2, 0] = 1.0
    train, valid = split(data, 3)
    assert valid is None
    assert train.rows.tolist() == [2]
