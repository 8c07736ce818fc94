"""The contract of a sharing method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from sklearn.base import BaseEstimator
from torch import nn

from sklearn_3mtl.core.network import SharedLayers
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies

__all__ = ["BackboneFactory", "Sharing"]

BackboneFactory = Callable[[int, Copies, Seed], nn.Module]


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
