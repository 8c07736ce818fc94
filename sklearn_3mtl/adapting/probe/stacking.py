"""How much each of several predictions counts in their mean."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax
from torch import Tensor

from sklearn_3mtl.data.tasks import Kind

__all__ = ["stacked_shares"]

# A label of a class says less than a number does.
PRIOR_LABELS: dict[Kind, float] = {"regression": 1.0, "binary": 4.0, "multiclass": 4.0}


def stacked_shares(
    outputs: Tensor, targets: Tensor, rows: Tensor, kind: Kind, prior: Tensor, null: float
) -> Tensor:
    """The most probable shares, under the likelihood of the mean of the outputs.

    A Dirichlet prior stands for some labels: without evidence the shares are what it says, and
    none is quite 0.

    Parameters
    ----------
    outputs : float64 tensor of shape (G, n_shares, M, n, n_outputs)
        Predictions of rows by fits without them.
    targets : float64 tensor of shape (G, 1, n, n_outputs)
        What the outputs' means should be.
    rows : float64 tensor of shape (G, 1, n, 1)
        The weight of each row.
    kind : "regression", "binary" or "multiclass"
        Which likelihood.
    prior : float64 tensor of shape (n_shares,)
        What each share is before there is evidence, up to a factor.
    null : float
        Squared error that regression is taken to have beside that of the rows.

    Returns
    -------
    shares : float64 tensor of shape (n_shares,)
        Positive, with a sum of 1.
    """
    each = outputs.transpose(0, 1).numpy()
    truth, weight = targets.numpy(), rows.numpy()
    n_members, n_rows = each.shape[2], float((weight > 0).sum())
    weight = weight / (max(weight.sum(), 1e-12) * n_members)
    before = prior.numpy() / prior.numpy().sum()
    strength = PRIOR_LABELS[kind]

    def negative(logits: np.ndarray) -> tuple[float, np.ndarray]:
        share = softmax(logits)
        mean = np.tensordot(share, each, 1)
        if kind == "regression":
            miss = mean - truth
            error = n_rows * (weight * miss * miss).sum() + null
            error = max(error, 1e-300)
            loss = 0.5 * n_rows * np.log(error)
            down = n_rows * n_rows / error * weight * miss
        elif kind == "binary":
            loss = n_rows * (weight * (np.logaddexp(0.0, mean) - truth * mean)).sum()
            down = n_rows * weight * (expit(mean) - truth)
        else:
            logs = log_softmax(mean, axis=-1)
            loss = -n_rows * (weight * truth * logs).sum()
            down = n_rows * weight * (np.exp(logs) - truth)
        slope = np.tensordot(each, down, each.ndim - 1)
        loss -= strength * (before * np.log(share)).sum()
        return loss, share * (slope - share @ slope) - strength * (before - share)

    found = minimize(negative, np.log(before), jac=True, method="L-BFGS-B")
    return torch.from_numpy(softmax(found.x))
