"""The objective: masked means per task, balanced."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sklearn_3mtl.balancing import Equal, Manual, Uncertainty
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.shape import NetworkShape
from sklearn_3mtl.core.terms import Step
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.objective import LabelLosses, SingleLevelObjective, TaskBalance
from sklearn_3mtl.rows.batch import Batch

LAYOUT = TaskLayout(
    [
        Task("number", "regression"),
        Task("yes", "binary", np.arange(2)),
        Task("sort", "multiclass", np.arange(3)),
    ]
)
N = 8
RANDOM = torch.Generator().manual_seed(0)
OUTPUTS = torch.randn(1, N, 5, generator=RANDOM)
VALUES = torch.tensor([[0.3, 1, 2], [-1, 0, 0], [2, 1, 1], [0.1, 0, 2]] * 2)
GROUP = torch.tensor([0, 2, 2, 0, 0, 2, 0, 2])


def objective(balancing=None, n_groups=None, task_weight=None, n_members=1, layout=LAYOUT):
    shape = NetworkShape(n_tasks=len(layout), n_groups=n_groups, n_members=n_members)
    losses = LabelLosses(layout)
    balance = TaskBalance(balancing or Equal(), task_weight)
    return SingleLevelObjective(losses, balance, shape, Seed(0))


def step_of(rule, outputs, weight=None, group=None, values=VALUES):
    """A step whose outputs are given."""
    batch = Batch({}, values, weight, group)
    found = rule.mean_losses(outputs, batch)
    return Step(None, batch, 0.0, None, outputs, *found, rule.n_columns)


def taken(rule, outputs, weight=None, group=None, values=VALUES):
    """The number to minimise, the mean losses, and the labels behind them."""
    step = step_of(rule, outputs, weight, group, values)
    return rule.total(step), step.unit_losses, step.unit_mass


def test_without_weights_losses_are_plain_means_and_the_total_their_sum():
    total, means, mass = taken(objective(), OUTPUTS)
    losses = objective().losses(OUTPUTS, VALUES)
    assert means.shape == (1, 3)
    torch.testing.assert_close(means, losses.mean(1))
    torch.testing.assert_close(total, losses.mean(1).sum())
    assert mass is None


def test_losses_are_weighted_sums_over_the_number_of_labelled_rows():
    weight = torch.rand(N, 3, generator=RANDOM) * (torch.rand(N, 3, generator=RANDOM) > 0.4)
    _, means, mass = taken(objective(), OUTPUTS, weight)
    losses = objective().losses(OUTPUTS, VALUES)[0].numpy()
    expected = (losses * weight.numpy()).sum(0) / (weight.numpy() > 0).sum(0)
    np.testing.assert_allclose(means[0].numpy(), expected, rtol=1e-5)
    torch.testing.assert_close(mass, (weight > 0).float().sum(0, keepdim=True))


def test_a_sample_weight_of_two_is_the_row_twice():
    weight = torch.ones(N, 3)
    weight[0] = 2
    once = taken(objective(), OUTPUTS, weight)[1]
    rows = [0, *range(N)]
    twice = taken(objective(), OUTPUTS[:, rows], values=VALUES[rows])[1]
    torch.testing.assert_close(N * once, (N + 1) * twice)


def finite(shape):
    return arrays(np.float32, shape, elements=st.floats(-1e6, 1e6, width=32))


@settings(max_examples=60, deadline=None)
@given(finite((5,)), st.integers(0, N - 1), st.integers(0, 2), st.booleans())
def test_an_unlabelled_row_adds_exactly_nothing(strange, row, task, grouped):
    """Whatever the network says there: the task's loss and its other gradients keep their bits."""
    weight = torch.ones(N, 3)
    weight[row, task] = 0
    found = []
    for outputs in (OUTPUTS.clone(), OUTPUTS.clone()):
        if found:
            outputs[0, row] = torch.from_numpy(strange)
        outputs.requires_grad_()
        rule = objective(n_groups=3 if grouped else None)
        losses = step_of(rule, outputs, weight, GROUP if grouped else None).unit_losses
        own = losses.view(-1, 3)[:, task]
        own.sum().backward()
        found.append((own, outputs.grad))
    (own, gradient), (other, other_gradient) = found
    assert torch.equal(own, other)
    assert torch.equal(gradient, other_gradient)
    assert (other_gradient[0, row] == 0).all()


