"""From the modalities' features to one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["ConcatFusion"]


class ConcatFusion(nn.Module):
    """The features of all modalities side by side; one modality passes untouched."""

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Concatenate along the last dimension."""
        return features[0] if len(features) == 1 else torch.cat(list(features), dim=-1)
