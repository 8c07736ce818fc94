"""The base classes of methods that fuse the features of several modalities."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from sklearn.base import BaseEstimator
from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies

__all__ = ["FusedFeatures", "Fusion"]


class FusedFeatures(nn.Module, ABC):
    """The layers that fuse the features of several modalities.

    Attributes
    ----------
    n_out : int
        Width of the fused features.
    is_concatenation : bool
        Whether the fused features are the modalities' features, concatenated. The network then
        concatenates their parts itself, and `forward` is not called.
    """

    n_out: int
    is_concatenation: bool = False

    @abstractmethod
    def forward(self, features: Sequence[Tensor], present: Tensor | None) -> Tensor:
        """Map the features of each modality to the fused features.

        Parameters
        ----------
        features : sequence of tensors of shape (N, B, width), or (1, B, width)
            The features of each modality. N is the number of copies that `build` was given; 1
            where the features are common to all copies.
        present : bool tensor of shape (N, B, n_modalities), or (1, B, n_modalities), or None
            Which modalities each row has. None where every row has all.

        Returns
        -------
        fused : tensor of shape (N, B, n_out), or (1, B, n_out)
        """


class Fusion(BaseEstimator, ABC):
    """A way to fuse the features of several modalities, named groups of columns of X.

    A subclass's constructor takes its hyper-parameters only; pass an instance as ``fusion=``.
    """

    @abstractmethod
    def build(self, widths: Sequence[int], copies: Copies, seed: Seed) -> FusedFeatures:
        """Build the layers that fuse the modalities' features.

        Parameters
        ----------
        widths : sequence of int
            Width of each modality's features.
        copies : Copies
            The independent copies of the layers.
        seed : Seed
            Seeds the initial weights.
        """