@pytest.mark.parametrize("balancing", [Equal(), Manual(), Uncertainty()], ids=repr)
@pytest.mark.parametrize("absent", [0, 1, 2])
def test_an_absent_task_has_no_loss_and_no_gradient(balancing, absent):
    weight = torch.ones(N, 3)
    weight[:, absent] = 0
    outputs = OUTPUTS.clone().requires_grad_()
    rule = objective(balancing)
    total, losses, mass = taken(rule, outputs, weight)
    total.backward()
    assert losses[0, absent] == 0
    assert mass[0, absent] == 0
    assert (outputs.grad[..., LAYOUT.outputs_of(absent)] == 0).all()
    others = [k for k in range(3) if k != absent]
    assert (losses[0, others] > 0).all()
    for parameter in rule.parameters():
        assert parameter.grad[0, absent] == 0
        assert (parameter.grad[0, others] != 0).all()


def test_group_losses_equal_the_loop_over_groups():
    weight = torch.rand(N, 3, generator=RANDOM)
    for given_weight in (weight, None):
        step = step_of(objective(n_groups=3), OUTPUTS, given_weight, GROUP)
        active = []
        for g in range(3):
            rows = g == GROUP
            own = step.unit_losses[:, 3 * g : 3 * g + 3]
            if not rows.any():
                assert (own == 0).all()
                assert (step.unit_mass[:, 3 * g : 3 * g + 3] == 0).all()
                continue
            part = None if given_weight is None else given_weight[rows]
            active.append(step_of(objective(), OUTPUTS[:, rows], part, None, VALUES[rows]))
            torch.testing.assert_close(own, active[-1].unit_losses)
        assert step.n_active_groups.tolist() == [[2.0]]
        mean = sum(alone.unit_losses for alone in active) / 2
        torch.testing.assert_close(step.losses, mean)
        assert step.present.all()


@pytest.mark.parametrize("balancing", [Equal(), Manual({"yes": 3.0}), Uncertainty(0.7)], ids=repr)
def test_each_active_task_id_counts_as_it_would_alone(balancing):
    rule = objective(balancing, n_groups=3)
    total = taken(rule, OUTPUTS, None, GROUP)[0]
    alone = [
        taken(objective(balancing), OUTPUTS[:, g == GROUP], values=VALUES[g == GROUP])[0]
        for g in (0, 2)
    ]
    torch.testing.assert_close(total, sum(alone))


def test_task_weight_scales_the_step_and_not_the_reported_losses():
    plain_total, plain, _ = taken(objective(), OUTPUTS)
    rule = objective(task_weight=[2.0, 1.0, 0.5])
    total, losses, _ = taken(rule, OUTPUTS)
    assert torch.equal(losses, plain)
    torch.testing.assert_close(total, 2 * plain[0, 0] + plain[0, 1] + 0.5 * plain[0, 2])
    assert rule.epoch_weight().tolist() == [2.0, 1.0, 0.5]
    assert total != plain_total


def test_task_weight_zero_removes_the_loss():
    outputs = OUTPUTS.clone().requires_grad_()
    total, losses, _ = taken(objective(task_weight=[1.0, 0.0, 1.0]), outputs)
    total.backward()
    torch.testing.assert_close(total, losses[0, 0] + losses[0, 2])
    assert (outputs.grad[..., 1] == 0).all()
    assert (outputs.grad[..., [0, 2, 3, 4]] != 0).all()


def test_task_weight_holds_in_every_group():
    rule = objective(n_groups=3, task_weight=[2.0, 1.0, 0.5])
    total, losses, _ = taken(rule, OUTPUTS, None, GROUP)
    expected = losses.view(3, 3) * torch.tensor([2.0, 1.0, 0.5])
    torch.testing.assert_close(total, expected.sum())


