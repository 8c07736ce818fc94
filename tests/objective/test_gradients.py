"""The gramian of the tasks' gradients, against a backward pass for each task."""

import pytest
import torch

from sklearn_3mtl.balancing import Balancing
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.shape import NetworkShape
from sklearn_3mtl.core.terms import Step
from sklearn_3mtl.objective import LabelLosses, SingleLevelObjective, TaskBalance
from sklearn_3mtl.objective.gradients import feature_gramian
from sklearn_3mtl.rows.batch import Batch
from tests._chains import LAYOUT

N, D = 9, 5
RANDOM = torch.Generator().manual_seed(0)
VALUES = torch.stack(
    [
        torch.randn(N, generator=RANDOM, dtype=torch.float64),
        torch.randint(2, (N,), generator=RANDOM).double(),
        torch.randint(3, (N,), generator=RANDOM).double(),
    ],
    dim=1,
)
GROUP = torch.tensor([0, 2, 2, 0, 0, 2, 0, 2, 2])


class Compares(Balancing):
    """Weighs a task by the squared norm of its gradient, and keeps what it was given."""

    needs = "gramian"

    def init(self, tasks, n_members, seed):
        return torch.nn.Module()

    def weights(self, losses, present, gramian, state):
        state.gramian = gramian
        return gramian.diagonal(dim1=1, dim2=2)


def numbers(*shape):
    return torch.randn(shape, generator=RANDOM, dtype=torch.float64)


def step_of(rule, n_members, n_views, n_groups=None):
    """A step whose features are leaves; the views of the tasks are 0, 1, 1 where there are two."""
    shape = NetworkShape(n_tasks=3, n_groups=n_groups, n_members=n_members)
    losses = LabelLosses(LAYOUT)
    made = SingleLevelObjective(losses, TaskBalance(rule, [1.0, 2.0, 0.5]), shape, Seed(0))
    z = numbers(n_members, n_views, N, D).requires_grad_()
    heads = numbers(n_members, D, LAYOUT.n_outputs)
    view_of_output = [0, 1, 1, 1, 1] if n_views > 1 else [0] * 5
    outputs = torch.stack([(z[:, v] @ heads)[..., o] for o, v in enumerate(view_of_output)], dim=-1)
    weight = (torch.rand(n_members, N, 3, generator=RANDOM) < 0.6).double()
    group = None if n_groups is None else GROUP
    batch = Batch({}, VALUES, weight, group)
    found = made.mean_losses(outputs, batch)
    return made, Step(None, batch, 0.0, None, outputs, *found, 3, _features=z)


@pytest.mark.parametrize("n_groups", [None, 3])
@pytest.mark.parametrize("n_views", [1, 2])
@pytest.mark.parametrize("n_members", [1, 3])
def test_the_gramian_is_that_of_separate_backward_passes(n_members, n_views, n_groups):
    made, step = step_of(Compares(), n_members, n_views, n_groups)
    losses, z = step.losses * made.task_weight, step.features
    gramian = feature_gramian(losses, z)
    assert gramian.shape == (n_members, 3, 3)
    assert not gramian.requires_grad
    for m in range(n_members):
        each = [
            torch.autograd.grad(losses[m, k], z, retain_graph=True)[0][m].flatten()
            for k in range(3)
        ]
        expected = torch.stack([torch.stack([a @ b for b in each]) for a in each])
        torch.testing.assert_close(gramian[m], expected, rtol=1e-12, atol=1e-14)
    assert (gramian.diagonal(dim1=1, dim2=2) > 0).all()
    if n_views > 1:
        assert (gramian[:, 0, 1:] == 0).all(), "tasks that read different features"
        assert (gramian[:, 1, 2] != 0).all()


@pytest.mark.parametrize("n_members", [1, 3])
def test_a_rule_is_given_the_gramian_and_its_weights_have_no_gradient(n_members):
    made, step = step_of(Compares(), n_members, 1)
    total = made.total(step)
    losses = step.losses * made.task_weight
    expected = feature_gramian(losses, step.features)
    torch.testing.assert_close(made.state.gramian, expected)
    weights = expected.diagonal(dim1=1, dim2=2)
    torch.testing.assert_close(total, (weights * losses).sum())
    found, wanted = (
        torch.autograd.grad(number, step.features, retain_graph=True)[0]
        for number in (total, (weights * losses).sum())
    )
    torch.testing.assert_close(found, wanted)


def test_a_task_without_a_label_has_no_gradient():
    made, step = step_of(Compares(), 2, 1)
    weight = step.batch.weight.clone()
    weight[0, :, 1] = 0.0
    batch = step.batch._replace(weight=weight)
    found = made.mean_losses(step.outputs, batch)
    gramian = feature_gramian(found.losses, step.features)
    assert (gramian[0, 1] == 0).all()
    assert (gramian[0, :, 1] == 0).all()
    assert gramian[1, 1, 1] > 0
