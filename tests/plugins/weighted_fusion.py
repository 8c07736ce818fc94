"""A fusion: every modality is projected to one width, and those that a row has are averaged."""

import torch
from torch import nn

from sklearn_3mtl.core.fusion import FusedFeatures, Fusion
from sklearn_3mtl.core.stacked import StackedLinear, run_copies


class AveragedModalities(Fusion):
    """The mean of the modalities' projections; a missing modality takes no part.

    Parameters
    ----------
    width : int, default=16
        Width of the projections.
    """

    def __init__(self, width=16):
        self.width = width

    def build(self, widths, copies, seed):
        """A projection of each modality."""
        return Averaged(widths, self.width, copies, seed)


class Averaged(FusedFeatures):
    """Projections (K, B, width) and their mean over the modalities that are present."""

    def __init__(self, widths, width, copies, seed):
        super().__init__()
        self.n_out, self.n_copies = width, len(copies)
        self.projections = nn.ModuleList(
            StackedLinear(n_in, width, copies, seed.child(number))
            for number, n_in in enumerate(widths)
        )

    def forward(self, features, present):
        """Map features of each modality, (K or 1, B, width of it), to (K, B, width)."""
        pairs = zip(self.projections, features, strict=True)
        projected = [run_copies(layer, value, self.n_copies) for layer, value in pairs]
        stacked = torch.stack(projected, dim=-1)
        if present is None:
            return stacked.mean(-1)
        there = present.to(stacked.dtype).unsqueeze(-2)
        return (stacked * there).sum(-1) / there.sum(-1).clamp_min(1)
