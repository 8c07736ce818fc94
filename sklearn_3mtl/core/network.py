"""The network of every estimator: encoders, fusion, backbone, heads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from sklearn_3mtl.core.adapted import AdaptedOutputs, side_by_side
from sklearn_3mtl.core.dispatch import GroupDispatch
from sklearn_3mtl.core.encoders import Block, TabularEncoder
from sklearn_3mtl.core.stages import Stage

__all__ = ["SharedLayers", "ThreeMTLNetwork"]


class SharedLayers(nn.Module, ABC):
    """The layers between fusion and heads, shared by the tasks in some way.

    Attributes
    ----------
    n_out : int
        Width of the features that a head reads.
    has_cut : bool
        Whether one tensor z separates shared layers from the tasks' own.
    """

    n_out: int
    has_cut: bool = True

    @abstractmethod
    def shared(self, x: Tensor) -> Tensor:
        """Map fused features to z, the features at the cut."""

    @abstractmethod
    def per_task(self, z: Tensor, x: Tensor) -> Tensor:
        """Map z to the features that the heads read: (B, n_out) or (n_tasks, B, n_out)."""

    def forward(self, x: Tensor) -> Tensor:
        """Map fused features to those that the heads read."""
        return self.per_task(self.shared(x), x)

    def stages(self) -> list[Stage]:
        """The layers as a chain of stages; one that has none to tell apart is one stage."""
        return [Stage.of(self)]


class ThreeMTLNetwork(nn.Module):
    """Modalities -> encoders -> fusion -> backbone, shared as `sharing` says -> heads.

    Parameters
    ----------
    encoders : dict of modality name to nn.Module
        Each maps the inputs to features.
    fusion : nn.Module
        Maps a list of features to one.
    backbone : SharedLayers
        What ``Sharing.build`` gave: ``shared(x) -> z`` and ``per_task(z, x) -> features``.
    heads : nn.Module
        Maps features to the outputs of all tasks.
    n_tasks : int
        How many columns y has.
    n_nets : int
        How many independent nets each member holds: 1, or one per task where nothing is shared.
    n_groups : int or None
        How many groups of rows (tasks of the long layout) have layers of their own. None where no
        layer depends on the group.
    n_members : int, default=1
        How many members of an ensemble this module holds, each with outputs of its own.
    independent : bool, default=True
        Whether the members share no weights.
    """

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        fusion: nn.Module,
        backbone: SharedLayers,
        heads: nn.Module,
        *,
        n_tasks: int,
        n_nets: int,
        n_groups: int | None,
        n_members: int = 1,
        independent: bool = True,
    ) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict(dict(encoders))
        self.fusion = fusion
        self.backbone = backbone
        self.heads = heads
        self.n_tasks, self.n_nets, self.n_groups = n_tasks, n_nets, n_groups
        self.n_members, self.independent = n_members, independent
        # What was added to the heads' outputs since the fit, in turn.
        self.adaptations = nn.ModuleList()

    backbone: SharedLayers

    @property
    def has_net_per_group(self) -> bool:
        """Whether rows of different groups pass through different nets."""
        return self.n_groups is not None and self.n_nets == self.n_groups * self.n_tasks > 1

    def forward(self, group: Tensor | None = None, **inputs: Tensor) -> Tensor:
        """Map the inputs of B rows to the outputs of all tasks.

        Parameters
        ----------
        group : int64 tensor of shape (B,) or None
            Each row's group, -1 for one that was never seen.
        **inputs : tensors with B rows
            What the encoders read, by name.

        Returns
        -------
        outputs : tensor of shape (B, n_outputs), or (n_members, B, n_outputs) for several members
        """
        if group is None or not self.has_net_per_group:
            return self.features_and_outputs(group, **inputs)[1]
        dispatch = self._dispatch(group)
        z = self.features(self.encode(dispatch.scatter(inputs)))
        return dispatch.gather(self.heads(z, group))

    def features_and_outputs(
        self, group: Tensor | None = None, **inputs: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The features that the heads read, and the outputs, where rows share the features."""
        x = self.encode(inputs)
        z = self.features(x)
        return z, self.outputs(z, x, group)

    def _dispatch(self, group: Tensor) -> GroupDispatch:
        assert self.n_groups is not None
        return GroupDispatch(
            group, self.n_groups, self.n_tasks, self.n_members, own_inputs=self.independent
        )

    def encode(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The fused features of all modalities: (B, d), or (K, B, d) where each net has its own."""
        return self.fusion([encoder(inputs) for encoder in self.encoders.values()])

    def features(self, x: Tensor) -> Tensor:
        """The features that the heads read: (B, d), or (n_members * n_nets, B, d) for several."""
        return self.backbone(x)

    def stages(self) -> list[Stage]:
        """The chain from the encoded inputs to the outputs, what was adapted aside."""
        return [*self.backbone.stages(), Stage.of(self.heads, is_head=True)]

    def outputs(self, z: Tensor, x: Tensor, group: Tensor | None) -> Tensor:
        """The heads' outputs, and what adapting added to them."""
        if not self.adaptations:
            return self.heads(z, group)
        first = cast(AdaptedOutputs, self.adaptations[0])
        out = self.heads(z, first.known_before(group))
        frozen = self.frozen_features(z, x)
        for adaptation in self.adaptations:
            out = adaptation(out, frozen, group)
        return out

    def with_corrections(self, out: Tensor, x: Tensor) -> Tensor:
        """What adapting added to outputs that were made of encoded inputs in another way."""
        if not self.adaptations:
            return out
        frozen = self.frozen_features(self.features(x), x)
        for adaptation in self.adaptations:
            out = adaptation(out, frozen, None)
        return out

    def frozen_features(self, z: Tensor, x: Tensor) -> Tensor:
        """What a correction reads of each row, (n_members, B, d): z, and the encoded inputs."""
        z = side_by_side(z, self.n_nets)
        z = z if z.dim() == 3 else z.unsqueeze(0)
        # Where each net encodes for itself, the first of each member stands for the others.
        x = x if x.dim() == 2 else x[:: self.n_nets]
        return torch.cat([z, x.expand(len(z), -1, -1)], dim=-1)

    @property
    def blocks(self) -> list[int]:
        """Widths of the blocks of `frozen_features`: z, and those of the encoded inputs."""
        return [self.backbone.n_out * self.n_nets, *(b.width for b in self._encoded_blocks)]

    @property
    def views(self) -> list[list[float]]:
        """What share of each view each block has: z, the inputs encoded, and the inputs plain."""
        encoded = self._encoded_blocks
        return [
            [1.0, *(0.0 for _ in encoded)],
            [0.0, *(block.encoded for block in encoded)],
            [0.0, *(block.plain for block in encoded)],
        ]

    @property
    def _encoded_blocks(self) -> list[Block]:
        encoders = cast(dict[str, TabularEncoder], self.encoders)
        return [block for encoder in encoders.values() for block in encoder.blocks]

    def transform(self, group: Tensor | None = None, **inputs: Tensor) -> Tensor:
        """The features of B rows as one matrix; those of several nets stand side by side."""
        if group is not None and self.has_net_per_group:
            dispatch = self._dispatch(group)
            z = self.features(self.encode(dispatch.scatter(inputs)))
            z = dispatch.gather(z.unflatten(0, (-1, self.n_tasks)).transpose(1, 2).flatten(2))
        else:
            z = self.features(self.encode(inputs))
        return z if z.dim() == 2 else z.transpose(0, 1).flatten(1)

    def owners(self) -> dict[str, Tensor]:
        """For each parameter the net that each entry of its first axis belongs to.

        Empty where the module holds one net.
        """
        if self.n_nets == 1:
            return {}
        found: dict[str, Tensor] = {}
        for prefix, module in self.named_modules():
            if not hasattr(module, "owners") or module is self:
                continue
            owners = torch.tensor(module.owners)
            for name, _ in module.named_parameters():
                found[f"{prefix}.{name}" if prefix else name] = owners
        return found
