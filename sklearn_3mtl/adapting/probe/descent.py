"""Penalised losses minimised by accelerated gradient descent, many problems at once."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.adapting.probe.mixtures import Mixtures
from sklearn_3mtl.data.kinds import Likelihood

__all__ = ["descend"]

MAX_STEPS, CHECK_EVERY, TOLERANCE = 200, 4, 1e-2


def descend(
    mixtures: Mixtures,
    offset: Tensor,
    targets: Tensor,
    rows: Tensor,
    likelihood: Likelihood,
    ridge: Tensor,
) -> tuple[Tensor, Tensor]:
    """Fit penalised linear models of the outputs, for every penalty at once.

    A bound on the loss's curvature is diagonal in the principal directions: each step is that of a
    diagonal Newton method. Nesterov's momentum is restarted where it points uphill (O'Donoghue and
    Candes, arXiv 1204.3982). For a quadratic loss the first step is exact.

    Parameters
    ----------
    mixtures : Mixtures
        The features in principal directions.
    offset : tensor of shape (G, n_mixtures, M, n, n_outputs)
        The outputs that each mixture corrects.
    targets : tensor of shape (G, 1, n, n_outputs)
        The targets of the outputs' means.
    rows : tensor of shape (G, 1, n, 1)
        The weight of each row.
    likelihood : Likelihood
        The loss that is minimised, together with the penalty.
    ridge : tensor of shape (n_penalties, n_mixtures, r + 1)
        The penalty of each coefficient, the bias last.

    Returns
    -------
    coefficients : tensor of shape (n_penalties, G, n_mixtures, M, n_outputs, r + 1)
    outputs : tensor of shape (n_penalties, G, n_mixtures, M, n, n_outputs)
    """
    # NumPy, because many operations on small arrays take torch several times as long. Flat arrays,
    # without broadcasting, halve the time again. All outputs and penalties share the last axis, so
    # that one product serves them all.
    z = mixtures.features.numpy()
    features = np.concatenate([z, np.ones_like(z[..., :1])], axis=-1)
    n_groups, n_mixtures, n_members, n_rows, n_directions = features.shape
    lead, last = (n_groups, n_mixtures, n_members), (offset.shape[-1], len(ridge))

    def flat(array: np.ndarray, length: int) -> np.ndarray:
        full = np.broadcast_to(array, (*lead, length, *last))
        return np.ascontiguousarray(full).reshape(-1, length, last[0] * last[1])

    base = flat(offset.numpy()[..., None], n_rows)
    goal = flat(targets.numpy()[:, None, ..., None], n_rows)
    weight = flat(rows.numpy()[:, None, ..., None], n_rows)
    mass = np.broadcast_to(rows.numpy().sum((1, 2, 3)).reshape(-1, 1, 1, 1), (*lead, 1))
    spread = np.concatenate([mixtures.variance.numpy(), mass], axis=-1)[..., None, None]
    penalty = flat(ridge.permute(1, 2, 0).numpy()[None, :, None, :, None], n_directions)
    step = 1 / (likelihood.largest_curvature * flat(spread, n_directions) + penalty)

    features = features.reshape(-1, n_rows, n_directions)
    transposed = np.ascontiguousarray(features.swapaxes(1, 2))
    found = ahead = np.zeros_like(penalty)
    momentum = np.ones((len(features), 1, len(ridge)))
    outputs = base
    for number in range(1, MAX_STEPS + 1):
        by_output = outputs.reshape(*outputs.shape[:-1], *last)
        miss = likelihood.mean_of_array(by_output, -2).reshape(outputs.shape)
        miss -= goal
        miss *= weight
        down = transposed @ miss
        down += penalty * ahead
        down *= step
        new = ahead - down
        if likelihood.is_quadratic:
            found = new
            break
        moved = new - found
        down *= moved
        uphill = down.sum(1).reshape(-1, *last).sum(1) > 0
        momentum[:, 0][uphill] = 1.0
        grown = 0.5 + np.sqrt(momentum * momentum + 0.25)
        factor = (momentum - 1) / grown
        moved *= factor if last[0] == 1 else np.tile(factor, last[0])
        moved += new
        before, ahead, found, momentum = outputs, moved, new, grown
        outputs = features @ ahead
        outputs += base
        if number % CHECK_EVERY == 0:
            change = np.abs(outputs - before) * (weight > 0)
            if change.max() < TOLERANCE:
                break
    outputs = base + features @ found
    return (
        torch.from_numpy(found.reshape(*lead, -1, *last)).permute(5, 0, 1, 2, 4, 3),
        torch.from_numpy(outputs.reshape(*lead, -1, *last)).permute(5, 0, 1, 2, 3, 4),
    )
