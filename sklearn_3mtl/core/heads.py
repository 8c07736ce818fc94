"""Heads map features to each task's outputs, by stacked layers instead of a loop over tasks.

The heads of a single net map (B, d) to (B, n_outputs). An ensemble has M members, whose heads read
V views: the same features for all tasks if V is 1, else different features for different tasks.
These heads map (M * V, B, d), the members outermost, to (M, B, n_outputs).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies, StackedLinear, aligned

__all__ = ["GroupHeads", "Heads", "LinearHeads", "StackedHeads"]


# Adam moves each weight by about the learning rate per step, however small the gradient. Without
# this factor, a group's deviation would learn from few rows what the common heads should learn.
DEVIATION_SCALE = 0.3


class LinearHeads(nn.Module):
    """One linear layer for all tasks on common features.

    Parameters
    ----------
    n_in : int
        Width of the features.
    widths : mapping of str to int
        Task name to number of outputs, in the order of the outputs. The name seeds the weights.
    seed : Seed
        The heads' seed.
    members : sequence of int, default=(0,)
        The members of the ensemble; each has heads of its own.
    """

    is_linear = True

    def __init__(
        self, n_in: int, widths: Mapping[str, int], seed: Seed, members: Sequence[int] = (0,)
    ) -> None:
        super().__init__()
        n_out, n_members = sum(widths.values()), len(members)
        self.owners = (0,) * n_members
        weight = torch.empty(n_members, n_out, n_in, dtype=torch.float32)
        bias = torch.empty(n_members, n_out, dtype=torch.float32)
        bound, start = (n_in**-0.5 if n_in else 0.0), 0
        for name, width in widths.items():
            names = Copies([name]).times(members).names
            for m, generator in enumerate(Copies([f"{n}/0" for n in names]).generators(seed)):
                weight[m, start : start + width].uniform_(-bound, bound, generator=generator)
                bias[m, start : start + width].uniform_(-bound, bound, generator=generator)
            start += width
        self.weight = nn.Parameter(weight if n_members > 1 else weight[0].clone())
        self.bias = nn.Parameter(bias if n_members > 1 else bias[0].clone())

    def start_at_zero(self) -> None:
        """Let all outputs be 0 until the heads are trained."""
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, z: Tensor, group: Tensor | None = None) -> Tensor:
        """Map features of shape (B, n_in) to outputs of shape (B, n_outputs).

        With M members of the ensemble, map (M, B, n_in) to (M, B, n_outputs).
        """
        weight: Tensor = self.weight
        if not self.training:
            z, weight = aligned(z, weight)
        if weight.dim() == 2:
            return F.linear(z, weight, self.bias)
        return torch.baddbmm(self.bias.unsqueeze(1), z, weight.transpose(1, 2))


class GroupHeads(nn.Module):
    """Heads common to all groups; a linear layer of each group is added to their outputs.

    A group is the rows of one task id.

    These layers, the deviations, start at zero, and weight decay keeps them small: a group with few
    rows stays near the common heads. A group that was never seen (index -1) has no deviation.

    Parameters
    ----------
    n_in : int
        Width of the features.
    n_outputs : int
        How many outputs all tasks have together.
    n_groups : int
        How many groups there are.
    common : nn.Module
        The heads common to all groups.
    n_members : int, default=1
        How many members of the ensemble there are; each has heads of its own.
    view_of_output : sequence of int or None, default=None
        For each output, the position of the features (the view) that it reads. None where all read
        the same.
    """

    # Which axis of the deviations lists the members.
    axis_of_owners = 1

    def __init__(
        self,
        n_in: int,
        n_outputs: int,
        n_groups: int,
        common: nn.Module,
        n_members: int = 1,
        view_of_output: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.common = common
        self.n_members, self.n_outputs = n_members, n_outputs
        width = n_members * n_outputs * (n_in + 1)
        self.deviation = nn.Parameter(torch.zeros(n_groups + 1, width, dtype=torch.float32))
        views = None if view_of_output is None else torch.tensor(view_of_output)
        self.register_buffer("view_of_output", views, persistent=False)
        of_outputs = [0] * n_outputs if view_of_output is None else view_of_output
        self.owners = tuple(np.repeat(of_outputs, n_in + 1).tolist()) * n_members

    def start_at_zero(self) -> None:
        """Let all outputs be 0 until the heads are trained; the deviations start at 0 anyway."""
        cast(LinearHeads | Heads, self.common).start_at_zero()

    def forward(self, z: Tensor, group: Tensor) -> Tensor:
        """Map features of B rows, and each row's group (-1 if it is unknown), to outputs."""
        unknown = len(self.deviation) - 1
        rows = torch.where(group < 0, unknown, group)
        # The last row is the padding row: it gets no gradient and stays zero.
        own = DEVIATION_SCALE * F.embedding(rows, self.deviation, padding_idx=unknown)
        if self.view_of_output is not None:
            out: Tensor = self.common(z) + self._of_views(own, z)
            return out
        own = own.view(len(rows) * self.n_members, self.n_outputs, -1)
        per_row = z if z.dim() == 2 else z.transpose(0, 1).flatten(0, 1)
        deviation = torch.baddbmm(own[..., -1:], own[..., :-1], per_row.unsqueeze(2)).squeeze(2)
        if z.dim() == 3:
            deviation = deviation.unflatten(0, (-1, self.n_members)).transpose(0, 1)
        return self.common(z) + deviation

    def _of_views(self, own: Tensor, z: Tensor) -> Tensor:
        """What the groups' own layers add, where outputs read different features."""
        of_output = cast(Tensor, self.view_of_output)
        views = z.unflatten(0, (self.n_members, -1)).index_select(1, of_output)
        own = own.view(len(own), self.n_members, self.n_outputs, -1).permute(1, 2, 0, 3)
        deviation: Tensor = (own[..., :-1] * views).sum(-1) + own[..., -1]
        return deviation.transpose(1, 2).squeeze(0)


