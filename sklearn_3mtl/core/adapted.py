"""The linear corrections, on frozen features, that `adapt` adds to the heads' outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from sklearn_3mtl.core.smooth import SmoothFeatures
from sklearn_3mtl.core.stacked import aligned

__all__ = ["AdaptedOutputs", "GroupCorrection", "SharedCorrection"]


class _Correction(nn.Module):
    """A linear layer on frozen features that corrects the outputs of the heads.

    The outputs become ``kept * outputs + features @ weight.T + bias``.
    """

    weight: nn.Parameter
    bias: nn.Parameter
    kept: Tensor

    def fill(self, weight: Tensor, bias: Tensor, kept: Tensor) -> None:
        """Copy a solution into the layer: its weights, its bias and the factor of the outputs."""
        self.weight.data.copy_(weight)
        self.bias.data.copy_(bias)
        self.kept.copy_(kept)


class SharedCorrection(_Correction):
    """A linear layer on frozen features that corrects some of the outputs, for all rows.

    Parameters
    ----------
    n_in : int
        Width of the features.
    columns : sequence of int
        Positions of the outputs that it corrects.
    n_members : int
        How many members of the ensemble there are; each has weights of its own.
    """

    def __init__(self, n_in: int, columns: Sequence[int], n_members: int) -> None:
        super().__init__()
        self.register_buffer("columns", torch.tensor(columns), persistent=False)
        self.register_buffer("kept", torch.ones(len(columns), dtype=torch.float32))
        self.weight = nn.Parameter(torch.zeros(n_members, len(columns), n_in, dtype=torch.float32))
        self.bias = nn.Parameter(torch.zeros(n_members, len(columns), dtype=torch.float32))

    def forward(self, out: Tensor, features: Tensor, group: Tensor | None) -> Tensor:
        """Correct the outputs of M members of the ensemble for B rows.

        Outputs have shape (M, B, n_outputs), features (M, B, d). The group is not read.
        """
        rows, weight = aligned(features, self.weight)
        added = torch.baddbmm(self.bias.unsqueeze(1), rows, weight.transpose(1, 2))
        columns = cast(Tensor, self.columns)
        kept = out.index_select(-1, columns) * self.kept
        return out.index_copy(-1, columns, kept + added)


class GroupCorrection(_Correction):
    """Linear layers on frozen features that correct some outputs, one for each adapted task id.

    A group is the rows of one task id.

    Parameters
    ----------
    n_in : int
        Width of the features.
    columns : sequence of int
        Positions of the outputs that they correct.
    groups : sequence of int
        Positions of the adapted groups among all groups.
    n_members : int
        How many members of the ensemble there are; each has weights of its own.
    """

    def __init__(
        self, n_in: int, columns: Sequence[int], groups: Sequence[int], n_members: int
    ) -> None:
        super().__init__()
        self.register_buffer("columns", torch.tensor(columns), persistent=False)
        self.register_buffer("groups", torch.tensor(groups), persistent=False)
        kept = torch.ones(len(groups), len(columns), dtype=torch.float32)
        self.register_buffer("kept", kept)
        self.weight = nn.Parameter(
            torch.zeros(len(groups), n_members, len(columns), n_in, dtype=torch.float32)
        )
        self.bias = nn.Parameter(
            torch.zeros(len(groups), n_members, len(columns), dtype=torch.float32)
        )

    def forward(self, out: Tensor, features: Tensor, group: Tensor | None) -> Tensor:
        """Correct the outputs of rows whose group (task id) was adapted; keep those of other rows.

        Outputs have shape (M, B, n_outputs) for M members of the ensemble, features (M, B, d).
        """
        assert group is not None
        known = group.unsqueeze(1) == cast(Tensor, self.groups)
        adapted = known.any(1)
        place = known.to(torch.int8).argmax(1)[adapted]
        rows = features[:, adapted].transpose(0, 1)
        rows, weight = aligned(rows, self.weight)
        added = (weight[place] @ rows.unsqueeze(-1)).squeeze(-1) + self.bias[place]
        columns = cast(Tensor, self.columns)
        full = out.index_select(-1, columns)
        full[:, adapted] = full[:, adapted] * self.kept[place] + added.transpose(0, 1)
        return out.index_copy(-1, columns, full)


class AdaptedOutputs(nn.Module):
    """Maps the outputs before an adaptation to those after it.

    It adds outputs for new tasks, reorders the outputs and corrects some of them by linear layers
    on frozen features. The others stay the same to the bit. A group is the rows of one task id.

    Parameters
    ----------
    n_before : int
        How many outputs there were before.
    order : sequence of int
        For each output after the adaptation, its position before. -1 for an output that starts at
        0, such as that of a new task.
    n_base_groups : int or None
        How many groups were known before. Heads and earlier corrections treat later groups as
        unknown. None where no layer depends on the group.
    corrections : sequence of nn.Module
        The corrections, in the order in which they are applied.
    smooth : SmoothFeatures or None
        Appends smooth features to the frozen ones that the corrections read. None appends nothing.
    """

    def __init__(
        self,
        n_before: int,
        order: Sequence[int],
        n_base_groups: int | None,
        corrections: Sequence[nn.Module],
        smooth: SmoothFeatures | None = None,
    ) -> None:
        super().__init__()
        self.smooth = smooth
        self.n_base_groups = n_base_groups
        self.n_new = sum(column < 0 for column in order)
        # `forward` appends the new outputs to the old ones before it reorders them.
        fresh = iter(range(n_before, n_before + self.n_new))
        columns = [column if column >= 0 else next(fresh) for column in order]
        in_order = columns == list(range(n_before + self.n_new))
        index = None if in_order else torch.tensor(columns, dtype=torch.int64)
        self.register_buffer("order", index, persistent=False)
        self.corrections = nn.ModuleList(corrections)

    def known_before(self, group: Tensor | None) -> Tensor | None:
        """Each row's group (task id) before the adaptation; -1 for groups added by it or later."""
        if group is None or self.n_base_groups is None:
            return group
        return torch.where(group < self.n_base_groups, group, -1)

    def forward(self, out: Tensor, features: Tensor, group: Tensor | None = None) -> Tensor:
        """Map the outputs before the adaptation to those after it, (M, B, n_after).

        Parameters
        ----------
        out : tensor of shape (M, B, n_before)
            The outputs before.
        features : tensor of shape (M, B, d)
            The frozen features of each of the M members of the ensemble.
        group : tensor of shape (B,) or None
            Each row's group (task id).
        """
        if self.n_new:
            out = torch.cat([out, out.new_zeros(*out.shape[:-1], self.n_new)], dim=-1)
        if self.order is not None:
            out = out.index_select(-1, cast(Tensor, self.order))
        features = features if self.smooth is None else self.smooth(features)
        for correction in self.corrections:
            out = correction(out, features, group)
        return out
