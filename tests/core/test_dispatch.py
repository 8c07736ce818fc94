"""Rows to the nets of their groups and back."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sklearn_3mtl.core.dispatch import GroupDispatch

groups = st.lists(st.integers(0, 4), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(groups, st.integers(1, 3))
def test_scatter_and_gather_are_inverse(ids, n_columns):
    group = torch.tensor(ids)
    x = torch.randn(len(ids), 2)
    dispatch = GroupDispatch(group, 5, n_columns)
    padded = dispatch.scatter({"x": x})["x"]
    assert padded.shape == (5 * n_columns, dispatch.width, 2)
    per_column = padded.unflatten(0, (5, n_columns))
    for column in range(n_columns):
        assert torch.equal(dispatch.gather(per_column[:, column]), x.unsqueeze(0))


@settings(max_examples=60, deadline=None)
@given(groups)
def test_a_net_per_group_equals_the_loop_over_groups(ids):
    group = torch.tensor(ids)
    x = torch.randn(len(ids), 3)
    weights = torch.randn(5, 3, 2)
    dispatch = GroupDispatch(group, 5, 1)
    out = dispatch.gather(torch.bmm(dispatch.scatter({"x": x})["x"], weights))
    expected = torch.empty(1, len(ids), 2)
    for g in range(5):
        expected[0, group == g] = x[group == g] @ weights[g]
    torch.testing.assert_close(out, expected)


@settings(max_examples=30, deadline=None)
@given(groups, st.booleans())
def test_members_get_rows_of_their_own_or_make_their_own_of_one_set(ids, own_inputs):
    x = torch.randn(len(ids), 2)
    dispatch = GroupDispatch(torch.tensor(ids), 5, 1, n_members=3, own_inputs=own_inputs)
    padded = dispatch.scatter({"x": x})["x"]
    assert len(padded) == (15 if own_inputs else 5)
    members = padded if own_inputs else padded.repeat(3, 1, 1)
    factors = torch.arange(1.0, 4).repeat_interleave(5)[:, None, None]
    out = dispatch.gather(members * factors)
    assert torch.equal(out, torch.stack([x, 2 * x, 3 * x]))


@settings(max_examples=30, deadline=None)
@given(groups)
def test_padding_is_zero_and_each_row_stands_once(ids):
    dispatch = GroupDispatch(torch.tensor(ids), 5, 1)
    padded = dispatch.scatter({"x": torch.ones(len(ids), 1)})["x"]
    assert padded.sum() == len(ids)
    assert padded.flatten(1).sum(1).tolist() == [ids.count(g) for g in range(5)]


def test_gradients_go_back_to_the_rows():
    x = torch.randn(4, 2, requires_grad=True)
    dispatch = GroupDispatch(torch.tensor([1, 0, 1, 3]), 5, 2)
    dispatch.scatter({"x": x})["x"].sum().backward()
    assert torch.equal(x.grad, torch.full((4, 2), 2.0)), "once for each column"


def test_integers_stay_integers():
    codes = torch.tensor([[3], [4]])
    padded = GroupDispatch(torch.tensor([1, 0]), 2, 1).scatter({"c": codes})["c"]
    assert padded.dtype == torch.int64
    assert padded.flatten().tolist() == [4, 3]
