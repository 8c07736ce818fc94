"""How much each of several models should count, by their out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from sklearn_3mtl.prior.predicting import TaskScale
from sklearn_3mtl.prior.stacking import stacked_shares

__all__ = ["Weighed", "mean_loss", "weigh"]

# A model with a smaller share is left out.
SMALLEST_SHARE = 0.05
# The noise of a target is estimated with one more row, of the target's own variance.
NULL = 1.0


class Weighed(NamedTuple):
    """The weights of several models' outputs in their sum.

    Attributes
    ----------
    shares : list of float
        The factor of each model's outputs; 0 leaves a model out.
    constant : tuple of n_outputs floats
        What is added: the share of the constant prediction.
    outputs : float64 ndarray of shape (n, n_outputs)
        The sum for the rows that the models were weighed on.
    """

    shares: list[float]
    constant: tuple[float, ...]
    outputs: np.ndarray


def mean_loss(
    of: TaskScale, outputs: np.ndarray, numbers: np.ndarray, weight: np.ndarray | None
) -> float:
    """The mean loss of outputs (n, n_outputs) on labels: numbers, or positions among classes."""
    losses = of.task.kind_object.losses(torch.from_numpy(outputs), _values(of, numbers)).numpy()
    return float(np.average(losses, weights=weight))


def weigh(
    of: TaskScale,
    outputs: Sequence[np.ndarray],
    numbers: np.ndarray,
    weight: np.ndarray | None,
) -> Weighed:
    """Weigh models against each other and against a constant prediction.

    The weights add up to 1, and make the labels most likely (stacking).

    Parameters
    ----------
    of : TaskScale
        The task and its scale.
    outputs : sequence of float64 ndarrays of shape (n, n_outputs)
        The out-of-fold outputs of each model.
    numbers : float64 ndarray of shape (n,)
        Labels: numbers, or positions among the classes.
    weight : ndarray of shape (n,) or None
        The weight of each label. None: all are 1.
    """
    constant = _constant(of, numbers, weight)
    given = [np.broadcast_to(constant, outputs[0].shape), *outputs]
    kept = list(range(len(given)))
    shares = _shares(of, given, numbers, weight)
    while True:
        small = [k for k, share in zip(kept, shares, strict=True) if k and share < SMALLEST_SHARE]
        if not small:
            break
        kept = [k for k in kept if k not in small]
        shares = _shares(of, [given[k] for k in kept], numbers, weight)
    own = dict(zip(kept, shares, strict=True))
    total = sum(share * given[k] for k, share in own.items())
    return Weighed(
        [own.get(k, 0.0) for k in range(1, len(given))],
        tuple((own[0] * constant).tolist()),
        np.asarray(total),
    )


def _shares(
    of: TaskScale, outputs: Sequence[np.ndarray], numbers: np.ndarray, weight: np.ndarray | None
) -> list[float]:
    if len(outputs) == 1:
        return [1.0]
    kind, n_outputs = of.task.kind_object, of.task.n_outputs
    each = torch.from_numpy(np.stack(outputs).astype(np.float64))[None, :, None]
    targets = kind.targets(_values(of, numbers), n_outputs)[None, None].double()
    rows = np.ones(len(numbers)) if weight is None else weight.astype(np.float64)
    found = stacked_shares(
        each, targets, torch.from_numpy(rows)[None, None, :, None], kind.likelihood,
        torch.ones(len(outputs), dtype=torch.float64), NULL,
    )  # fmt: skip
    return [float(share) for share in found]


def _values(of: TaskScale, numbers: np.ndarray) -> torch.Tensor:
    return torch.from_numpy((numbers - of.center) / of.scale)


def _constant(of: TaskScale, numbers: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """The outputs of the constant prediction: the mean, or the classes' frequencies."""
    kind, classes = of.task.kind_object, of.task.classes
    if classes is None:
        mean = np.average((numbers - of.center) / of.scale, weights=weight)
        found: np.ndarray = kind.link(torch.tensor([mean])).numpy()
        return found
    counts = np.bincount(numbers.astype(np.intp), weights=weight, minlength=len(classes)) + 0.5
    logs = np.log(counts / counts.sum())[None]
    constant: np.ndarray = kind.outputs_of_log_probabilities(logs)[0]
    return constant
