"""The contract of a balancing rule."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from sklearn_3mtl.data.tasks import Task

__all__ = ["Balancing"]


class Balancing(BaseEstimator, ABC):
    """A rule that turns K task losses into one step.

    A subclass's constructor takes its hyper-parameters only. What the rule learns or remembers
    lives in the state that `init` makes, never in the rule: an ``nn.Module``, whose parameters are
    trained with the network's but without weight decay, and are restored with the best weights.
    A rule is never asked to balance one task: that is the identity.
    """

    def init(self, tasks: Sequence[Task], generator: torch.Generator) -> Any:
        """Make the state for K tasks: an ``nn.Module``, or None for a rule without one.

        Parameters
        ----------
        tasks : sequence of K Task
            The tasks; where tasks are columns x groups, each column's task stands once per group.
        generator : torch.Generator
            Draws whatever the rule draws.
        """
        return None

    @abstractmethod
    def weights(self, losses: Tensor, present: Tensor | None, state: Any) -> Tensor | None:
        """The weight of each task's loss in this step.

        Parameters
        ----------
        losses : tensor of shape (K,)
            Mean losses; exactly 0 for a task without a labelled row in the batch.
        present : bool tensor of shape (K,) or None
            Which tasks have a labelled row in the batch. None where all have.
        state : Any
            What `init` made.

        Returns
        -------
        weights : tensor of shape (K,) or None
            None stands for ones.
        """

    def penalty(self, present: Tensor | None, state: Any) -> Tensor | None:
        """A term for the state's own parameters, added to the weighted sum; None for no term."""
        return None

    def after_step(self, losses: Tensor, present: Tensor | None, state: Any) -> None:
        """Update the state after the optimizer's step, from the step's (K,) losses, detached."""
