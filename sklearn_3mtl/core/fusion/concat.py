"""Concatenation of the modalities' features."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sklearn_3mtl.core.fusion.base import FusedFeatures, Fusion
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies

__all__ = ["ConcatFusion", "side_by_side"]


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


def side_by_side(features: Sequence[Tensor]) -> Tensor:
    """Concatenate features (N, B, width); those of shape (1, B, width) are common to all N."""
    if len(features) == 1:
        return features[0]
    rows = torch.broadcast_shapes(*(value.shape[:-1] for value in features))
    return torch.cat([value.expand(*rows, -1) for value in features], dim=-1)
