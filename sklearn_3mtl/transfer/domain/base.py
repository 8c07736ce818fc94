"""The contract of a domain loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch.nn.functional as F
from sklearn.base import BaseEstimator
from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed

__all__ = ["DomainLoss"]


class DomainLoss(BaseEstimator, ABC):
    """How far the features of rows from different domains are from being told apart.

    A subclass's constructor takes its hyper-parameters only. What the loss learns lives in the
    state that `init` makes, never in the loss: an ``nn.Module``, whose parameters are trained with
    the network's but without weight decay.

    Attributes
    ----------
    fewest_rows : int
        How many rows a domain needs to be compared with others.
    """

    fewest_rows: int = 1

    def init(self, n_features: int, n_domains: int, n_members: int, seed: Seed) -> nn.Module | None:
        """Check the hyper-parameters and make the state; None for a loss that learns nothing.

        Parameters
        ----------
        n_features : int
            Width of the features at the cut.
        n_domains : int
            How many domains there are in all.
        n_members : int
            How many nets are trained side by side.
        seed : Seed
            The loss's seed.
        """
        return None

    @abstractmethod
    def loss(self, z: Tensor, domain: Tensor, progress: float, state: Any) -> Tensor | None:
        """The loss of a batch.

        Parameters
        ----------
        z : tensor of shape (B, d) or (n_members, B, d)
            Features at the cut.
        domain : int64 tensor of shape (B,)
            Each row's domain, from 0 to n_domains - 1.
        progress : float in [0, 1)
            The share of training that is done.
        state : Any
            What `init` made.

        Returns
        -------
        loss : scalar tensor or None
            Summed over members, each of which learns as it would alone. None for a batch that
            says nothing, such as one of a single domain.
        """

    def gap(self, z: Tensor, domain: Tensor, state: Any) -> Tensor | None:
        """How unlike the features of the domains are: 0 where nothing tells them apart.

        Training is judged by it, beside the validation loss. It is the loss at the end of training,
        unless that is not small where features are alike.

        Parameters
        ----------
        z, domain, state
            As for `loss`.

        Returns
        -------
        gap : scalar tensor or None
            Summed over members; None where `loss` is None.
        """
        return self.loss(z, domain, 1.0, state)


def by_domain(z: Tensor, domain: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The K domains of a batch: their codes, rows one-hot (B, K) and numbers of rows, like z."""
    codes, position, counts = domain.unique(return_inverse=True, return_counts=True)
    return codes, F.one_hot(position, len(codes)).to(z.dtype), counts.to(z.dtype)
