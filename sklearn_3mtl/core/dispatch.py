"""Rows to the net of their own group, and the answers back to the rows."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

__all__ = ["GroupDispatch"]


class GroupDispatch:
    """Pads the rows of each group to one length, so that all groups' nets run as one batch.

    Parameters
    ----------
    group : int64 tensor of shape (B,)
        Each row's group, from 0.
    n_groups : int
        How many groups there are; most have few rows in a batch, or none.
    n_columns : int
        How many nets each group has, one per column of y.
    """

    def __init__(self, group: Tensor, n_groups: int, n_columns: int) -> None:
        counts = torch.bincount(group, minlength=n_groups)
        order = torch.argsort(group, stable=True)
        starts = counts.cumsum(0) - counts
        place = torch.empty_like(group)
        place[order] = torch.arange(len(group), device=group.device) - starts[group[order]]
        self.n_groups, self.n_columns = n_groups, n_columns
        self.width = int(counts.max())
        self.slot = group * self.width + place

    def scatter(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Map (B, d) to (n_groups * n_columns, width, d), padded with zeros."""
        return {name: self._scatter(value) for name, value in inputs.items()}

    def _scatter(self, value: Tensor) -> Tensor:
        padded = value.new_zeros(self.n_groups * self.width, value.shape[-1])
        padded = padded.index_copy(0, self.slot, value)
        per_group = padded.view(self.n_groups, 1, self.width, value.shape[-1])
        return per_group.expand(-1, self.n_columns, -1, -1).flatten(0, 1)

    def gather(self, outputs: Tensor) -> Tensor:
        """Map (n_groups, width, D) to (B, D)."""
        return outputs.flatten(0, 1).index_select(0, self.slot)
