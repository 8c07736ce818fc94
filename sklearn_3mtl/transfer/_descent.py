"""Penalised likelihoods minimised by accelerated descent, many problems at once."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import expit, softmax
from torch import Tensor

from sklearn_3mtl.data.tasks import Kind
from sklearn_3mtl.transfer._mixtures import Mixtures

__all__ = ["descend"]

MAX_STEPS, CHECK_EVERY, TOLERANCE = 200, 4, 1e-2
# The largest curvature of a likelihood in its outputs.
CURVATURE = {"regression": 1.0, "binary": 0.25, "multiclass": 0.5}


def descend(
    mixtures: Mixtures, offset: Tensor, targets: Tensor, rows: Tensor, kind: Kind, ridge: Tensor
) -> tuple[Tensor, Tensor]:
    """Minimise the penalised loss for every penalty at once.

    A bound on the likelihood's curvature is diagonal in the principal directions, so each step is
    that of a diagonal Newton method; Nesterov's momentum is restarted where it points uphill
    (O'Donoghue and Candes, arXiv 1204.3982). For squared error the first step is exact.

    Parameters
    ----------
    mixtures : Mixtures
        The features in principal directions.
    offset : tensor of shape (G, M, n, n_outputs)
        The outputs to be corrected.
    targets : tensor of shape (G, 1, n, n_outputs)
        What the outputs' means should be.
    rows : tensor of shape (G, 1, n, 1)
        The weight of each row.
    kind : "regression", "binary" or "multiclass"
        Which likelihood.
    ridge : tensor of shape (n_penalties, n_mixtures, r + 1)
        The penalty of each coefficient, the bias last.

    Returns
    -------
    coefficients : tensor of shape (n_penalties, G, n_mixtures, M, n_outputs, r + 1)
    outputs : tensor of shape (n_penalties, G, n_mixtures, M, n, n_outputs)
    """
    # NumPy: these are many operations on small arrays, which cost torch several times as much. All
    # outputs and penalties stand in the last two axes, so that each product is one for all of them.
    z = mixtures.features.numpy()
    features = np.concatenate([z, np.ones_like(z[..., :1])], axis=-1)
    transposed = np.swapaxes(features, -1, -2)
    base = offset.numpy()[:, None, ..., None]
    goal, weight = targets.numpy()[:, None, ..., None], rows.numpy()[:, None, ..., None]
    spread = mixtures.variance.numpy()
    mass = np.broadcast_to(weight.sum((1, 2, 3, 4, 5)).reshape(-1, 1, 1, 1), (*spread.shape[:3], 1))
    spread = np.concatenate([spread, mass], axis=-1)[..., None, None]
    penalty = ridge.permute(1, 2, 0).numpy()[None, :, None, :, None]
    step = 1 / (CURVATURE[kind] * spread + penalty)

    n_groups, n_mixtures, n_members, n_rows, n_directions = features.shape
    alike, last = (n_groups, n_mixtures, n_members), (base.shape[-2], len(ridge))
    found = ahead = np.zeros((*alike, n_directions, *last))
    momentum = np.ones((*alike, 1, 1, len(ridge)))
    outputs = np.broadcast_to(base, (*alike, n_rows, *last))
    for number in range(1, MAX_STEPS + 1):
        miss = (_mean(outputs, kind) - goal) * weight
        down = _product(transposed, miss)
        down += penalty * ahead
        down *= step
        new = ahead - down
        if kind == "regression":
            found = new
            break
        moved = new - found
        uphill = (down * moved).sum((3, 4), keepdims=True) > 0
        momentum = np.where(uphill, 1.0, momentum)
        grown = 0.5 + np.sqrt(momentum * momentum + 0.25)
        before, ahead = outputs, new + (momentum - 1) / grown * moved
        found, momentum = new, grown
        outputs = base + _product(features, ahead)
        if number % CHECK_EVERY == 0:
            change = np.abs(outputs - before) * (weight > 0)
            if change.max() < TOLERANCE:
                break
    outputs = base + _product(features, found)
    return (
        torch.from_numpy(found).permute(5, 0, 1, 2, 4, 3),
        torch.from_numpy(outputs).permute(5, 0, 1, 2, 3, 4),
    )


def _mean(outputs: np.ndarray, kind: Kind) -> np.ndarray:
    """The mean of the likelihood."""
    if kind == "regression":
        return outputs
    return expit(outputs) if kind == "binary" else softmax(outputs, axis=-2)


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Multiply matrices (..., a, b) with all of (..., b, n_outputs, n_penalties)."""
    found = left @ right.reshape(*right.shape[:-2], -1)
    return found.reshape(*found.shape[:-1], *right.shape[-2:])
