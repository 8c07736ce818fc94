"""Rows as tensors: subsets, and what each member of an ensemble sees."""

import torch

from sklearn_3mtl.rows.folds import MemberFolds
from sklearn_3mtl.rows.loader import BatchIterator, RowDataset

N = 7
FOLD = torch.tensor([0, 1, -1, 1, 0, -1, -1])
MEMBERS = torch.arange(3)[:, None]


def folds(*kinds):
    return MemberFolds.of(FOLD, kinds)


def rows(**parts):
    inputs = {"numeric": torch.arange(float(N)).view(-1, 1)}
    return RowDataset(inputs, torch.arange(2.0 * N).view(N, 2), **parts)


def test_a_batch_holds_inputs_labels_and_groups_of_its_rows():
    group = torch.arange(N) % 3
    inputs, values, weight, found, *_ = rows(group=group).take(torch.tensor([5, 2]))
    assert inputs["numeric"].flatten().tolist() == [5.0, 2.0]
    assert values.tolist() == [[10.0, 11.0], [4.0, 5.0]]
    assert weight is None
    assert found.tolist() == inputs["group"].tolist() == [2, 2]


def test_weights_of_one_are_left_out_of_a_subset():
    weight = torch.ones(N, 2)
    weight[0, 0] = 0.0
    data = rows(weight=weight)
    assert data.subset(torch.tensor([1, 2])).weight is None
    assert torch.equal(data.subset(torch.tensor([0, 2])).weight, weight)


def test_labels_of_a_subset_always_have_weights():
    values, weight = rows().subset(torch.tensor([3, 1])).labels()
    assert values.tolist() == [[6.0, 7.0], [2.0, 3.0]]
    assert torch.equal(weight, torch.ones(2, 2))


def test_a_member_sees_all_rows_but_those_held_out_from_it():
    weight = rows(folds=folds(0, 0, 0)).take(torch.arange(N)).weight
    assert weight.shape == (3, N, 2)
    for task in range(2):
        assert torch.equal(weight[..., task], (FOLD != MEMBERS).float())


def test_a_held_out_row_is_judged_by_the_member_it_was_held_out_from():
    kept = torch.tensor([4, 0, 3])
    data = rows(folds=folds(0, 0), held_out=True).subset(kept)
    outputs = torch.arange(2.0 * 3).view(2, 3, 1)
    own, values, weight, group, _ = data.judged(outputs)
    assert own.flatten().tolist() == [0.0, 1.0, 5.0]
    assert torch.equal(values, rows().values[kept])
    assert weight is None
    assert group is None


def test_members_of_two_kinds_hold_out_the_same_rows_and_are_judged_side_by_side():
    # Members 0, 1 and 4 are of one kind: the last one holds out what the first one does.
    data = rows(folds=folds(0, 0, 1, 1, 0), held_out=True).subset(torch.tensor([4, 3]))
    seen = rows(folds=folds(0, 0, 1, 1, 0)).take(torch.arange(N)).weight[..., 0]
    of_member = torch.tensor([0, 1, 0, 1, 0])[:, None]
    assert torch.equal(seen, (of_member != FOLD).float())
    outputs = torch.arange(5.0 * 2).view(5, 2, 1)
    prior = torch.arange(2.0 * N).view(N, 2)
    data.inputs["prior"] = prior
    own, *_, of_prior = data.judged(outputs)
    assert own.squeeze(2).tolist() == [[0.0, 3.0], [4.0, 7.0]]
    assert torch.equal(of_prior, prior[[4, 3]])


def test_rows_held_out_from_all_members_are_judged_by_each():
    group = torch.arange(N)
    data = rows(group=group).subset(torch.tensor([6, 1]))
    outputs = torch.arange(2.0 * 2).view(2, 2, 1)
    flat, values, weight, found, _ = data.judged(outputs)
    assert flat.flatten().tolist() == [0.0, 1.0, 2.0, 3.0]
    assert values[:, 0].tolist() == [12.0, 2.0, 12.0, 2.0]
    assert weight is None
    assert found.tolist() == [6, 1, 6, 1]


def test_weights_of_labels_hold_for_every_member():
    own = torch.linspace(0.0, 2.0, 2 * N).view(N, 2)
    order = torch.tensor([4, 0, 2])
    weight = rows(weight=own, folds=folds(0, 0, 0)).take(order).weight
    expected = own[order] * (FOLD[order] != MEMBERS).float().unsqueeze(2)
    assert torch.equal(weight, expected)


def test_a_lone_last_row_joins_the_batch_before_it_only_where_the_order_is_drawn():
    generator = torch.Generator().manual_seed(0)
    sizes = [len(batch.values) for batch in BatchIterator(rows(), 3, generator)]
    assert sizes == [3, 4]
    assert [len(batch.values) for batch in BatchIterator(rows(), 3)] == [3, 3, 1]
    assert [len(batch.values) for batch in BatchIterator(rows(), 1, generator)] == [1] * N
