"""Combine the outputs of an ensemble's members into one prediction for each task."""

from __future__ import annotations

from itertools import groupby

import torch
from torch import Tensor

from sklearn_3mtl.data.layout import TaskLayout

__all__ = ["combine_members"]


def combine_members(layout: TaskLayout, outputs: Tensor, shares: Tensor | None = None) -> Tensor:
    """Combine the members of an ensemble: their predictions or probabilities are averaged.

    Parameters
    ----------
    layout : TaskLayout
        The tasks' order.
    outputs : tensor of shape (n_members, n_samples, n_outputs)
        The outputs of each member.
    shares : tensor of shape (n_tasks, n_members) or None, default=None
        The share of each member in the average. None: all members have the same.

    Returns
    -------
    outputs : tensor of shape (n_samples, n_outputs)
    """
    if len(outputs) == 1:
        return outputs[0]
    if shares is not None:
        shares = shares.T.to(outputs)
    # A fixed order of summation, so that the bits of a task's predictions don't depend on which
    # other tasks there are.
    by_output = outputs.movedim(-1, 0).contiguous()
    parts, start, first = [], 0, 0
    for block in layout.blocks:
        for width, own in groupby(block.widths):
            n_tasks = len(list(own))
            stop = start + width * n_tasks
            members = by_output[start:stop].unflatten(0, (-1, width)).permute(2, 3, 0, 1)
            of_tasks = None if shares is None else shares[:, first : first + n_tasks]
            combined = block.kind.combine(members, of_tasks)
            parts.append(combined.permute(1, 2, 0).flatten(0, 1))
            start, first = stop, first + n_tasks
    return torch.cat(parts).T if parts else outputs[0]