def test_the_weights_of_the_epoch_are_the_rules_times_the_users():
    assert objective().epoch_weight() is None
    assert objective(Uncertainty()).epoch_weight() is None
    assert objective(Manual({"yes": 3.0})).epoch_weight().tolist() == [1.0, 3.0, 1.0]
    both = objective(Manual({"yes": 3.0}), task_weight=[2.0, 0.5, 0.0])
    assert both.epoch_weight().tolist() == [2.0, 1.5, 0.0]


def test_one_task_is_never_balanced():
    layout = TaskLayout([Task("y", "regression")])
    rule = Uncertainty(initial_log_variance=3.0)
    alone = objective(rule, layout=layout)
    total, losses, _ = taken(alone, torch.ones(1, 4, 1), values=torch.zeros(4, 1))
    assert total == losses[0, 0] == 1
    assert list(alone.parameters()) == []
    assert list(alone.terms) == []


# Members of an ensemble


MEMBERS = torch.randn(3, N, 5, generator=RANDOM)


@pytest.mark.parametrize("n_groups", [None, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_losses_of_members_are_those_of_each_alone(weighted, n_groups):
    group = None if n_groups is None else GROUP
    weight = (torch.arange(3.0 * N).view(N, 3) % 3 > 0).float() if weighted else None
    rule = objective(n_groups=n_groups, n_members=3)
    step = step_of(rule, MEMBERS, weight, group)
    alone = [
        step_of(objective(n_groups=n_groups), MEMBERS[m : m + 1], weight, group) for m in range(3)
    ]
    torch.testing.assert_close(step.unit_losses, torch.cat([own.unit_losses for own in alone]))
    if step.unit_mass is not None:
        assert torch.equal(step.unit_mass, torch.cat([own.unit_mass for own in alone]))
        assert torch.equal(step.present, torch.cat([own.present for own in alone]))
    torch.testing.assert_close(step.losses, torch.cat([own.losses for own in alone]))


def test_losses_of_members_with_rows_of_their_own_are_means_over_these():
    fold = torch.tensor([0, 1, 2, -1] * 2)
    weight = (fold != torch.arange(3)[:, None]).float().unsqueeze(2).expand(-1, -1, 3)
    step = step_of(objective(n_members=3), MEMBERS, weight)
    for m in range(3):
        rows = weight[m, :, 0] > 0
        alone = step_of(objective(), MEMBERS[m : m + 1, rows], values=VALUES[rows])
        torch.testing.assert_close(step.unit_losses[m], alone.unit_losses[0])
    assert step.unit_mass.tolist() == [[6.0] * 3] * 3


@pytest.mark.parametrize("balancing", [Equal(), Manual({"yes": 3.0}), Uncertainty(0.7)], ids=repr)
def test_each_member_gets_the_gradient_that_it_would_get_alone(balancing):
    together = MEMBERS.clone().requires_grad_()
    weight = torch.ones(N, 3)
    weight[::2, 0] = 0
    taken(objective(balancing, n_members=3), together, weight)[0].backward()
    for m in range(3):
        alone = MEMBERS[m : m + 1].clone().requires_grad_()
        taken(objective(balancing), alone, weight)[0].backward()
        torch.testing.assert_close(together.grad[m : m + 1], alone.grad)


def test_one_task_of_members_is_never_balanced():
    layout = TaskLayout([Task("y", "regression")])
    rule = objective(Uncertainty(), layout=layout, n_members=2)
    total, losses, _ = taken(rule, torch.ones(2, 4, 1), values=torch.zeros(4, 1))
    assert losses.tolist() == [[1.0], [1.0]]
    assert total == 2.0


def test_nets_that_share_nothing_are_never_balanced():
    shape = NetworkShape(n_tasks=3)
    losses = LabelLosses(LAYOUT)
    balance = TaskBalance(Uncertainty(3.0), [2.0, 1.0, 1.0])
    rule = SingleLevelObjective(losses, balance, shape, Seed(0), has_own_nets=True)
    total, means, _ = taken(rule, OUTPUTS)
    torch.testing.assert_close(total, means.sum() + means[0, 0])
    assert list(rule.parameters()) == []
