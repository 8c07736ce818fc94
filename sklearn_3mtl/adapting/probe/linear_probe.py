"""Linear corrections on frozen features, solved for without gradients through the network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sklearn_3mtl.adapting.probe.descent import descend
from sklearn_3mtl.adapting.probe.mixtures import Blocks, Mixtures
from sklearn_3mtl.data.kinds import Likelihood
from sklearn_3mtl.prior.stacking import stacked_shares

__all__ = ["Probe", "solve_probe"]

PENALTIES = torch.logspace(-3, 3, 7, dtype=torch.float64)
# The prior of the penalty's base-10 logarithm: its mean for a new and for a known task, and its
# standard deviation. A known task's outputs should move less than those of a new one.
NEW_TASK, KNOWN_TASK, SPREAD = 0.0, 1.0, 1.0
NEW_BIAS_PENALTY = 0.1
# The prior of an unknown noise variance counts as this many rows with the error of no correction.
PRIOR_ROWS = 3.0
# For a known task, the prior weight of a mixture that replaces the earlier outputs is multiplied by
# n / (n + FORGETTING_ROWS): few rows are no reason to discard these outputs.
FORGETTING_ROWS = 10.0
# How many members and rows the penalties and mixtures are chosen on; more hardly change the choice.
N_JUDGES, JUDGE_ROWS = 2, 256
# About how many numbers the Hessians that are held at once have.
HESSIAN_NUMBERS = 2**20


@dataclass(frozen=True)
class Probe:
    """A fitted linear correction of a task's outputs, for G groups and M members of the ensemble.

    The outputs become ``keep * before + features @ weight.T + bias``. A group is the rows of one
    task id.

    Attributes
    ----------
    weight : float32 tensor of shape (G, M, n_outputs, n_features)
    bias : float32 tensor of shape (G, M, n_outputs)
    mixture : float64 tensor of shape (n_mixtures,)
        The weight of each mixture of blocks in the average of their corrections.
    penalty : float64 tensor of shape (n_mixtures,)
        Each mixture's ridge penalty, for features scaled to a mean squared norm of 1.
    keep : float
        The factor of the outputs before: the total weight of the mixtures that correct them.
    """

    weight: Tensor
    bias: Tensor
    mixture: Tensor
    penalty: Tensor
    keep: float

    def times(self, factor: float) -> Probe:
        """The same correction for outputs that are `factor` times as large."""
        return replace(self, weight=self.weight * factor, bias=self.bias * factor)


def solve_probe(
    blocks: Blocks,
    features: Tensor,
    offset: Tensor,
    targets: Tensor,
    weight: Tensor,
    likelihood: Likelihood,
    *,
    is_new: bool,
) -> Probe:
    """Fit a penalised linear correction to outputs, for groups of rows and members at once.

    For each mixture of blocks of features, the correction minimises the targets' negative
    log-likelihood plus a ridge penalty. The mixtures' corrections are averaged, with the weights
    for which the average predicts left-out rows best (stacking: Yao et al., "Using stacking to
    average Bayesian predictive distributions", Bayesian Analysis 2018, arXiv 1704.02030). The
    average of linear corrections is itself a linear correction.

    A mixture's penalty is common to all groups and members. Its logarithm is the posterior mean
    over `PENALTIES`, from the leave-one-out likelihood and a prior. Leave-one-out predictions are
    exact for squared error (Allen's PRESS) and approximate for other losses (Rad and Maleki, "A
    scalable estimate of the out-of-sample prediction error", JRSS B 2020, arXiv 1801.10243).

    Parameters
    ----------
    blocks : Blocks
        Which features belong together, and how they are mixed.
    features : tensor of shape (G, M, n, n_features)
        Frozen features of G groups of n rows for M members of the ensemble.
    offset : tensor of shape (G, M, n, n_outputs)
        The outputs to be corrected.
    targets : tensor of shape (G, n, n_outputs)
        The target of each output's mean.
    weight : tensor of shape (G, n)
        The weight of each label; 0 for a missing label or a padding row.
    likelihood : Likelihood
        The likelihood of targets, given outputs.
    is_new : bool
        Whether the task is new, so that the offset carries no information: the bias is then hardly
        penalised. For a known task the bias is penalised like a feature, and the prior favours a
        small correction.

    Returns
    -------
    probe : Probe
    """
    rows = weight.double()[:, None, :, None]
    targets = targets.double().unsqueeze(1)
    keeps = torch.tensor(blocks.keeps)
    # For a mixture that replaces the earlier outputs, they are 0.
    offset = offset.double().unsqueeze(1) * keeps.view(-1, 1, 1, 1)
    kept, keeps = keeps, keeps & (not is_new)
    penalty, share = _choose(blocks, features, offset, targets, rows, likelihood, keeps)
    mixtures = Mixtures(blocks, features, rows)
    ridge = _ridge(penalty[None], mixtures.features.shape[-1], keeps)
    solved = descend(mixtures, offset, targets, rows, likelihood, ridge)[0][0]
    solved = solved * share.view(-1, 1, 1, 1)
    weights = mixtures.weights(solved[..., :-1])
    bias = solved[..., -1].sum(1) - (weights @ mixtures.mean.transpose(-1, -2)).squeeze(-1)
    return Probe(weights.float(), bias.float(), share, penalty, float(share[kept].sum()))


def _choose(
    blocks: Blocks,
    features: Tensor,
    offset: Tensor,
    targets: Tensor,
    rows: Tensor,
    likelihood: Likelihood,
    keeps: Tensor,
) -> tuple[Tensor, Tensor]:
    """Choose the penalty and the weight of each mixture of blocks of features.

    The choice is made on some members of the ensemble and some rows.
    """
    n = rows.shape[-2]
    some = torch.linspace(0, n - 1, min(n, JUDGE_ROWS)).round().long()
    features = features[:, :N_JUDGES, some]
    offset, targets, rows = offset[:, :, :N_JUDGES, some], targets[:, :, some], rows[:, :, some]
    mixtures = Mixtures(blocks, features, rows)
    ridge = _ridge(PENALTIES[:, None].repeat(1, len(mixtures)), mixtures.features.shape[-1], keeps)
    _, outputs = descend(mixtures, offset, targets, rows, likelihood, ridge)
    # The Hessians of all penalties at once could fill the memory.
    hessian = outputs[0, ..., 0, :].numel() * (mixtures.features.shape[-1] + 1) ** 2
    at_once = max(HESSIAN_NUMBERS // hessian, 1)
    parts = zip(outputs.split(at_once), ridge.split(at_once), strict=True)
    left_out = torch.cat([_left_out(mixtures, targets, rows, likelihood, *part) for part in parts])
    n_rows = (rows > 0).sum()
    mass = rows.sum().clamp_min(1e-12)
    losses = likelihood.loss(left_out, targets.unsqueeze(1)) * rows.unsqueeze(1).squeeze(-1)
    losses = losses.sum((1, 4)).mean(2) / mass
    # The offset of the first mixture is the outputs before.
    errors = (offset[:, 0] - targets).square() * rows
    null = float(PRIOR_ROWS * errors.sum() / (mass * offset.shape[2]))
    evidence = likelihood.log_evidence(losses, n_rows, null, PRIOR_ROWS)
    power = PENALTIES.log10()[:, None]
    centre = torch.where(keeps, KNOWN_TASK, NEW_TASK)
    posterior = (evidence - 0.5 * ((power - centre) / SPREAD).square()).softmax(0)
    prior = torch.tensor(blocks.prior, dtype=torch.float64)
    if keeps.any():
        prior = torch.where(keeps, prior, prior * n_rows / (n_rows + FORGETTING_ROWS))
    each = (left_out * posterior[:, None, :, None, None, None]).sum(0)
    share = stacked_shares(each, targets, rows, likelihood, prior, null)
    return 10 ** (posterior * power).sum(0), share


def _ridge(penalty: Tensor, n_directions: int, keeps: Tensor) -> Tensor:
    """The ridge penalty of each of r coefficients and of the bias, which is last.

    The shape is (n_penalties, n_mixtures, r + 1).
    """
    found = penalty.unsqueeze(-1).repeat(1, 1, n_directions + 1)
    found[:, ~keeps, -1] = NEW_BIAS_PENALTY
    return found


def _left_out(
    mixtures: Mixtures,
    targets: Tensor,
    rows: Tensor,
    likelihood: Likelihood,
    outputs: Tensor,
    ridge: Tensor,
) -> Tensor:
    """The outputs for each row from a fit without that row, in a leave-one-out approximation.

    Their shape is (n_penalties, G, n_mixtures, M, n, n_outputs), for G groups of n rows and M
    members of the ensemble.
    """
    features = mixtures.features
    features = torch.cat([features, torch.ones_like(features[..., :1])], dim=-1)
    targets, rows = targets.unsqueeze(1), rows.unsqueeze(1)
    mean = likelihood.mean(outputs)
    curvature = likelihood.curvature(mean)
    scaled = features.unsqueeze(-3) * (rows * curvature).mT.unsqueeze(-1)
    hessian = features.mT.unsqueeze(-3) @ scaled
    factor = torch.linalg.cholesky(hessian + torch.diag_embed(ridge)[:, None, :, None, None])
    transposed = features.mT.unsqueeze(-3).expand(*factor.shape[:-1], -1)
    half = torch.linalg.solve_triangular(factor, transposed, upper=False)
    leverage = (half.square().sum(-2).mT * rows * curvature).clamp_max(1 - 1e-6)
    left_out: Tensor = outputs + (mean - targets) / curvature * leverage / (1 - leverage)
    return left_out
