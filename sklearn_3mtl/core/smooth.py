"""Random Fourier features of a row's plain inputs: a linear model of them is a smooth function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import aligned

__all__ = ["SmoothFeatures"]

N_FREQUENCIES = 128
# The length scale of the Gaussian kernel, in root mean square distances of a row from the mean.
LENGTH = 0.7
NOTHING = 1e-12


class SmoothFeatures(nn.Module):
    """Appends to the features cosines of the plain inputs at random frequencies.

    The plain inputs are the encoded ones without embeddings of numbers. Inner products of the
    cosines approximate a Gaussian kernel: a ridge regression on them is nearly a Gaussian process.
    `fit` scales each block of inputs to its share of the variance.

    Parameters
    ----------
    widths : sequence of int
        Widths of the blocks of features.
    shares : sequence of float
        Each block's share of the variance, up to a common factor. The cosines don't read blocks
        with a share of 0.
    n_members : int
        How many members the ensemble has; each has frequencies of its own.

    References
    ----------
    Rahimi and Recht, "Random features for large-scale kernel machines", NeurIPS 2007, section 3.
    """

    n_out = N_FREQUENCIES

    def __init__(self, widths: Sequence[int], shares: Sequence[float], n_members: int) -> None:
        super().__init__()
        of_block = torch.arange(len(widths)).repeat_interleave(torch.tensor(widths))
        read = torch.tensor([share > 0 for share in shares])[of_block]
        self.register_buffer("columns", read.nonzero()[:, 0], persistent=False)
        self._block, self._shares = (
            of_block[read],
            torch.tensor(shares, dtype=torch.float32) / sum(shares),
        )
        n_read = len(self._block)
        self.register_buffer(
            "frequency", torch.zeros(n_members, n_read, N_FREQUENCIES, dtype=torch.float32)
        )
        self.register_buffer("phase", torch.zeros(n_members, 1, N_FREQUENCIES, dtype=torch.float32))

    def fit(self, features: Tensor, weight: Tensor) -> SmoothFeatures:
        """Draw random frequencies whose scale fits the spread of some features.

        The features have shape (M, n, d) for M members of the ensemble. Rows whose weight, (n,), is
        0 are ignored.
        """
        there = (weight > 0).to(features.dtype)[:, None]
        plain = features[..., cast(Tensor, self.columns)]
        n_rows = there.sum().clamp_min(1.0)
        centred = (plain - (plain * there).sum(1, keepdim=True) / n_rows) * there
        square = centred.square().sum((0, 1)) / (n_rows * len(features))
        norms = torch.zeros(len(self._shares), dtype=torch.float32).index_add(
            0, self._block, square
        )
        scale = torch.where(norms > NOTHING, (self._shares / norms.clamp_min(NOTHING)).sqrt(), 0.0)
        draw = Seed(0).child("smooth features").generator()
        frequency, phase = cast(Tensor, self.frequency), cast(Tensor, self.phase)
        frequency.normal_(generator=draw).mul_(scale[self._block][:, None] / LENGTH)
        phase.uniform_(0, 2 * math.pi, generator=draw)
        return self

    def forward(self, features: Tensor) -> Tensor:
        """Append the cosines to features (M, B, d) of M members of the ensemble.

        The result has shape (M, B, d + n_out).
        """
        plain = features.index_select(-1, cast(Tensor, self.columns))
        rows, frequency = aligned(plain, cast(Tensor, self.frequency).mT)
        angles = torch.baddbmm(cast(Tensor, self.phase), rows, frequency.mT)
        return torch.cat([features, angles.cos() * math.sqrt(2 / N_FREQUENCIES)], dim=-1)
