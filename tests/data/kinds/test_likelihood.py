"""Likelihoods: their gradients and curvatures, and what solvers are given without more work."""

import numpy as np
import pytest
import torch

from sklearn_3mtl.data.kinds import Bernoulli, Categorical, Gaussian, Likelihood

GENERATOR = torch.Generator().manual_seed(0)
ALL = [Gaussian(), Bernoulli(), Categorical()]
each = pytest.mark.parametrize("likelihood", ALL, ids=lambda one: type(one).__name__)


def drawn(likelihood, n=30):
    """Outputs and targets in double precision."""
    width = 3 if isinstance(likelihood, Categorical) else 1
    outputs = 2 * torch.randn(n, width, generator=GENERATOR, dtype=torch.float64)
    values = torch.randn(n, generator=GENERATOR, dtype=torch.float64)
    if width == 3:
        values = torch.randint(3, (n,), generator=GENERATOR).double()
    elif isinstance(likelihood, Bernoulli):
        values = (values > 0).double()
    return outputs, likelihood.targets(values, width)


@each
def test_the_gradient_is_the_mean_less_the_target(likelihood):
    outputs, targets = drawn(likelihood)
    outputs.requires_grad_()
    loss = likelihood.loss(outputs, targets)
    assert loss.shape == (30,)
    (gradient,) = torch.autograd.grad(loss.sum(), outputs)
    factor = 2 if isinstance(likelihood, Gaussian) else 1
    torch.testing.assert_close(gradient, factor * (likelihood.mean(outputs) - targets))


@each
def test_the_curvature_is_that_of_the_loss_and_within_its_bound(likelihood):
    outputs, targets = drawn(likelihood)
    found = likelihood.curvature(likelihood.mean(outputs))
    for row in range(30):
        hessian = torch.autograd.functional.hessian(
            lambda out, row=row: likelihood.loss(out[None], targets[[row]]).sum(), outputs[row]
        )
        factor = 2 if isinstance(likelihood, Gaussian) else 1
        torch.testing.assert_close(hessian.diagonal(), factor * found[row])
        assert torch.linalg.eigvalsh(hessian).max() <= factor * likelihood.largest_curvature + 1e-9


def test_targets_of_classes_are_indicators():
    found = Categorical().targets(torch.tensor([[2.0, 0.0]]), 3)
    assert found.tolist() == [[[0, 0, 1], [1, 0, 0]]]
    assert Gaussian().targets(torch.tensor([1.5]), 2).tolist() == [[1.5, 1.5]]


@each
def test_arrays_and_columns_have_the_same_mean(likelihood):
    outputs, _ = drawn(likelihood)
    mean = likelihood.mean(outputs)
    np.testing.assert_allclose(likelihood.mean_of_array(outputs.numpy().T, 0).T, mean, rtol=1e-12)
    width = outputs.shape[1]
    two = torch.cat([outputs, outputs.flip(0)], dim=1)
    column_of = torch.arange(2).repeat_interleave(width)
    found = likelihood.mean_of_columns(two, column_of, 2)
    torch.testing.assert_close(found, torch.cat([mean, mean.flip(0)], dim=1))


@each
def test_the_total_has_the_gradient_that_it_gives(likelihood):
    outputs, targets = (part.numpy() for part in drawn(likelihood))
    weight = np.linspace(0.1, 1, 30)[:, None]
    weight = weight / weight.sum()
    _, gradient = likelihood.total(outputs, targets, weight, 30.0, 2.0)
    step = 1e-6
    for row, column in [(0, 0), (7, outputs.shape[1] - 1)]:
        moved = [outputs.copy() for _ in range(2)]
        moved[0][row, column] += step
        moved[1][row, column] -= step
        up, down = (likelihood.total(one, targets, weight, 30.0, 2.0)[0] for one in moved)
        assert gradient[row, column] == pytest.approx((up - down) / (2 * step), rel=1e-5)


class Logistic(Likelihood):
    """A likelihood that defines what it must, and no more."""

    def mean(self, outputs):
        return outputs.sigmoid()

    def curvature(self, mean):
        return mean * (1 - mean)

    def loss(self, outputs, targets):
        return (torch.nn.functional.softplus(outputs) - targets * outputs).sum(-1)


def test_a_likelihood_of_ones_own_gets_the_rest():
    outputs, targets = drawn(Bernoulli())
    own, built_in = Logistic(), Bernoulli()
    array, weight = outputs.numpy(), np.full((30, 1), 1 / 30)
    np.testing.assert_allclose(own.mean_of_array(array.T, 0), built_in.mean_of_array(array.T, 0))
    found = own.total(array, targets.numpy(), weight, 30.0, 0.0)
    expected = built_in.total(array, targets.numpy(), weight, 30.0, 0.0)
    assert found[0] == pytest.approx(expected[0])
    np.testing.assert_allclose(found[1], expected[1])
    columns = torch.arange(1)
    torch.testing.assert_close(own.mean_of_columns(outputs, columns, 1), outputs.sigmoid())
