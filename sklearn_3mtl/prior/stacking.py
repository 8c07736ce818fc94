"""Stacking: the weights of several predictions in their average."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import minimize
from scipy.special import softmax
from torch import Tensor

from sklearn_3mtl.data.kinds import Likelihood

__all__ = ["stacked_shares"]


def stacked_shares(
    outputs: Tensor,
    targets: Tensor,
    rows: Tensor,
    likelihood: Likelihood,
    prior: Tensor,
    null: float,
) -> Tensor:
    """The shares (weights in the average of the outputs) of the highest posterior probability.

    The Dirichlet prior counts as ``likelihood.prior_labels`` labels. Without evidence the shares
    are those of the prior, and none is ever exactly 0.

    Parameters
    ----------
    outputs : float64 tensor of shape (G, n_shares, M, n, n_outputs)
        The outputs for each row, from fits without that row.
    targets : float64 tensor of shape (G, 1, n, n_outputs)
        The targets of the outputs' means.
    rows : float64 tensor of shape (G, 1, n, 1)
        The weight of each row.
    likelihood : Likelihood
        The likelihood of targets, given outputs.
    prior : float64 tensor of shape (n_shares,)
        The prior of the shares, up to a factor.
    null : float
        A sum of squared errors that is added to that of the rows, by a likelihood whose noise is
        unknown.

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
    strength = likelihood.prior_labels

    def negative(logits: np.ndarray) -> tuple[float, np.ndarray]:
        share = softmax(logits)
        mean = np.tensordot(share, each, 1)
        loss, down = likelihood.total(mean, truth, weight, n_rows, null)
        slope = np.tensordot(each, down, each.ndim - 1)
        loss -= strength * (before * np.log(share)).sum()
        return loss, share * (slope - share @ slope) - strength * (before - share)

    found = minimize(negative, np.log(before), jac=True, method="L-BFGS-B")
    return torch.from_numpy(softmax(found.x))
