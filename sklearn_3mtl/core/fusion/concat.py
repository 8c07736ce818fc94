"""Concatenation of the modalities' features."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from sklearn_3mtl.core.fusion.base import FusedFeatures, Fusion
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies, side_by_side

__all__ = ["ConcatFusion"]


class ConcatFusion(Fusion):
    """Concatenates the features of all modalities.

    Examples
    --------
    >>> from sklearn_3mtl.core.fusion import ConcatFusion
    >>> ConcatFusion()
    ConcatFusion()
    """

    def build(self, widths: Sequence[int], copies: Copies, seed: Seed) -> FusedFeatures:
        """Build the concatenation, which has no weights."""
        return _Concatenated(sum(widths))


class _Concatenated(FusedFeatures):
    is_concatenation = True

    def __init__(self, n_out: int) -> None:
        super().__init__()
        self.n_out = n_out

    def forward(self, features: Sequence[Tensor], present: Tensor | None) -> Tensor:
        return side_by_side(features)