class StackedHeads(nn.Module):
    """Heads of one shape, run as one batched product, on common features or on features per task.

    The copies are ordered by member (outermost), then by group, then by task.

    Parameters
    ----------
    n_in : int
        Width of the features.
    widths : sequence of int
        Width of each layer, hidden ones first, the number of outputs last.
    views : sequence of int
        For each of these tasks, the position of the features (the view) that it reads.
    n_views : int
        How many views there are; where each group has nets of its own, how many per group.
    copies : Copies
        A copy for each task of each group of each member.
    seed : Seed
        The heads' seed.
    """

    def __init__(
        self,
        n_in: int,
        widths: Sequence[int],
        views: Sequence[int],
        n_views: int,
        copies: Copies,
        seed: Seed,
    ) -> None:
        super().__init__()
        self.views, self.n_views = list(views), n_views
        self.in_order = self.views == list(range(n_views))
        named = [Copies([f"{n}/{depth}" for n in copies.names], copies.owners)
                 for depth in range(len(widths))]  # fmt: skip
        layers: list[nn.Module] = []
        for depth, (d_in, d_out) in enumerate(zip([n_in, *widths], widths, strict=False)):
            layers += [StackedLinear(d_in, d_out, named[depth], seed), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def start_at_zero(self) -> None:
        """Let all outputs be 0 until the heads are trained."""
        last = cast(StackedLinear, self.layers[-1])
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, z: Tensor, group: Tensor | None = None) -> Tensor:
        """Map features to the outputs of these tasks."""
        if z.dim() == 3 and self.n_views == 1:
            z = z.repeat_interleave(len(self.views), 0)
        elif z.dim() == 3 and not self.in_order:
            z = z.unflatten(0, (-1, self.n_views))[:, self.views].flatten(0, 1)
        out: Tensor = self.layers(z)
        if out.dim() == 2:
            return out
        side_by_side: Tensor = out.unflatten(0, (-1, len(self.views))).transpose(1, 2).flatten(2)
        return side_by_side.squeeze(0)


class Heads(nn.Module):
    """The heads of all tasks, made of blocks that each give the outputs of some tasks.

    Parameters
    ----------
    blocks : sequence of nn.Module
        Each gives the outputs of some tasks.
    order : sequence of int
        Output i is column ``order[i]`` of the concatenated outputs of the blocks.
    """

    def __init__(self, blocks: Sequence[nn.Module], order: Sequence[int]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        in_order = list(order) == list(range(len(order)))
        self.register_buffer("order", None if in_order else torch.tensor(order), persistent=False)

    def start_at_zero(self) -> None:
        """Let all outputs be 0 until the heads are trained, apart from those of users' modules."""
        for block in self.blocks:
            if isinstance(block, StackedHeads):
                block.start_at_zero()

    def forward(self, z: Tensor, group: Tensor | None = None) -> Tensor:
        """Map features to the outputs of all tasks, (..., n_outputs)."""
        of_blocks: list[Tensor] = [block(z, group) for block in self.blocks]
        if len(of_blocks) == 1:
            return of_blocks[0]
        out = torch.cat(of_blocks, dim=-1)
        return out if self.order is None else out.index_select(-1, cast(Tensor, self.order))
