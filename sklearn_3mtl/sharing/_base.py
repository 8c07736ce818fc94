"""The contract of a sharing method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from sklearn.base import BaseEstimator
from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies

__all__ = ["BackboneFactory", "SharedLayers", "Sharing"]

BackboneFactory = Callable[[int, Copies, Seed], nn.Module]


class SharedLayers(nn.Module, ABC):
    """The layers between fusion and heads.

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


class Sharing(BaseEstimator, ABC):
    """A way for tasks to share layers.

    A subclass's constructor takes its hyper-parameters only; pass an instance as ``sharing=``.
    """

    @abstractmethod
    def copies(self, task_names: Sequence[str]) -> Copies:
        """The independent copies of encoders and backbone that the tasks need.

        Parameters
        ----------
        task_names : sequence of str
            A name for each task, groups outermost.
        """

    @abstractmethod
    def build(
        self, make_backbone: BackboneFactory, n_in: int, copies: Copies, seed: Seed
    ) -> SharedLayers:
        """Build the layers.

        Parameters
        ----------
        make_backbone : callable (n_in, copies, seed) -> nn.Module
            Makes the backbone that the user chose; the module has ``n_out``.
        n_in : int
            Width of the fused features.
        copies : Copies
            What :meth:`copies` gave.
        seed : Seed
            Seeds the initial weights.
        """
