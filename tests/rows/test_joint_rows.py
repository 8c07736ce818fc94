"""Labelled rows in batches, and others without a label."""

import pytest
import torch

from sklearn_3mtl.rows.joint import JointDataset
from sklearn_3mtl.rows.loader import RowDataset


def joint(n_labelled, n_others):
    n = n_labelled + n_others
    number = torch.arange(float(n))[:, None]
    data = RowDataset({"numeric": number}, number, None, domain=(torch.arange(n) >= n_labelled) * 1)
    first, rest = torch.arange(n).split([n_labelled, n_others])
    return JointDataset(data.subset(first), data.subset(rest))


def unlabelled(batches):
    found = [batch.unlabelled for batch in batches]
    return [rows.inputs["numeric"].flatten().tolist() for rows in found if rows is not None]


@pytest.mark.parametrize(
    ("n_others", "sizes"), [(0, []), (1, [1] * 3), (3, [3] * 3), (7, [4, 4, 4]), (40, [4, 4, 4])]
)
def test_as_many_as_there_are_or_as_the_batch_has(n_others, sizes):
    batches = list(joint(12, n_others).batches(4, torch.Generator().manual_seed(0)))
    assert [len(rows) for rows in unlabelled(batches)] == sizes
    assert sorted(v for b in batches for v in b.values.flatten().tolist()) == list(range(12))
    assert all((b.domain == 0).all() for b in batches)
    assert all((b.unlabelled.domain == 1).all() for b in batches if b.unlabelled is not None)


def test_all_of_them_come_before_any_comes_again():
    data = joint(40, 40)
    generator = torch.Generator().manual_seed(0)
    first, second = (unlabelled(data.batches(4, generator)) for _ in "ab")
    assert sorted(v for rows in first for v in rows) == list(range(40, 80))
    assert first != second


def test_in_order_there_are_none():
    assert unlabelled(joint(12, 5).in_order(4)) == []
