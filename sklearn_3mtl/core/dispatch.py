"""Send rows to the nets of their groups (task ids), and put outputs back into the rows' order."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

__all__ = ["GroupDispatch"]


class GroupDispatch:
    """Pads the rows of each group to one length, so that all groups' nets run as one batch.

    A group is the rows of one task id, which pass through nets of their own.

    Parameters
    ----------
    group : int64 tensor of shape (B,)
        Each row's group, as a number from 0.
    n_groups : int
        How many groups there are; some may have no row in the batch.
    n_columns : int
        How many nets each group has, one per column of y.
    n_members : int, default=1
        How many members of the ensemble there are; each has such nets, the members outermost.
    own_inputs : bool, default=True
        Whether the rows are repeated for each member. False: all members read one set of rows.
    """

    def __init__(
        self,
        group: Tensor,
        n_groups: int,
        n_columns: int,
        n_members: int = 1,
        own_inputs: bool = True,
    ) -> None:
        counts = torch.bincount(group, minlength=n_groups)
        order = torch.argsort(group, stable=True)
        starts = counts.cumsum(0) - counts
        place = torch.empty_like(group)
        place[order] = torch.arange(len(group), device=group.device) - starts[group[order]]
        self.n_groups, self.n_columns, self.n_members = n_groups, n_columns, n_members
        self.n_repeats = n_members if own_inputs else 1
        self.width = int(counts.max())
        self.slot = group * self.width + place

    def scatter(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Distribute inputs of B rows, each of shape (B, d), over the nets.

        Each becomes (n_repeats * n_groups * n_columns, width, d), where `width` is the number of
        rows of the largest group and n_repeats is n_members, or 1 if all members of the ensemble
        read one set of rows. Smaller groups are padded with zeros.
        """
        return {name: self._scatter(value) for name, value in inputs.items()}

    def _scatter(self, value: Tensor) -> Tensor:
        padded = value.new_zeros(self.n_groups * self.width, value.shape[-1])
        padded = padded.index_copy(0, self.slot, value)
        per_group = padded.view(1, self.n_groups, 1, self.width, value.shape[-1])
        return per_group.expand(self.n_repeats, -1, self.n_columns, -1, -1).flatten(0, 2)

    def gather(self, outputs: Tensor) -> Tensor:
        """Put the nets' outputs back into the order of the B rows.

        They are mapped from (n_members * n_groups, width, D), with `width` rows for each group,
        some of which are padding, to (n_members, B, D).
        """
        per_member = outputs.reshape(self.n_members, -1, outputs.shape[-1])
        return per_member.index_select(1, self.slot)
