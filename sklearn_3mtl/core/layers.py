"""The layers between the fused features and the heads, which a sharing method builds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.core.stages import Stage

__all__ = ["BackboneFactory", "Layers", "SharedLayers"]

BackboneFactory = Callable[[int, Copies, Seed], nn.Module]


@dataclass(frozen=True)
class Layers:
    """The backbone that the user chose, for a sharing method to build from.

    Parameters
    ----------
    make : callable (n_in, copies, seed) -> nn.Module
        Makes independent copies of the backbone.
    n_in : int
        Width of the fused features.
    members : sequence of int
        The members of the ensemble that are built.
    shares_members : bool
        Whether one backbone holds all members.
    encoders : sequence of str
        The names of the encoders' copies; "shared" for a copy that several tasks share.
    """

    make: BackboneFactory
    n_in: int
    members: Sequence[int]
    shares_members: bool
    encoders: Sequence[str]

    @property
    def n_members(self) -> int:
        """How many members of the ensemble are built."""
        return len(self.members)

    def copies(self, names: Sequence[str]) -> Copies:
        """A copy of the backbone for each of some names and each member of the ensemble.

        The members are outermost. Where one backbone holds all members, there is a copy for each
        name only.
        """
        return Copies(names).times([0] if self.shares_members else self.members)

    def backbone(self, names: Sequence[str], seed: Seed) -> nn.Module:
        """Build a backbone for each of some names and each member of the ensemble, as one module.

        Returns
        -------
        backbone : nn.Module
            Maps (N, B, n_in) to (n_members * n_names, B, backbone.n_out). N is
            n_members * n_names; n_names where one backbone holds all members; or 1 for an input
            common to all.
        """
        return self.make(self.n_in, self.copies(names), seed)


class SharedLayers(nn.Module, ABC):
    """The layers between fused features and heads, shared by the tasks in some way.

    A view is the features that a task's head reads. There is one view if all tasks read the same
    features, and one view per task if a gate or a net of its own gives each task different ones.

    Attributes
    ----------
    n_out : int
        Width of the features.
    view_of_task : sequence of int
        The view that each task's head reads.
    has_own_nets : bool
        Whether each view comes from a net of its own, which shares nothing with the others.
    """

    n_out: int
    view_of_task: Sequence[int]
    has_own_nets: bool = False

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Map fused features to the features that the heads read.

        Parameters
        ----------
        x : tensor of shape (N, B, d), or (1, B, d)
            The fused features of N copies of the encoders, the members outermost. 1 where they are
            common to all.

        Returns
        -------
        features : tensor of shape (n_members, n_views, B, n_out)
        """

    def rows(self, x: Tensor) -> Tensor | None:
        """The features that `forward` computes, with members of the ensemble and views in one axis.

        A subclass defines it where it is faster than `forward`.

        Returns
        -------
        rows : tensor of shape (n_members * n_views, B, n_out), or (B, n_out) of a single net
            None, the default, where only `forward` is defined.
        """
        return None

    @property
    def n_views(self) -> int:
        """How many views, features that different heads read, there are."""
        return max(self.view_of_task, default=0) + 1

    def terms(self) -> Sequence[nn.Module]:
        """Terms that are added to the objective, such as a penalty; see ``core.terms.Term``."""
        return ()

    def stages(self) -> list[Stage]:
        """The layers as a list of `Stage`, in the order of the forward pass.

        If all tasks read the same features, each stage maps rows to rows, so that a meta-learning
        method can adapt it.
        """
        return [Stage.of(_OfRows(self) if self.n_views == 1 else self)]


class _OfRows(nn.Module):
    """Calls shared layers, of which all tasks read the same features, on rows (..., B, d).

    The features have shape (..., B, n_out).
    """

    def __init__(self, layers: SharedLayers) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor) -> Tensor:
        features = cast(Tensor, self.layers(x if x.dim() == 3 else x.unsqueeze(0))).squeeze(1)
        return features.squeeze(0) if x.dim() == 2 else features
