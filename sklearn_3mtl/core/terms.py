"""What the objective is made of: a training step, terms of the loss, further optimizer steps."""

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
    """What is known in one training step, for terms of the objective to read.

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
        """The features that the heads read, for the B labelled and U further rows of the batch.

        Their shape is (n_members, n_views, B + U, d).
        """
        z = self._features
        if z is None:
            return self.network.features(self.x)
        return z if z.dim() == 4 else self.network.with_axes(z)

    @cached_property
    def domain(self) -> Tensor:
        """The domain of each row, the labelled ones first, as an int64 tensor of shape (B + U,)."""
        own, further = self.batch.domain, self.batch.unlabelled
        assert own is not None
        return own if further is None else torch.cat([own, further.domain])

    @property
    def has_groups(self) -> bool:
        """Whether `unit_losses` has losses for each task id, not only for each column of y."""
        return self.unit_losses.shape[1] > self.n_tasks

    @cached_property
    def n_active_groups(self) -> Tensor | float:
        """How many task ids have a label in the batch, (n_members, 1).

        It is 1.0 where losses are not taken for each task id.
        """
        if not self.has_groups or self.unit_mass is None:
            return 1.0
        labels: Tensor = self.unit_mass.unflatten(1, (-1, self.n_tasks)).sum(2)
        return (labels > 0).sum(1, keepdim=True).clamp_min(1).to(labels.dtype)

    @cached_property
    def losses(self) -> Tensor:
        """The mean loss of each column of y, (n_members, n_tasks).

        If losses are taken for each task id, it is their mean over the ids with a label in the
        batch.
        """
        if not self.has_groups:
            return self.unit_losses
        total: Tensor = self.unit_losses.unflatten(1, (-1, self.n_tasks)).sum(1)
        return total / self.n_active_groups

    @cached_property
    def present(self) -> Tensor | None:
        """Which columns of y have a label in the batch, (n_members, n_tasks); None if all have."""
        if self.unit_mass is None:
            return None
        mass: Tensor = self.unit_mass.unflatten(1, (-1, self.n_tasks)).sum(1)
        return mass > 0


class Phase(NamedTuple):
    """A further optimizer step on the same batch, such as that of an adversary.

    Attributes
    ----------
    loss : callable (step) -> scalar tensor
        What the step minimises, computed after the previous step was taken.
    parameters : callable (network) -> iterable of parameters
        Which parameters it trains; all others keep their values.
    """

    loss: Callable[[Step], Tensor]
    parameters: Callable[[ThreeMTLNetwork], Iterable[nn.Parameter]]


class Term(nn.Module):
    """A summand of the objective, such as a penalty, with the parameters that it learns.

    Its parameters are trained with the network's but without weight decay, and are restored with
    the best weights.

    Attributes
    ----------
    trained_with_network : bool
        Whether the main step, which minimises the sum of the task losses and all terms, trains the
        term's parameters. False: only the further steps that `phases` returns do.
    """

    trained_with_network: bool = True

    def forward(self, step: Step) -> Tensor | None:
        """The summand, a scalar: its sum over the members of the ensemble.

        None for a batch that adds nothing.
        """
        return None

    def gap(self, step: Step) -> Tensor | None:
        """What is added to the validation loss when epochs are compared.

        Returns
        -------
        gap : scalar tensor or None
            The mean over the members of the ensemble. None: nothing is added.
        """
        return None

    def phases(self) -> Sequence[Phase]:
        """Further optimizer steps to take after the main one, in their order."""
        return ()

    def before_epoch(self, network: ThreeMTLNetwork, rows: TrainingRows) -> None:
        """Update, before an epoch, what the term computes in closed form from all training rows."""
