"""Stacking: how much each of several predictions counts in their mean."""

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
    likelihood : Likelihood
        How probable targets are, given outputs.
    prior : float64 tensor of shape (n_shares,)
        What each share is before there is evidence, up to a factor.
    null : float
        A squared error that is taken to be there besides that of the rows, for a likelihood whose
        noise is unknown.

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
