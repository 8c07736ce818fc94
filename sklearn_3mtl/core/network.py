"""The network of every estimator: encoders, fusion, backbone, heads."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from sklearn_3mtl.core.adapted import AdaptedOutputs
from sklearn_3mtl.core.dispatch import GroupDispatch
from sklearn_3mtl.core.encoders import Block, ModalityEncoder, present_in
from sklearn_3mtl.core.fusion import FusedFeatures
from sklearn_3mtl.core.layers import SharedLayers
from sklearn_3mtl.core.prior import PriorColumns
from sklearn_3mtl.core.shape import NetworkShape
from sklearn_3mtl.core.stacked import side_by_side
from sklearn_3mtl.core.stages import Stage

__all__ = ["ThreeMTLNetwork"]


class ThreeMTLNetwork(nn.Module):
    """The network of every estimator: encoders, fusion, a backbone that tasks share, heads.

    Parameters
    ----------
    encoders : mapping of modality name to ModalityEncoder
        Each maps the inputs of a modality, a named group of columns of X, to features.
    fusion : FusedFeatures
        Maps the features of all modalities to one tensor of features.
    backbone : SharedLayers
        The layers between fused features and heads, which ``Sharing.build`` made.
    heads : nn.Module
        Maps features to the outputs of all tasks.
    shape : NetworkShape
        How many tasks, groups and members there are.
    prior : PriorColumns or None, default=None
        Adds a prior's outputs to the inputs of the backbone and to the outputs of the heads. None:
        there is no prior.
    """

    backbone: SharedLayers
    fusion: FusedFeatures
    prior: PriorColumns | None

    def __init__(
        self,
        encoders: Mapping[str, ModalityEncoder],
        fusion: FusedFeatures,
        backbone: SharedLayers,
        heads: nn.Module,
        shape: NetworkShape,
        prior: PriorColumns | None = None,
    ) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict(dict(encoders))
        self.fusion = fusion
        self.backbone = backbone
        self.heads = heads
        self.shape = shape
        self.prior = prior
        # What each `adapt` since the fit added to the heads' outputs.
        self.adaptations = nn.ModuleList()
        # How many task ids are known; `adapt` may add some.
        self.n_groups = shape.n_groups

    @property
    def n_members(self) -> int:
        """How many members the ensemble has."""
        return self.shape.n_members

    @property
    def n_views(self) -> int:
        """How many different features the heads of a member read; 1 if all tasks read the same."""
        return self.backbone.n_views

    @property
    def n_nets(self) -> int:
        """How many nets, without a common weight, each member of the ensemble consists of."""
        return self.n_views if self.backbone.has_own_nets else 1

    def shallow_copy(self) -> ThreeMTLNetwork:
        """A network with the same modules, of which some can then be replaced."""
        copied = copy.copy(self)
        # nn.Module keeps its parts in a dict, which copy.copy shares.
        copied._modules = dict(self._modules)
        return copied

    def forward(self, group: Tensor | None = None, **inputs: Tensor) -> Tensor:
        """Map the inputs of B rows to the outputs of all tasks.

        Parameters
        ----------
        group : int64 tensor of shape (B,) or None
            Each row's task id, as its position among the known ones; -1 for an unknown id.
        **inputs : tensors with B rows
            What the encoders read, by name.

        Returns
        -------
        outputs : tensor of shape (n_members, B, n_outputs)
        """
        if group is None or not self.shape.net_per_group:
            x = self.encode(inputs)
            return self.outputs(self.rows(x), x, group)
        dispatch = self._dispatch(group)
        z = self.features(self.encode(dispatch.scatter(inputs)))
        out = dispatch.gather(self.heads(z.flatten(0, 1), group))
        return out if self.prior is None else out + inputs["prior"]

    def _dispatch(self, group: Tensor) -> GroupDispatch:
        shape = self.shape
        assert shape.n_groups is not None
        own_inputs = not shape.members_share_weights
        return GroupDispatch(group, shape.n_groups, shape.n_tasks, shape.n_members, own_inputs)

    def encode(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """The fused features of all modalities.

        Returns
        -------
        x : tensor of shape (N, B, d), or (1, B, d)
            Of N independent encoders, the members outermost; 1 where all nets read the same. The
            last columns are the prior's outputs, if there is a prior.
        """
        encoders = cast(Mapping[str, ModalityEncoder], self.encoders)
        if self.fusion.is_concatenation:
            # In parts, because each concatenation copies all of them.
            fused = [part for encoder in encoders.values() for part in encoder.parts(inputs)]
        else:
            features = [_with_copies(encoder(inputs), 3) for encoder in encoders.values()]
            there = None if len(encoders) == 1 else present_in(encoders.values(), inputs)
            fused = [self.fusion(features, None if there is None else _with_copies(there, 3))]
        if self.prior is not None:
            fused.append(self.prior.columns(inputs["prior"]))
        return side_by_side([_with_copies(part, 3) for part in fused])

    def features(self, x: Tensor) -> Tensor:
        """The features that the heads read, of shape (n_members, n_views, B, d)."""
        z: Tensor = self.backbone(x)
        if z.dim() != 4 or z.shape[:2] != (self.n_members, self.n_views):
            raise ValueError(
                f"{type(self.backbone).__name__} should map fused features to features of shape "
                f"(n_members={self.n_members}, n_views={self.n_views}, B, n_out). "
                f"Found {tuple(z.shape)}."
            )
        return z

    def rows(self, x: Tensor) -> Tensor:
        """The features that the heads read, (n_members * n_views, B, d); (B, d) if both are 1."""
        rows = self.backbone.rows(x)
        return _rows(self.features(x)) if rows is None else rows

    def with_axes(self, rows: Tensor) -> Tensor:
        """Reshape the features that `rows` returned to (n_members, n_views, B, d)."""
        return rows.view(self.n_members, self.n_views, *rows.shape[-2:])

    def stages(self) -> list[Stage]:
        """The layers from the encoded inputs to the outputs, in the order of the forward pass.

        Corrections of the outputs that `adapt` added are left out.
        """
        return [*self.backbone.stages(), Stage.of(self.heads, is_head=True)]

    def outputs(self, z: Tensor, x: Tensor, group: Tensor | None) -> Tensor:
        """The heads' outputs with linear corrections by `adapt`, (n_members, B, n_outputs).

        Parameters
        ----------
        z : tensor
            The features that the heads read, as `features` or `rows` returned them.
        x : tensor
            The encoded inputs, as `encode` returned them.
        group : int64 tensor of shape (B,) or None
            Each row's task id.
        """
        rows = _rows(z) if z.dim() == 4 else z
        if not self.adaptations:
            return self.from_prior(_with_copies(self.heads(rows, group), 3), x)
        first = cast(AdaptedOutputs, self.adaptations[0])
        out = _with_copies(self.heads(rows, first.known_before(group)), 3)
        return self._adapted(self.from_prior(out, x), z, x, group)

    def from_prior(self, out: Tensor, x: Tensor) -> Tensor:
        """Add the prior's outputs, which `x` holds, to the heads' outputs."""
        return out if self.prior is None else self.prior.added_to(out, x)

    def with_corrections(self, out: Tensor, x: Tensor) -> Tensor:
        """Apply the linear corrections of `adapt` to outputs, given the encoded inputs `x`."""
        return self._adapted(out, self.features(x), x, None) if self.adaptations else out

    def _adapted(self, out: Tensor, z: Tensor, x: Tensor, group: Tensor | None) -> Tensor:
        frozen = self.frozen_features(z if z.dim() == 4 else self.with_axes(z), x)
        for adaptation in self.adaptations:
            out = adaptation(out, frozen, group)
        return out

    def frozen_features(self, z: Tensor, x: Tensor) -> Tensor:
        """The inputs of corrections, the linear layers that `adapt` adds, (n_members, B, d).

        They are the features `z` that the heads read, and the encoded inputs `x`, side by side.
        """
        views = z.transpose(1, 2).flatten(2)
        # Where each net has encoders of its own, those of a member's first net are read.
        own = x[:: len(x) // self.n_members] if len(x) > 1 else x
        if self.prior is not None and self.prior.read_by is not None:
            offset = self.prior.offset(x).expand(len(own), -1, -1)
            own = torch.cat([own[..., : -self.prior.n_out], offset], dim=-1)
        return torch.cat([views, own.expand(len(views), -1, -1)], dim=-1)

    @property
    def blocks(self) -> list[int]:
        """Widths of the blocks of `frozen_features`.

        They are the features that the heads read, then the blocks of encoded inputs.
        """
        return [self.backbone.n_out * self.n_views, *(b.width for b in self._encoded_blocks)]

    @property
    def views(self) -> list[list[float]]:
        """Three ways to weight the blocks of `frozen_features`, each a list of a share per block.

        They take the features that the heads read, the encoded inputs, or the plain inputs without
        embeddings of numbers. A share is that of the variance, up to a factor.
        """
        encoded = self._encoded_blocks
        return [
            [1.0, *(0.0 for _ in encoded)],
            [0.0, *(block.encoded for block in encoded)],
            [0.0, *(block.plain for block in encoded)],
        ]

    @property
    def _encoded_blocks(self) -> list[Block]:
        encoders = cast(Mapping[str, ModalityEncoder], self.encoders)
        found = [block for encoder in encoders.values() for block in encoder.blocks]
        if not self.fusion.is_concatenation:
            total = sum(block.encoded for block in found)
            found = [Block(self.fusion.n_out, total, total)]
        # Each output of the prior counts as one column.
        n_prior = 0 if self.prior is None else self.prior.n_out
        return [*found, Block(n_prior, n_prior, n_prior)] if n_prior else found

    def transform(self, group: Tensor | None = None, **inputs: Tensor) -> Tensor:
        """The features that the heads read, as a matrix of B rows.

        Those of all members of the ensemble, and of all nets where tasks have separate ones, stand
        side by side. If each task id has nets of its own and `group` is given, a row has the
        features of the nets of its id only.
        """
        if group is not None and self.shape.net_per_group:
            dispatch = self._dispatch(group)
            z = self.features(self.encode(dispatch.scatter(inputs))).flatten(0, 1)
            side_by_side = z.unflatten(0, (-1, self.shape.n_tasks)).transpose(1, 2).flatten(2)
            z = dispatch.gather(side_by_side)
        else:
            z = self.features(self.encode(inputs)).flatten(0, 1)
        return z.transpose(0, 1).flatten(1)

    def owners(self) -> dict[str, Tensor]:
        """For each parameter, by name, the net that each of its entries belongs to.

        Each tensor broadcasts to its parameter's shape. The nets of a member are numbered from 0;
        for a member of the second kind the numbers go on where those of the first end. The same
        nets of all members of a kind have one number. Empty if there is only one number.
        """
        shape, n_nets = self.shape, self.n_nets
        if n_nets * shape.n_kinds == 1:
            return {}
        found: dict[str, Tensor] = {}
        for prefix, module in self.named_modules():
            if not hasattr(module, "owners") or module is self:
                continue
            owners = torch.tensor(module.owners) if n_nets > 1 else torch.zeros(len(module.owners))
            kinds = torch.tensor(shape.kinds)
            if shape.n_kinds > 1:
                owners = owners + n_nets * kinds.repeat_interleave(len(owners) // len(kinds))
            axis = getattr(module, "axis_of_owners", 0)
            for name, parameter in module.named_parameters():
                behind = (1,) * (parameter.dim() - 1 - axis)
                own = owners.long().view(*(1,) * axis, -1, *behind)
                found[f"{prefix}.{name}" if prefix else name] = own
        return found


def _rows(z: Tensor) -> Tensor:
    # A single net's heads are plain layers.
    return z.flatten(0, 2 if z.shape[0] * z.shape[1] == 1 else 1)


def _with_copies(value: Tensor, n_dims: int) -> Tensor:
    """Put an axis of copies, of length 1, in front of a tensor with fewer than `n_dims` axes."""
    return value if value.dim() == n_dims else value.unsqueeze(0)
