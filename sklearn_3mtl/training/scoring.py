"""The score of every task on encoded labels, as tensors."""

from __future__ import annotations

import torch
from torch import Tensor

from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.objective.losses import LabelLosses

__all__ = ["column_scores"]


def column_scores(
    layout: TaskLayout, losses: LabelLosses, outputs: Tensor, values: Tensor, weight: Tensor
) -> Tensor:
    """R2 of regression tasks and accuracy of classification tasks, NaN where undefined.

    Parameters
    ----------
    layout : TaskLayout
        The tasks' order.
    losses : LabelLosses
        Knows which outputs are whose logits.
    outputs : tensor of shape (n, n_outputs) or (n_members, n, n_outputs)
        Of one net or of several members, whose predictions are judged one by one.
    values, weight : tensors of shape (n, n_tasks); a weight also of shape (n_members, n, n_tasks)
        Encoded labels; a weight of 0 takes a label out.

    Returns
    -------
    scores : tensor of shape (n_tasks,)
    """
    if outputs.dim() == 3:
        n_members = len(outputs)
        weight = weight.expand(n_members, -1, -1).flatten(0, 1)
        outputs, values = outputs.flatten(0, 1), values.repeat(n_members, 1)
    r, s = layout.n_regression, losses.n_single
    mass = weight.sum(0)
    parts = []
    if r:
        mean = (weight[:, :r] * values[:, :r]).sum(0) / mass[:r]
        residual = (weight[:, :r] * (values[:, :r] - outputs[:, :r]).square()).sum(0)
        spread = (weight[:, :r] * (values[:, :r] - mean).square()).sum(0)
        parts.append(torch.where(spread > 0, 1 - residual / spread, torch.nan))
    correct = []
    if losses.n_binary:
        correct.append((outputs[:, r:s] > 0) == (values[:, r:s] > 0.5))
    if losses.n_multiclass:
        predicted = losses.multiclass_logits(outputs).argmax(-1)
        correct.append(predicted == values[:, s:])
    if correct:
        hits = torch.cat(correct, dim=1) * weight[:, r:]
        parts.append(hits.sum(0) / mass[r:])
    return torch.cat(parts)
