"""Heads: one matrix, deviations per group, stacks of equal shape, a user's own module."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sklearn_3mtl.core.heads import (
    DEVIATION_SCALE,
    GroupHeads,
    Heads,
    LinearHeads,
    StackedHeads,
)
from sklearn_3mtl.core.module_head import ModuleHead
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies

SEED = Seed(2)
Z = torch.randn(12, 4, generator=torch.Generator().manual_seed(0))
GROUP = torch.tensor([0, 1, 2, -1] * 3)


def test_a_tasks_initial_head_does_not_depend_on_the_others():
    both = LinearHeads(4, {"a": 1, "b": 3}, SEED)
    alone = LinearHeads(4, {"b": 3}, SEED)
    assert torch.equal(both.weight[1:], alone.weight)
    assert torch.equal(both.bias[1:], alone.bias)


def test_linear_heads_evaluate_as_they_train():
    heads = LinearHeads(19, {"a": 1, "b": 3}, SEED)
    z = torch.randn(6, 19)
    torch.testing.assert_close(heads.train()(z), F.linear(z, heads.weight, heads.bias))
    torch.testing.assert_close(heads.eval()(z), F.linear(z, heads.weight, heads.bias))


def group_heads(widths=(("a", 1), ("b", 3)), n_groups=3, members=(0,)):
    widths = dict(widths)
    common = LinearHeads(4, widths, SEED, members)
    return GroupHeads(4, sum(widths.values()), n_groups, common, len(members))


def trained_group_heads():
    heads = group_heads()
    optimizer = torch.optim.AdamW(heads.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        heads(Z, GROUP).square().sum().backward()
        optimizer.step()
    return heads


def test_group_heads_start_at_the_common_head():
    heads = group_heads()
    torch.testing.assert_close(heads(Z, GROUP), heads.common(Z))


def test_an_unknown_group_keeps_the_common_head():
    heads = trained_group_heads()
    out, common = heads(Z, GROUP), heads.common(Z)
    torch.testing.assert_close(out[GROUP < 0], common[GROUP < 0])
    assert (out[GROUP >= 0] - common[GROUP >= 0]).abs().min() > 0


def test_the_padding_row_stays_zero_in_training():
    heads = trained_group_heads()
    assert (heads.deviation[-1] == 0).all()
    assert (heads.deviation[:-1] != 0).all()


def test_group_heads_equal_the_loop_over_groups():
    heads = trained_group_heads()
    out = heads(Z, GROUP)
    for g in range(3):
        own = DEVIATION_SCALE * heads.deviation[g].view(4, 5)
        weight, bias = heads.common.weight + own[:, :4], heads.common.bias + own[:, 4]
        torch.testing.assert_close(out[g == GROUP], F.linear(Z[g == GROUP], weight, bias))


def test_a_group_without_rows_gets_no_gradient():
    heads = group_heads([("a", 1)])
    heads(Z[:2], torch.tensor([0, 2])).sum().backward()
    touched = heads.deviation.grad.abs().sum(1) > 0
    assert touched.tolist() == [True, False, True, False]


def mixed_blocks(n_views, groups=1, n_members=1):
    """Tasks a and c with a hidden layer, b linear; outputs in the order a (2), b (3), c (2)."""
    prefixes = [f"{g}/" for g in range(groups)] if groups > 1 else [""]

    def stack(widths, tasks):
        owners = [g * 3 + t for g in range(groups) for t in tasks]
        names = [f"{prefix}{'abc'[t]}" for prefix in prefixes for t in tasks]
        copies = Copies(names, owners).times(range(n_members))
        views = tasks if n_views > 1 else [0] * len(tasks)
        return StackedHeads(4, widths, views, n_views, copies, SEED)

    return Heads([stack((6, 2), [0, 2]), stack((3,), [1])], [0, 1, 4, 5, 6, 2, 3])


SHAPES = (("a", (6, 2)), ("b", (3,)), ("c", (6, 2)))


def alone(name, widths):
    return StackedHeads(4, widths, [0], 1, Copies([name]), SEED)


def side_by_side(inputs, name=str):
    """The heads of a, b and c, each on its own input."""
    return torch.cat([alone(name(n), w)(z) for (n, w), z in zip(SHAPES, inputs, strict=True)], 1)


def test_heads_of_mixed_shapes_equal_separate_ones_in_the_order_of_the_outputs():
    torch.testing.assert_close(mixed_blocks(1)(Z), side_by_side([Z, Z, Z]))


def test_heads_of_mixed_shapes_on_a_net_per_task():
    z = torch.randn(3, 12, 4)
    torch.testing.assert_close(mixed_blocks(3)(z), side_by_side(z))


def test_heads_of_mixed_shapes_for_groups():
    z = torch.randn(2 * 3, 12, 4)
    out = mixed_blocks(3, groups=2)(z)
    assert out.shape == (2, 12, 7)
    for g in range(2):
        expected = side_by_side(z[3 * g : 3 * g + 3], lambda name, g=g: f"{g}/{name}")
        torch.testing.assert_close(out[g], expected)


@pytest.mark.parametrize("n_views", [1, 3])
def test_heads_of_mixed_shapes_for_members(n_views):
    z = torch.randn(2 * n_views, 12, 4)
    out = mixed_blocks(n_views, n_members=2)(z)
    assert out.shape == (2, 12, 7)
    for m, own in enumerate(z.unflatten(0, (2, n_views))):
        expected = side_by_side(own.expand(3, -1, -1), ("{}", "{}/member 1")[m].format)
        torch.testing.assert_close(out[m], expected)


def test_heads_of_mixed_shapes_for_groups_of_members():
    z = torch.randn(2 * 2 * 3, 12, 4)
    out = mixed_blocks(3, groups=2, n_members=2)(z)
    assert out.shape == (4, 12, 7)
    expected = side_by_side(z[9:12], "1/{}/member 1".format)
    torch.testing.assert_close(out[3], expected)


def test_linear_heads_of_members_equal_separate_ones():
    heads = LinearHeads(4, {"a": 1, "b": 3}, SEED, range(3))
    first = LinearHeads(4, {"a": 1, "b": 3}, SEED)
    assert torch.equal(heads.weight[0], first.weight), "the first member is the lone one"
    assert torch.equal(heads.bias[0], first.bias)
    assert not torch.equal(heads.weight[0], heads.weight[1])
    third = LinearHeads(4, {"a": 1, "b": 3}, SEED, [2])
    assert torch.equal(heads.weight[2], third.weight), "whichever others there are"
    assert torch.equal(heads.bias[2], third.bias)
    z = torch.randn(3, 12, 4)
    for training in (True, False):
        out = heads.train(training)(z)
        for m in range(3):
            expected = F.linear(z[m], heads.weight[m], heads.bias[m])
            torch.testing.assert_close(out[m], expected)


@pytest.mark.parametrize("common", [False, True])
def test_group_heads_of_members_equal_the_loop_over_members(common):
    heads = group_heads(members=range(2))
    heads.deviation.data[:-1].normal_(generator=torch.Generator().manual_seed(1))
    z = torch.randn(2, 12, 4)
    z = z[:1].expand(2, -1, -1) if common else z
    out = heads(z, GROUP)
    deviation = heads.deviation.view(4, 2, 4, 5)
    for m in range(2):
        alone = group_heads()
        alone.common.weight.data = heads.common.weight[m].detach()
        alone.common.bias.data = heads.common.bias[m].detach()
        alone.deviation.data = deviation[:, m].reshape(4, -1).detach()
        torch.testing.assert_close(out[m], alone(z[m], GROUP))


def test_a_users_head_is_trained_as_a_copy():
    module = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    head = ModuleHead(module, 4, 2, 0, "a")
    torch.testing.assert_close(head(Z), module(Z))
    optimizer = torch.optim.SGD(head.parameters(), lr=1.0)
    head(Z).square().sum().backward()
    optimizer.step()
    assert not torch.equal(head(Z), module(Z))
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])


def test_a_users_head_reads_its_own_tasks_net():
    z = torch.randn(3, 12, 4)
    head = ModuleHead(nn.Linear(4, 2), 4, 2, 1, "b", view=1, n_views=3)
    assert torch.equal(head(z), head.module(z[1]))


@pytest.mark.parametrize("n_views", [1, 3])
def test_a_users_head_has_a_copy_for_each_member(n_views):
    module = nn.Linear(4, 2)
    view = 1 if n_views > 1 else 0
    head = ModuleHead(module, 4, 2, 1, "b", view=view, n_views=n_views, members=range(2))
    z = torch.randn(2 * n_views, 12, 4)
    own = z if n_views == 1 else z[[1, 4]]
    torch.testing.assert_close(head(z), module(own))
    optimizer = torch.optim.SGD(head.parameters(), lr=1.0)
    head(z)[0].square().sum().backward()
    optimizer.step()
    first, second = head(z)
    assert not torch.equal(first, module(own[0]))
    torch.testing.assert_close(second, module(own[1]))


@pytest.mark.parametrize("n_members", [1, 2])
def test_heads_of_two_tasks_may_read_one_view_of_several(n_members):
    copies = Copies("abc").times(range(n_members))
    heads = StackedHeads(4, (2,), [1, 0, 1], 2, copies, SEED)
    z = torch.randn(n_members * 2, 12, 4)
    out = heads(z).reshape(n_members, 12, 6)
    for m in range(n_members):
        name = ("{}", "{}/member 1")[m].format
        for k, (task, view) in enumerate(zip("abc", [1, 0, 1], strict=True)):
            expected = alone(name(task), (2,))(z[2 * m + view])
            torch.testing.assert_close(out[m, :, 2 * k : 2 * k + 2], expected)


@pytest.mark.parametrize("n_members", [1, 2])
def test_a_groups_deviation_reads_the_view_of_its_output(n_members):
    views = [0, 2, 2, 1]
    copies = Copies("abcd").times(range(n_members))
    common = StackedHeads(4, (1,), views, 3, copies, SEED)
    heads = GroupHeads(4, 4, 3, common, n_members, views)
    heads.deviation.data[:-1].normal_(generator=torch.Generator().manual_seed(1))
    z = torch.randn(n_members * 3, 12, 4)
    out, plain = heads(z, GROUP).reshape(n_members, 12, 4), common(z).reshape(n_members, 12, 4)
    own = DEVIATION_SCALE * heads.deviation.view(4, n_members, 4, 5)
    for m in range(n_members):
        for row, group in enumerate(GROUP.tolist()):
            for k, view in enumerate(views):
                weight, bias = own[group, m, k, :4], own[group, m, k, 4]
                expected = plain[m, row, k] + weight @ z[3 * m + view, row] + bias
                torch.testing.assert_close(out[m, row, k], expected)


@pytest.mark.parametrize("module", [nn.Linear(4, 3), nn.Linear(5, 2)])
def test_a_users_head_of_another_shape_is_refused(module):
    with pytest.raises(ValueError, match=r"heads\['a'\].* should map \(B, 4\) to \(B, 2\)"):
        ModuleHead(module, 4, 2, 0, "a")
