"""How much a prior and the two kinds of members count in the prediction of each task."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from sklearn_3mtl.data.combining import combine_members
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.objective.losses import LabelLosses
from sklearn_3mtl.rows.loader import JudgedRows
from sklearn_3mtl.training.calibration import negative_log_likelihood

__all__ = ["Pooled", "pool"]

# The shares that are tried are multiples of a tenth.
STEPS = 10
# Before any label is seen, the density of shares is proportional to their product: on average they
# are a third each. A share of 0 counts as this number in the product.
SMALLEST = 1e-3
TINY = 1e-12


class Pooled(NamedTuple):
    """How the outputs of the members become one prediction.

    Attributes
    ----------
    factor : tensor of shape (n_outputs,)
        What the corrections of the prior, by members that start from it, are multiplied by.
    shares : tensor of shape (n_tasks, 2)
        The share of all members that start from the prior, and that of all others.
    """

    factor: Tensor
    shares: Tensor


def pool(layout: TaskLayout, losses: LabelLosses, rows: JudgedRows) -> Pooled:
    """Weigh the prior, members that start from it, and members without it, for each task.

    The three predictions are averaged, with shares that add up to 1. Each choice of shares has a
    posterior probability, given the labels of held-out rows; the result is the mean over choices
    (Bayesian model averaging: Hoeting et al., "Bayesian model averaging: a tutorial", Statistical
    Science 1999, eq. 1).

    Parameters
    ----------
    layout : TaskLayout
        The tasks' order.
    losses : LabelLosses
        The loss of each label.
    rows : JudgedRows
        Held-out rows with the outputs of both kinds of members, and those of the prior.
    """
    outputs, values, weight, _, prior = rows
    assert prior is not None
    three = torch.cat([prior.unsqueeze(0), outputs])
    tried = _shares_to_try().to(three.device)
    likelihoods = []
    for shares in tried:
        mean = combine_members(layout, three, shares.expand(len(layout), -1))
        likelihoods.append(negative_log_likelihood(layout, losses, mean, values, weight))
    n_labels = torch.tensor(float(len(values))) if weight is None else (weight > 0).sum(0)
    log_density = tried.clamp_min(SMALLEST).log().sum(1)
    posterior = (log_density[:, None] - n_labels * torch.stack(likelihoods)).softmax(0)
    of_prior, on_prior, without = (posterior.T @ tried).unbind(1)
    factor = on_prior / (of_prior + on_prior).clamp_min(TINY)
    shares = torch.stack([of_prior + on_prior, without], dim=1)
    return Pooled(factor[layout.column_of_output], shares)


def _shares_to_try() -> Tensor:
    """Three shares with a sum of 1, (n_tried, 3)."""
    steps = [
        (first, second, STEPS - first - second)
        for first in range(STEPS + 1)
        for second in range(STEPS + 1 - first)
    ]
    return torch.tensor(steps, dtype=torch.float32) / STEPS
