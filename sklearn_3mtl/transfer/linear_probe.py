"""A linear correction on frozen features, solved instead of trained."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from sklearn_3mtl.data.tasks import Task

__all__ = ["Probe", "solve_probe"]

PENALTIES = torch.logspace(-3, 3, 7, dtype=torch.float64)
# Principal directions of the features that are kept; the others hardly vary.
N_DIRECTIONS = 128
BIAS_PENALTY = 1e-3
# Members that choose the penalty; more of them hardly change it.
N_JUDGES = 2
MAX_NEWTON, TOLERANCE, MAX_LOGIT_STEP, FLAT = 40, 1e-2, 4.0, 1e-6


@dataclass(frozen=True)
class Probe:
    """What is added to a task's outputs: ``z @ weight.T + bias``.

    Attributes
    ----------
    weight : float32 tensor of shape (G, M, n_outputs, n_features)
    bias : float32 tensor of shape (G, M, n_outputs)
    penalty : float
        The ridge penalty that was chosen, for features scaled to a mean squared norm of 1.
    """

    weight: Tensor
    bias: Tensor
    penalty: float

    def times(self, factor: float) -> Probe:
        """The same for outputs in another unit."""
        return Probe(self.weight * factor, self.bias * factor, self.penalty)


def solve_probe(z: Tensor, offset: Tensor, labels: Tensor, weight: Tensor, task: Task) -> Probe:
    """Fit a penalised linear correction to outputs, for groups of rows and members at once.

    Squared error for a regression task, the logistic or softmax likelihood for a classification
    task, plus a ridge penalty that leaves the bias nearly free. One penalty for all groups and
    members minimises the leave-one-out loss, which is exact for squared error (Allen's PRESS) and
    approximate for the others (Rad and Maleki, "A scalable estimate of the out-of-sample
    prediction error", JRSS B 2020, arXiv 1801.10243). Of equally good penalties the largest is
    taken: a correction without evidence stays away.

    Parameters
    ----------
    z : tensor of shape (G, M, n, d)
        Frozen features of G groups of n rows for M members.
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
    z, offset = z.double(), offset.double()
    rows = weight.double()[:, None, :, None]
    mean = (rows * z).sum(-2, keepdim=True) / rows.sum(-2, keepdim=True).clamp_min(1e-12)
    centred = (z - mean) * (rows > 0)
    scale = ((rows * centred.square()).sum() / (rows.sum() * z.shape[1])).sqrt().clamp_min(1e-12)
    # A rotation to at most n directions: the penalty doesn't see it.
    u, s, vh = torch.linalg.svd(centred / scale, full_matrices=False)
    u, s, vh = u[..., :N_DIRECTIONS], s[..., :N_DIRECTIONS], vh[..., :N_DIRECTIONS, :]
    features = torch.cat([u * s.unsqueeze(-2), torch.ones_like(u[..., :1])], dim=-1)
    targets = _targets(labels, task)
    judges = slice(0, N_JUDGES)
    some = (features[:, judges], offset[:, judges], targets, rows, task)
    outputs, curvature, hessian, _ = _newton(*some, PENALTIES)
    losses = _leave_one_out(*some, outputs, curvature, hessian)
    best = int((losses <= losses.min() + 1e-12).nonzero().max())
    *_, coefficients = _newton(features, offset, targets, rows, task, PENALTIES[[best]])
    chosen = coefficients[0]
    weights = chosen[..., :-1] @ vh / scale
    bias = chosen[..., -1] - (weights @ mean.transpose(-1, -2)).squeeze(-1)
    return Probe(weights.float(), bias.float(), float(PENALTIES[best]))


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

    Returns
    -------
    outputs, curvature : tensors of shape (n_penalties, G, M, n, n_outputs)
    factor : tensor of shape (n_penalties, G, M, n_outputs, r, r)
        The Cholesky factors of the Hessians.
    coefficients : tensor of shape (n_penalties, G, M, n_outputs, r)
    """
    penalty = penalties.view(-1, 1).repeat(1, features.shape[-1])
    penalty[:, -1] = BIAS_PENALTY
    penalty = penalty[:, None, None, None]
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
    """The loss of each row under a fit without it, the mean for each penalty."""
    transposed = features.transpose(-1, -2).unsqueeze(-3).expand(*factor.shape[:-1], -1)
    half = torch.linalg.solve_triangular(factor, transposed, upper=False)
    leverage = half.square().sum(-2).transpose(-1, -2) * rows * curvature
    leverage = leverage.clamp_max(1 - 1e-6)
    mean = _mean_and_curvature(outputs, task)[0]
    left_out = outputs + (mean - targets) / curvature * leverage / (1 - leverage)
    loss = _loss(left_out, targets, task) * rows.squeeze(-1)
    return loss.sum((1, 2, 3)) / rows.sum().clamp_min(1e-12)


def _factor(features: Tensor, curvature: Tensor, penalty: Tensor) -> Tensor:
    """Cholesky factors of the Hessians, of shape (..., n_outputs, r, r)."""
    scaled = features.unsqueeze(-3) * curvature.transpose(-1, -2).unsqueeze(-1)
    hessian = features.transpose(-1, -2).unsqueeze(-3) @ scaled
    return torch.linalg.cholesky(hessian + torch.diag_embed(penalty))
