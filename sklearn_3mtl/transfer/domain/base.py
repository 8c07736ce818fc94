"""The base class of domain losses."""

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
    """A loss that is small if rows of different domains have similar features.

    The constructor of a subclass takes its hyper-parameters only. The loss object itself stays as
    it is: what it learns is in a state, an ``nn.Module`` that `init` makes. The state's parameters
    are trained with the network's but without weight decay.

    Attributes
    ----------
    fewest_rows : int
        The smallest number of rows with which a domain can be compared with others.
    trained_with_network : bool
        Whether the main optimizer step trains the state. False: it is trained only by the further
        optimizer steps that the method `phases` returns.
    """

    fewest_rows: int = 1
    trained_with_network: bool = True

    @abstractmethod
    def init(self, n_features: int, n_domains: int, n_members: int, seed: Seed) -> State:
        """Check the hyper-parameters and make the state. None: the loss learns nothing.

        Parameters
        ----------
        n_features : int
            Number of features that the heads read.
        n_domains : int
            Number of domains in the training data.
        n_members : int
            Number of members of the ensemble, which are trained at once.
        seed : Seed
            The loss's seed.
        """

    @abstractmethod
    def step_loss(self, step: Step, state: State) -> Tensor | None:
        """The loss of a training step.

        Parameters
        ----------
        step : Step
            It has the features of all rows (``step.features``, of shape (n_members, 1, B, d)) and
            their domains (``step.domain``), and the outputs and labels of the labelled rows.
        state : nn.Module or None
            What `init` made.

        Returns
        -------
        loss : scalar tensor or None
            Summed over the members of the ensemble, each of which learns as it would alone. None:
            the batch has no loss, for example because it has rows of one domain only.
        """

    def step_gap(self, step: Step, state: State) -> Tensor | None:
        """How different the domains are: 0 if they can't be told apart.

        Epochs are compared by the validation loss plus this number. By default it is the loss.
        Override it if the loss is not small for domains that are alike.

        Returns
        -------
        gap : scalar tensor or None
            Summed over the members of the ensemble. None: nothing is added.
        """
        return self.step_loss(step, state)

    def phases(self, state: State) -> Sequence[Phase]:
        """Further optimizer steps on each batch, for adversarial methods; by default none."""
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
        progress : float in [0, 1]
            The fraction of training that is done.
        state : nn.Module or None
            What `init` made.

        Returns
        -------
        loss : scalar tensor or None
            As for `step_loss`.
        """

    def gap(self, z: Tensor, domain: Tensor, state: State) -> Tensor | None:
        """How different the features of the domains are: by default the loss at ``progress=1``.

        Parameters
        ----------
        z, domain, state
            As for `loss`.
        """
        return self.loss(z, domain, 1.0, state)

    def step_loss(self, step: Step, state: State) -> Tensor | None:
        """The loss of the features of a training step."""
        return self.loss(step.features.squeeze(1), step.domain, step.progress, state)

    def step_gap(self, step: Step, state: State) -> Tensor | None:
        """How different the features of the domains are in a step, as `gap` measures it."""
        return self.gap(step.features.squeeze(1), step.domain, state)


class DomainRows(NamedTuple):
    """The K domains that a batch has rows of.

    Attributes
    ----------
    codes : int64 tensor of shape (K,)
        The numbers of the domains.
    member : tensor of shape (B, K)
        1 if the row belongs to the domain, else 0.
    counts : tensor of shape (K,)
        The number of rows of each domain.
    """

    codes: Tensor
    member: Tensor
    counts: Tensor


def by_domain(z: Tensor, domain: Tensor) -> DomainRows:
    """Find the domains of a batch, and which rows each has, as tensors of z's dtype."""
    codes, position, counts = domain.unique(return_inverse=True, return_counts=True)
    return DomainRows(codes, F.one_hot(position, len(codes)).to(z.dtype), counts.to(z.dtype))
