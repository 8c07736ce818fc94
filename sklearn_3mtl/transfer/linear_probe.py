"""A linear correction on frozen features, solved instead of trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.transfer._views import Mixtures, View

__all__ = ["Probe", "solve_probe"]

PENALTIES = torch.logspace(-3, 3, 7, dtype=torch.float64)
BIAS_PENALTY = 1e-3
# Members that choose penalties and mixtures; more of them hardly change the choice.
N_JUDGES = 2
MAX_NEWTON, TOLERANCE, MAX_LOGIT_STEP, FLAT = 40, 1e-2, 4.0, 1e-6
SMALLEST_ERROR = 1e-12


@dataclass(frozen=True)
class Probe:
    """What is added to a task's outputs: ``features @ weight.T + bias``.

    Attributes
    ----------
    weight : float32 tensor of shape (G, M, n_outputs, n_features)
        The views' features stand side by side.
    bias : float32 tensor of shape (G, M, n_outputs)
    mixture : float64 tensor of shape (n_mixtures,)
        How much each mixture of views counts, in the order of ``transfer._views.Mixtures``.
    penalty : float64 tensor of shape (n_mixtures,)
        Each mixture's ridge penalty, for features scaled to a mean squared norm of 1.
    """

    weight: Tensor
    bias: Tensor
    mixture: Tensor
    penalty: Tensor

    def times(self, factor: float) -> Probe:
        """The same for outputs in another unit."""
        return Probe(self.weight * factor, self.bias * factor, self.mixture, self.penalty)


def solve_probe(
    views: Sequence[View], offset: Tensor, labels: Tensor, weight: Tensor, task: Task
) -> Probe:
    """Fit a penalised linear correction to outputs, for groups of rows and members at once.

    Squared error for a regression task, the logistic or softmax likelihood for a classification
    task, plus a ridge penalty that leaves the bias nearly free. Each view of the rows and each
    mixture of views is solved for; they are averaged with their leave-one-out likelihoods for
    weights (pseudo-BMA: Yao et al., "Using stacking to average Bayesian predictive distributions",
    Bayesian Analysis 2018, arXiv 1704.02030). A mean of linear corrections is one.

    One penalty of each mixture, for all groups and members, minimises the leave-one-out loss,
    which is exact for squared error (Allen's PRESS) and approximate for the others (Rad and
    Maleki, "A scalable estimate of the out-of-sample prediction error", JRSS B 2020, arXiv
    1801.10243). Of equally good penalties the largest is taken: a correction without evidence
    stays away.

    Parameters
    ----------
    views : sequence of View
        Frozen features of G groups of n rows for M members, in one or more views.
    offset : tensor of shape (G, M, n, n_outputs)
        The outputs to be corrected.
    labels : tensor of shape (G, n)
        Encoded labels.
    weight : tensor of shape (G, n)
        The weight of each label; 0 for a missing label or a padding row.
    task : Task
        What the labels are.

    Returns
    -------
    probe : Probe
    """
    rows = weight.double()[:, None, :, None]
    mixtures = Mixtures(views, rows)
    features, n = mixtures.features, len(mixtures)
    features = torch.cat([features, torch.ones_like(features[..., :1])], dim=-1)
    targets, offset = _targets(labels, task), offset.double().unsqueeze(1).expand(-1, n, -1, -1, -1)

    judges = slice(0, N_JUDGES)
    some = (features[:, :, judges].flatten(1, 2), offset[:, :, judges].flatten(1, 2), targets, rows)
    losses = _leave_one_out(*some, task, *_newton(*some, task, PENALTIES[:, None])[:3])
    losses = losses.unflatten(2, (n, -1)).sum((1, 4)).mean(2) / rows.sum().clamp_min(1e-12)
    is_best = losses <= losses.amin(0) + 1e-12
    best = (is_best * torch.arange(len(PENALTIES))[:, None]).amax(0)
    likelihood = -losses.amin(0)
    if task.kind == "regression":
        likelihood = -0.5 * losses.amin(0).clamp_min(SMALLEST_ERROR).log()
    share = torch.softmax(likelihood * (rows > 0).sum(), 0)

    every = (features.flatten(1, 2), offset.flatten(1, 2), targets, rows)
    penalty = PENALTIES[best].repeat_interleave(features.shape[2])
    *_, solved = _newton(*every, task, penalty[None])
    solved = solved[0].unflatten(1, (n, -1)) * share.view(-1, 1, 1, 1)
    weights = mixtures.weights(solved[..., :-1])
    bias = solved[..., -1].sum(1) - (weights @ mixtures.mean.transpose(-1, -2)).squeeze(-1)
    return Probe(weights.float(), bias.float(), share, PENALTIES[best])


def _targets(labels: Tensor, task: Task) -> Tensor:
    """Labels as the outputs' means should be, of shape (G, 1, n, n_outputs)."""
    if task.kind == "multiclass" and task.classes is not None:
        return F.one_hot(labels.long(), len(task.classes)).double()[:, None]
    return labels.double()[:, None, :, None]


