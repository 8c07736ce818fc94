"""The contract of a domain loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, NamedTuple

import torch.nn.functional as F
from sklearn.base import BaseEstimator
from torch import Tensor

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.states import State
from sklearn_3mtl.core.terms import Phase, Step

__all__ = ["DomainLoss", "DomainRows", "FeatureLoss", "by_domain"]


class DomainLoss(BaseEstimator, ABC, Generic[State]):
    """A loss that is small where the rows of different domains can't be told apart.

    A subclass's constructor takes its hyper-parameters only. What the loss learns lives in the
    state that `init` makes, never in the loss: an ``nn.Module``, whose parameters are trained with
    the network's but without weight decay.

    Attributes
    ----------
    fewest_rows : int
        How many rows a domain needs to be compared with others.
    trained_with_network : bool
        Whether the main step trains the state. False: only `phases` do.
    """

    fewest_rows: int = 1
    trained_with_network: bool = True

    @abstractmethod
    def init(self, n_features: int, n_domains: int, n_members: int, seed: Seed) -> State:
        """Check the hyper-parameters and make the state; None for a loss that learns nothing.

        Parameters
        ----------
        n_features : int
            Width of the features that the heads read.
        n_domains : int
            How many domains there are in all.
        n_members : int
            How many members of an ensemble are trained at once.
        seed : Seed
            The loss's seed.
        """

    @abstractmethod
    def step_loss(self, step: Step, state: State) -> Tensor | None:
        """The loss of a training step.

        Parameters
        ----------
        step : Step
            The features of all rows (``step.features``, with one view) and their domains
            (``step.domain``); the outputs and labels of the rows with labels.
        state : nn.Module or None
            What `init` made.

        Returns
        -------
        loss : scalar tensor or None
            Summed over members, each of which learns as it would alone. None for a batch that
            says nothing, such as one of a single domain.
        """

    def step_gap(self, step: Step, state: State) -> Tensor | None:
        """How unlike the domains are: 0 where nothing tells them apart.

        Epochs are compared by the validation loss plus this number. It is the loss, unless that is
        not small where the domains are alike.

        Returns
        -------
        gap : scalar tensor or None
            Summed over members. None for nothing.
        """
        return self.step_loss(step, state)

    def phases(self, state: State) -> Sequence[Phase]:
        """Further optimizer steps on each batch, for methods with two players."""
        return ()


class FeatureLoss(DomainLoss[State], ABC):
    """A domain loss that depends on the features and their domains alone."""

    @abstractmethod
    def loss(self, z: Tensor, domain: Tensor, progress: float, state: State) -> Tensor | None:
        """The loss of a batch.

        Parameters
        ----------
        z : tensor of shape (n_members, B, d)
            Features.
        domain : int64 tensor of shape (B,)
            Each row's domain, from 0 to n_domains - 1.
        progress : float in [0, 1)
            The share of training that is done.
        state : nn.Module or None
            What `init` made.

        Returns
        -------
        loss : scalar tensor or None
            As for `step_loss`.
        """

    def gap(self, z: Tensor, domain: Tensor, state: State) -> Tensor | None:
        """How unlike the features of the domains are; by default the loss at the end of training.

        Parameters
        ----------
        z, domain, state
            As for `loss`.
        """
        return self.loss(z, domain, 1.0, state)

    def step_loss(self, step: Step, state: State) -> Tensor | None:
        """The loss of the step's features."""
        return self.loss(step.features.squeeze(1), step.domain, step.progress, state)

    def step_gap(self, step: Step, state: State) -> Tensor | None:
        """The gap between the step's features."""
        return self.gap(step.features.squeeze(1), step.domain, state)


class DomainRows(NamedTuple):
    """The K domains of a batch.

    Attributes
    ----------
    codes : int64 tensor of shape (K,)
        The domains.
    member : tensor of shape (B, K)
        1 where the row is of the domain, else 0.
    counts : tensor of shape (K,)
        The number of rows of each.
    """

    codes: Tensor
    member: Tensor
    counts: Tensor


def by_domain(z: Tensor, domain: Tensor) -> DomainRows:
    """The domains of a batch, with numbers of the dtype of z."""
    codes, position, counts = domain.unique(return_inverse=True, return_counts=True)
    return DomainRows(codes, F.one_hot(position, len(codes)).to(z.dtype), counts.to(z.dtype))
