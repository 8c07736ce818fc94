"""How much a prior and the two kinds of members count, by their outputs for held-out rows."""

import numpy as np
import pytest
import torch

from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.objective import LabelLosses
from sklearn_3mtl.rows.loader import JudgedRows
from sklearn_3mtl.training.pooling import pool

LAYOUT = TaskLayout([Task("number", "regression"), Task("sort", "multiclass", np.arange(3))])
LOSSES = LabelLosses(LAYOUT)
PRIOR, ON_PRIOR, WITHOUT = range(3)


def outputs(n, noise, seed=0):
    """Labels, and the outputs of a predictor that are off by noise of a standard deviation."""
    generator = torch.Generator().manual_seed(seed)
    number = torch.randn(n, generator=generator)
    sort = torch.randint(3, (n,), generator=generator)
    truth = torch.column_stack([number, 4 * torch.nn.functional.one_hot(sort, 3).float()])
    other = torch.Generator().manual_seed(seed + int(100 * noise) + 1)
    values = torch.stack([number, sort.float()], dim=1)
    return truth + noise * torch.randn(n, 4, generator=other), values


def shares_of(n, noises, weight=None):
    """The shares of the prior, of the corrections of it and of the others, (n_tasks, 3)."""
    three = [outputs(n, noise)[0] for noise in noises]
    values = outputs(n, 0.0)[1]
    prior, members = three[0], torch.stack(three[1:])
    factor, shares = pool(LAYOUT, LOSSES, JudgedRows(members, values, weight, None, prior))
    assert factor.shape == (4,)
    assert torch.equal(factor[1:], factor[1].expand(3))
    on_prior = shares[:, 0] * factor[[0, 1]]
    return torch.stack([shares[:, 0] - on_prior, on_prior, shares[:, 1]], dim=1)


def test_without_rows_all_three_count_the_same():
    found = shares_of(0, (1.0, 2.0, 3.0), torch.zeros(0, 2))
    torch.testing.assert_close(found, torch.full((2, 3), 1 / 3))


@pytest.mark.parametrize("best", [PRIOR, ON_PRIOR, WITHOUT])
def test_with_many_rows_the_best_one_counts(best):
    noises = [4.0, 4.0, 4.0]
    noises[best] = 0.1
    found = shares_of(2000, noises)
    assert (found[:, best] > 0.9).all()
    torch.testing.assert_close(found.sum(1), torch.ones(2))


def test_few_rows_say_little():
    few, many = (shares_of(n, (4.0, 3.9, 0.5))[:, WITHOUT] for n in (6, 600))
    assert (few < many).all()
    assert (few > 1 / 3).all()


def test_equally_good_ones_with_errors_of_their_own_are_averaged():
    found = shares_of(3000, (2.0, 2.1, 2.2))
    assert (found > 0.2).all()


def test_each_task_has_shares_by_its_own_labels():
    weight = torch.ones(500, 2)
    weight[:, 1] = 0.0
    found = shares_of(500, (4.0, 4.0, 0.1), weight)
    assert found[0, WITHOUT] > 0.9
    torch.testing.assert_close(found[1], torch.full((3,), 1 / 3))
