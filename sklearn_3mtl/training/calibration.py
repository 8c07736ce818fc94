"""One temperature for each task, fitted on held-out rows."""

from __future__ import annotations

import torch
from torch import Tensor

from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.objective.losses import LabelLosses

__all__ = ["best_temperature", "divided", "negative_log_likelihood"]

# Temperatures from 1/2 to 16, in steps of a factor 2 ** 0.25.
TEMPERATURES = 2.0 ** (torch.arange(-4, 17, dtype=torch.float32) / 4)
COARSE = 2


def divided(outputs: Tensor, layout: TaskLayout, temperature: Tensor) -> Tensor:
    """Divide the outputs of each task by its temperature, a number > 0.

    Outputs of shape (n, n_outputs) have temperatures of shape (n_tasks,). Outputs of several kinds
    of members, (n_kinds, n, n_outputs), have temperatures of shape (n_kinds, n_tasks).
    """
    if not len(layout) or bool((temperature == 1).all()):
        return outputs
    return outputs / temperature[..., layout.column_of_output].unsqueeze(-2)


def negative_log_likelihood(
    layout: TaskLayout,
    losses: LabelLosses,
    outputs: Tensor,
    values: Tensor,
    weight: Tensor | None,
) -> Tensor:
    """The negative log-likelihood per label of each task, (n_tasks,), for outputs of n rows."""
    each = losses(outputs, values)
    if weight is None:
        mean = each.mean(0)
    else:
        mean = (each * weight).sum(0) / weight.sum(0).clamp_min(1e-12)
    parts = [b.kind.negative_log_likelihood(mean[None, b.tasks]) for b in layout.blocks]
    return torch.cat(parts, dim=1)[0]


def best_temperature(
    layout: TaskLayout,
    losses: LabelLosses,
    outputs: Tensor,
    values: Tensor,
    weight: Tensor | None,
    *,
    fine: bool = True,
) -> Tensor:
    """The most probable temperature of each task, a number by which its outputs are divided.

    Long training makes a network overconfident, which worsens the likelihood long before the
    accuracy (Guo et al., "On calibration of modern neural networks", ICML 2017, arXiv 1706.04599,
    section 4.2). Regression outputs that overfit are shrunk towards the mean in the same way. Only
    temperatures that the task's kind allows are tried.

    Parameters
    ----------
    layout : TaskLayout
        The tasks' order.
    losses : LabelLosses
        The loss of each label.
    outputs : tensor of shape (n, n_outputs)
    values, weight : tensors of shape (n, n_tasks)
        Encoded labels and their weights. A weight of None: all are 1.
    fine : bool, default=True
        Whether to try all temperatures. False: every other one.

    Returns
    -------
    temperature : tensor of shape (n_tasks,)
    """
    ones = torch.ones(len(layout), device=outputs.device)
    tried = TEMPERATURES.to(outputs.device)[:: 1 if fine else COARSE]
    likelihoods = torch.stack(
        [
            negative_log_likelihood(layout, losses, outputs / t, values, weight)
            for t in tried.tolist()
        ]
    )
    n_labels = torch.tensor(len(values)) if weight is None else (weight > 0).sum(0)
    spread = layout.per_task(lambda kind: kind.temperature_spread).to(outputs.device)
    prior = (tried.log()[:, None] / spread).square() / (2 * n_labels.clamp_min(1))
    total = likelihoods + prior
    lowest = layout.per_task(lambda kind: kind.lowest_temperature).to(outputs.device)
    total = torch.where(tried[:, None] < lowest, torch.inf, total)
    best = tried[total.nan_to_num(torch.inf).argmin(0)]
    chosen = layout.per_task(lambda kind: kind.calibrates).to(outputs.device) > 0
    if weight is not None:
        # Without a label there is nothing to choose by.
        chosen = chosen & (weight > 0).any(0)
    return torch.where(chosen, best, ones)
