"""Views of the same rows, brought to one scale, and the mixtures that can be made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor

__all__ = ["Mixtures", "View"]

# Principal directions of the features that are kept; the others hardly vary.
N_DIRECTIONS = 128
# A direction or a block below this part of the whole is rounding, not variation.
NOTHING = 1e-6


@dataclass(frozen=True)
class View:
    """Features of rows.

    Attributes
    ----------
    features : tensor of shape (G, M, n, d)
        Of G groups of n rows for M members.
    blocks : sequence of (int, float), or None
        Widths of the features that belong together, and the share of the view's variance that each
        block is scaled to. None: one block.
    """

    features: Tensor
    blocks: Sequence[tuple[int, float]] | None = None


class Mixtures:
    """Each view and each set of views side by side, in few principal directions.

    The directions are a rotation, which a ridge penalty doesn't see.

    Parameters
    ----------
    views : sequence of View
        What there is to mix: all non-empty sets of them, the first view alone first.
    rows : tensor of shape (G, 1, n, 1)
        The weight of each row; 0 for padding.

    Attributes
    ----------
    features : tensor of shape (G, n_mixtures, M, n, r)
        Centred and of a mean squared norm of 1 in each mixture.
    variance : tensor of shape (G, n_mixtures, M, r)
        The sum of each direction's weighted squares.
    mean : tensor of shape (G, M, 1, d)
        What was taken off the views' features side by side.
    """

    def __init__(self, views: Sequence[View], rows: Tensor) -> None:
        sets = [s for s in product((1.0, 0.0), repeat=len(views)) if any(s)]
        sets.sort(key=lambda s: (sum(s), [-x for x in s]))
        widths = torch.tensor([view.features.shape[-1] for view in views])
        part = torch.tensor(sets, dtype=torch.float64)
        # For each mixture the part of the variance that each feature's view has.
        self._part = (part / part.sum(1, keepdim=True)).repeat_interleave(widths, 1)
        scaled = [_standardised(view, rows) for view in views]
        self.mean = torch.cat([mean for _, mean, _ in scaled], dim=-1)
        self._unit = torch.cat([unit for *_, unit in scaled])
        f = torch.cat([features for features, *_ in scaled], dim=-1)
        n, d = f.shape[-2:]
        # Rows weighted as the loss weighs them: the directions are then uncorrelated.
        weighted = rows.sqrt() * f
        self._rows = weighted if n <= d else None
        root = self._part.sqrt()
        if self._rows is not None:
            each = torch.stack([v @ v.mT for v in weighted.split(widths.tolist(), -1)])
            gram = torch.einsum("cv,vgmij->gcmij", part / part.sum(1, keepdim=True), each)
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
        """Map coefficients of the directions, (G, n_mixtures, M, n_outputs, r), to features.

        Returns
        -------
        weights : tensor of shape (G, M, n_outputs, d)
            Summed over the mixtures.
        """
        found = coefficients @ self._basis.mT
        if self._rows is not None:
            found = (found @ self._rows.unsqueeze(1)) * self._part[:, None, None]
        return found.sum(1) * self._unit


def _standardised(view: View, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Centred features of a mean squared norm of 1, their mean, and what they were scaled by."""
    z = view.features.double()
    blocks = view.blocks or [(z.shape[-1], 1.0)]
    mean = (rows * z).sum(-2, keepdim=True) / rows.sum(-2, keepdim=True).clamp_min(1e-12)
    centred = (z - mean) * (rows > 0)
    mass = rows.sum().clamp_min(1e-12) * z.shape[1]
    widths = torch.tensor([width for width, _ in blocks])
    variance = torch.stack([(rows * b.square()).sum() for b in centred.split(widths.tolist(), -1)])
    whole = torch.stack([(rows * b.square()).sum() for b in z.split(widths.tolist(), -1)])
    varies = variance > NOTHING**2 * whole
    share = torch.tensor([share for _, share in blocks], dtype=torch.float64) * varies
    scale = share / share.sum().clamp_min(1e-12) * mass / torch.where(varies, variance, 1.0)
    unit = scale.sqrt().repeat_interleave(widths)
    return centred * unit, mean, unit
