"""Blocks of features, standardised, and mixtures, which weight the blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

__all__ = ["Blocks", "Mixtures"]

# How many principal directions of the features are kept; the others hardly vary.
N_DIRECTIONS = 128
# A direction or a block is constant, up to rounding errors, if its standard deviation is below this
# share of the largest direction's, or of the block's root mean square.
NOTHING = 1e-6
# The prior weights, relative to 1 for the other mixtures, of a correction that is linear in the
# plain inputs, and of a smooth function of them that is learned from the labelled rows alone.
PLAIN_PRIOR, SMOOTH_PRIOR = 0.25, 0.5


@dataclass(frozen=True)
class Blocks:
    """Consecutive blocks of features, and the mixtures to try: the weight of each block in each.

    Attributes
    ----------
    widths : sequence of int
        How many features each block has.
    mixtures : sequence of sequences of float
        Each block's share of the variance in each mixture; shares need not add up to 1.
    prior : sequence of float
        The prior weight of each mixture.
    keeps : sequence of bool
        Whether each mixture corrects the outputs before the adaptation. False: it replaces them.
    """

    widths: Sequence[int]
    mixtures: Sequence[Sequence[float]]
    prior: Sequence[float]
    keeps: Sequence[bool]

    @classmethod
    def of_views(cls, widths: Sequence[int], views: Sequence[Sequence[float]]) -> Blocks:
        """Make mixtures from four weightings: learned features, encoded, plain and smooth inputs.

        Each view, a weight for each block, is a mixture, and so are learned features and encoded
        inputs in equal parts. Plain inputs that equal the encoded ones, and smooth inputs that are
        absent, make no mixture. The smooth mixture replaces the outputs before the adaptation; the
        others correct them.
        """
        shares = [np.array(view) / max(sum(view), NOTHING) for view in views]
        learned, encoded, plain, smooth = shares
        mixtures, prior = [learned, encoded, (learned + encoded) / 2], [1.0, 1.0, 1.0]
        if not np.array_equal(encoded, plain):
            mixtures.append(plain)
            prior.append(PLAIN_PRIOR)
        keeps = [True] * len(mixtures)
        if smooth.any():
            mixtures, prior, keeps = [*mixtures, smooth], [*prior, SMOOTH_PRIOR], [*keeps, False]
        return cls(widths, [mixture.tolist() for mixture in mixtures], prior, keeps)


class Mixtures:
    """Mixtures of blocks of features, each reduced to few principal directions.

    A mixture gives each block of features a share of the variance. The directions are a rotation,
    which leaves a ridge penalty unchanged.

    Parameters
    ----------
    blocks : Blocks
        The blocks and their mixtures.
    features : tensor of shape (G, M, n, d)
        The features of G groups of n rows, for M members of the ensemble.
    rows : tensor of shape (G, 1, n, 1)
        The weight of each row; 0 for padding.

    Attributes
    ----------
    features : tensor of shape (G, n_mixtures, M, n, r)
        Coordinates in the principal directions, with a mean of 0 and a mean squared norm of 1.
    variance : tensor of shape (G, n_mixtures, M, r)
        The sum of each direction's weighted squares.
    mean : tensor of shape (G, M, 1, d)
        The mean that was subtracted from the features.
    """

    def __init__(self, blocks: Blocks, features: Tensor, rows: Tensor) -> None:
        widths = torch.tensor(blocks.widths)
        f, self.mean, self._unit, varies = _standardised(features, widths, rows)
        part = torch.tensor(blocks.mixtures, dtype=torch.float64) * varies
        part = part / part.sum(1, keepdim=True).clamp_min(1e-12)
        # For each mixture, the share of the variance that each feature's block has.
        self._part = part.repeat_interleave(widths, 1)
        n, d = f.shape[-2:]
        # With the rows weighted as in the loss, the directions are uncorrelated under it.
        weighted = rows.sqrt() * f
        self._rows = weighted if n <= d else None
        root = self._part.sqrt()
        if self._rows is not None:
            each = torch.stack([v @ v.mT for v in weighted.split(blocks.widths, -1)])
            gram = torch.einsum("cb,bgmij->gcmij", part, each)
        else:
            outer = (root[:, :, None] * root[:, None])[:, None]
            gram = (weighted.mT @ weighted).unsqueeze(1) * outer
        values, vectors = torch.linalg.eigh(gram)
        values, vectors = values[..., -N_DIRECTIONS:].clamp_min(0), vectors[..., -N_DIRECTIONS:]
        if self._rows is not None:
            s = values.sqrt()
            real = s > NOTHING * s.amax(-1, keepdim=True)
            values, s = torch.where(real, values, 0.0), torch.where(real, s, torch.inf)
            self._basis = vectors / s.unsqueeze(-2)
            of_rows = torch.where(real, values.sqrt(), 0.0).unsqueeze(-2) * vectors
            self.features = of_rows / torch.where(rows > 0, rows.sqrt(), torch.inf).unsqueeze(1)
        else:
            self._basis = vectors * root[:, None, :, None]
            self.features = f.unsqueeze(1) @ self._basis
        self.variance = values

    def __len__(self) -> int:
        return len(self._part)

    def weights(self, coefficients: Tensor) -> Tensor:
        """Map coefficients of the principal directions to weights of the features.

        The coefficients have shape (G, n_mixtures, M, n_outputs, r).

        Returns
        -------
        weights : tensor of shape (G, M, n_outputs, d)
            The weights of the features, summed over the mixtures.
        """
        found = coefficients @ self._basis.mT
        if self._rows is not None:
            found = (found @ self._rows.unsqueeze(1)) * self._part[:, None, None]
        weights: Tensor = found.sum(1) * self._unit
        return weights


class _Standardised(NamedTuple):
    """Blocks of features, centred and scaled so that each has a mean squared norm of 1.

    Attributes
    ----------
    features : tensor of shape (G, M, n, d)
        Centred and scaled features.
    mean : tensor of shape (G, M, 1, d)
        The mean that was subtracted.
    unit : tensor of shape (d,)
        The factor that the centred features were multiplied by.
    varies : bool tensor of shape (n_blocks,)
        Which blocks are not constant.
    """

    features: Tensor
    mean: Tensor
    unit: Tensor
    varies: Tensor


def _standardised(features: Tensor, widths: Tensor, rows: Tensor) -> _Standardised:
    """Centre features, and scale each block of them to a mean squared norm of 1."""
    z = features.double()
    mean = (rows * z).sum(-2, keepdim=True) / rows.sum(-2, keepdim=True).clamp_min(1e-12)
    centred = (z - mean) * (rows > 0)
    mass = rows.sum().clamp_min(1e-12) * z.shape[1]
    split = widths.tolist()
    variance = torch.stack([(rows * b.square()).sum() for b in centred.split(split, -1)])
    whole = torch.stack([(rows * b.square()).sum() for b in z.split(split, -1)])
    varies = variance > NOTHING**2 * whole
    unit = (varies * mass / torch.where(varies, variance, 1.0)).sqrt().repeat_interleave(widths)
    return _Standardised(centred * unit, mean, unit, varies)
