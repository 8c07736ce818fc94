"""Contracts of the objective: a training step, terms, and further phases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.rows.batch import Batch
from sklearn_3mtl.rows.loader import TrainingRows

__all__ = ["Phase", "Step", "Term"]


@dataclass
class Step:
    """One training step.

    Attributes
    ----------
    network : ThreeMTLNetwork
        The network.
    batch : Batch
        B labelled rows, and U further rows where a term reads rows without a label.
    progress : float in [0, 1)
        The share of training that is done.
    x : tensor of shape (N, B + U, d), or (1, B + U, d)
        Encoded inputs; those of the labelled rows come first.
    outputs : tensor of shape (n_members, B, n_outputs)
        The network's outputs for the labelled rows.
    unit_losses : tensor of shape (n_members, n_units)
        The mean loss of each unit: of each column of y, or of each column of each task id where
        ids have parameters of their own. Exactly 0 for a unit without a label in the batch.
    unit_mass : tensor of shape (n_members, n_units), or None
        The number of labels behind each mean. None where every row has every label.
    n_tasks : int
        How many columns y has.
    adapted : object or None, default=None
        The adapted layers of the batch's tasks. None where no task adapts.
    """

    network: ThreeMTLNetwork
    batch: Batch
    progress: float
    x: Tensor
    outputs: Tensor
    unit_losses: Tensor
    unit_mass: Tensor | None
    n_tasks: int
    adapted: object | None = None
    _features: Tensor | None = field(default=None, repr=False)

    @cached_property
    def features(self) -> Tensor:
        """The features that the heads read: (n_members, n_views, B + U, d)."""
        z = self._features
        if z is None:
            return self.network.features(self.x)
        return z if z.dim() == 4 else self.network.with_axes(z)

    @cached_property
    def domain(self) -> Tensor:
        """The domain of each of the B + U rows, an int64 tensor."""
        own, further = self.batch.domain, self.batch.unlabelled
        assert own is not None
        return own if further is None else torch.cat([own, further.domain])

    @property
    def has_groups(self) -> bool:
        """Whether the losses are taken for each task id."""
        return self.unit_losses.shape[1] > self.n_tasks

    @cached_property
    def n_active_groups(self) -> Tensor | float:
        """How many task ids have a label in the batch, (n_members, 1); 1 without ids."""
        if not self.has_groups or self.unit_mass is None:
            return 1.0
        labels: Tensor = self.unit_mass.unflatten(1, (-1, self.n_tasks)).sum(2)
        return (labels > 0).sum(1, keepdim=True).clamp_min(1).to(labels.dtype)

    @cached_property
    def losses(self) -> Tensor:
        """The mean loss of each column, (n_members, n_tasks); of task ids their mean."""
        if not self.has_groups:
            return self.unit_losses
        total: Tensor = self.unit_losses.unflatten(1, (-1, self.n_tasks)).sum(1)
        return total / self.n_active_groups

    @cached_property
    def present(self) -> Tensor | None:
        """Which columns have a label in the batch, (n_members, n_tasks); None where all have."""
        if self.unit_mass is None:
            return None
        mass: Tensor = self.unit_mass.unflatten(1, (-1, self.n_tasks)).sum(1)
        return mass > 0


class Phase(NamedTuple):
    """A further optimizer step on the same batch, for methods with two players.

    Attributes
    ----------
    loss : callable (step) -> scalar tensor
        What the phase minimises, taken after the step before it.
    parameters : callable (network) -> iterable of parameters
        Which parameters it trains; all others keep their values.
    """

    loss: Callable[[Step], Tensor]
    parameters: Callable[[ThreeMTLNetwork], Iterable[nn.Parameter]]


class Term(nn.Module):
    """A summand of the objective; a term that isn't wanted is left out of the list.

    Its parameters are trained with the network's but without weight decay, and are restored with
    the best weights.

    Attributes
    ----------
    trained_with_network : bool
        Whether the main step, which minimises the sum of the task losses and all terms, trains the
        term's parameters. False: only the term's own phases do.
    """

    trained_with_network: bool = True

    def forward(self, step: Step) -> Tensor | None:
        """The summand, a scalar: the sum over members. None for a batch that says nothing."""
        return None

    def gap(self, step: Step) -> Tensor | None:
        """What is added to the validation loss when epochs are compared.

        Returns
        -------
        gap : scalar tensor or None
            The mean over members. None for nothing.
        """
        return None

    def phases(self) -> Sequence[Phase]:
        """Further steps after the main one, in their order."""
        return ()

    def before_epoch(self, network: ThreeMTLNetwork, rows: TrainingRows) -> None:
        """Update what has a closed form over all training rows."""
