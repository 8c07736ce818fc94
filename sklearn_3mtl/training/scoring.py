"""Scores of the tasks on encoded labels, and the mean of their losses, as tensors."""

from __future__ import annotations

import torch
from torch import Tensor

from sklearn_3mtl.data.layout import TaskLayout

__all__ = ["column_scores", "mean_over_tasks"]


def column_scores(layout: TaskLayout, outputs: Tensor, values: Tensor, weight: Tensor) -> Tensor:
    """The score of each task, as its kind defines it; NaN if undefined.

    Parameters
    ----------
    layout : TaskLayout
        The tasks' order.
    outputs : tensor of shape (n, n_outputs) or (n_members, n, n_outputs)
        Outputs of one network, or of several members, whose predictions are scored separately.
    values, weight : tensors of shape (n, n_tasks); a weight also of shape (n_members, n, n_tasks)
        Encoded labels and their weights. Labels of weight 0 are ignored.

    Returns
    -------
    scores : tensor of shape (n_tasks,)
    """
    if outputs.dim() == 3:
        n_members = len(outputs)
        weight = weight.expand(n_members, -1, -1).flatten(0, 1)
        outputs, values = outputs.flatten(0, 1), values.repeat(n_members, 1)
    return torch.cat(
        [
            block.kind.score(block.of(outputs), values[:, block.tasks], weight[:, block.tasks])
            for block in layout.blocks
        ]
    )


def mean_over_tasks(losses: Tensor, weight: Tensor | None) -> Tensor:
    """The weighted mean of the losses that are not NaN.

    Parameters
    ----------
    losses : tensor of shape (n_units,)
        The loss of each task, or of each task in each group.
    weight : tensor of shape (n_tasks,) or None
        The weight of each task. None: all weights are 1.
    """
    if weight is None:
        return losses.nanmean()
    weight = weight.repeat(len(losses) // len(weight))
    there = ~losses.isnan() & (weight > 0)
    return (weight * losses)[there].sum() / weight[there].sum()