def _mean_and_curvature(outputs: Tensor, task: Task) -> tuple[Tensor, Tensor]:
    """The mean of the likelihood, and its curvature in each output."""
    if task.kind == "regression":
        return outputs, torch.ones_like(outputs)
    mean = outputs.sigmoid() if task.kind == "binary" else outputs.softmax(-1)
    return mean, (mean * (1 - mean)).clamp_min(FLAT)


def _loss(outputs: Tensor, targets: Tensor, task: Task) -> Tensor:
    """The loss of each row, of shape (..., n)."""
    if task.kind == "regression":
        return (outputs - targets).square().sum(-1)
    if task.kind == "binary":
        return (F.softplus(outputs) - targets * outputs).sum(-1)
    return outputs.logsumexp(-1) - (targets * outputs).sum(-1)


def _newton(
    features: Tensor, offset: Tensor, targets: Tensor, rows: Tensor, task: Task, penalties: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Newton's method for every penalty at once.

    Parameters
    ----------
    features : tensor of shape (G, K, n, r)
    offset : tensor of shape (G, K, n, n_outputs)
    targets, rows
        Labels and their weights, common to the K problems.
    task : Task
    penalties : tensor of shape (n_penalties, 1) or (n_penalties, K)

    Returns
    -------
    outputs, curvature : tensors of shape (n_penalties, G, K, n, n_outputs)
    factor : tensor of shape (n_penalties, G, K, n_outputs, r, r)
        The Cholesky factors of the Hessians.
    coefficients : tensor of shape (n_penalties, G, K, n_outputs, r)
    """
    penalty = penalties.unsqueeze(-1).repeat(1, 1, features.shape[-1])
    penalty[..., -1] = BIAS_PENALTY
    penalty = penalty[:, None, :, None]
    shape = (len(penalties), *offset.shape[:2], offset.shape[-1], features.shape[-1])
    coefficients = features.new_zeros(shape)
    outputs = offset.expand(len(penalties), *offset.shape)
    # Twice the diagonal of the softmax's Hessian bounds it.
    bound = 2.0 if task.kind == "multiclass" else 1.0
    for _ in range(MAX_NEWTON):
        mean, curvature = _mean_and_curvature(outputs, task)
        factor = _factor(features, rows * curvature, penalty / bound)
        slope = (rows * (mean - targets)).transpose(-1, -2) @ features + coefficients * penalty
        step = torch.cholesky_solve(slope.unsqueeze(-1), factor).squeeze(-1) / bound
        moved = features @ step.transpose(-1, -2)
        if task.kind != "regression":
            largest = moved.abs().amax((-1, -2), keepdim=True)
            shorter = MAX_LOGIT_STEP / largest.clamp_min(MAX_LOGIT_STEP)
            step, moved = step * shorter, moved * shorter
        coefficients, outputs = coefficients - step, outputs - moved
        if task.kind == "regression" or float(moved.abs().max()) < TOLERANCE:
            break
    curvature = _mean_and_curvature(outputs, task)[1]
    return outputs, curvature, _factor(features, rows * curvature, penalty), coefficients


def _leave_one_out(
    features: Tensor,
    offset: Tensor,
    targets: Tensor,
    rows: Tensor,
    task: Task,
    outputs: Tensor,
    curvature: Tensor,
    factor: Tensor,
) -> Tensor:
    """The weighted loss of each row under a fit without it, of shape (n_penalties, G, K, n)."""
    transposed = features.transpose(-1, -2).unsqueeze(-3).expand(*factor.shape[:-1], -1)
    half = torch.linalg.solve_triangular(factor, transposed, upper=False)
    leverage = half.square().sum(-2).transpose(-1, -2) * rows * curvature
    leverage = leverage.clamp_max(1 - 1e-6)
    mean = _mean_and_curvature(outputs, task)[0]
    left_out = outputs + (mean - targets) / curvature * leverage / (1 - leverage)
    return _loss(left_out, targets, task) * rows.squeeze(-1)


def _factor(features: Tensor, curvature: Tensor, penalty: Tensor) -> Tensor:
    """Cholesky factors of the Hessians, of shape (..., n_outputs, r, r)."""
    scaled = features.unsqueeze(-3) * curvature.transpose(-1, -2).unsqueeze(-1)
    hessian = features.transpose(-1, -2).unsqueeze(-3) @ scaled
    return torch.linalg.cholesky(hessian + torch.diag_embed(penalty))
