"""From the modalities' features to one."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["FUSION", "ConcatFusion"]


class ConcatFusion(nn.Module):
    """The features of all modalities side by side; one modality passes untouched."""

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Concatenate along the last dimension; what is common to all nets goes to each."""
        if len(features) == 1:
            return features[0]
        rows = torch.broadcast_shapes(*(value.shape[:-1] for value in features))
        return torch.cat([value.expand(*rows, -1) for value in features], dim=-1)


FUSION: dict[str, type[nn.Module]] = {"concat": ConcatFusion}
