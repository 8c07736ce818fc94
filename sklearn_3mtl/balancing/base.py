"""The base class of balancing rules."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, Literal

from sklearn.base import BaseEstimator
from torch import Tensor

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.states import State
from sklearn_3mtl.core.terms import Term
from sklearn_3mtl.data.tasks import Task

__all__ = ["Balancing"]


class Balancing(BaseEstimator, ABC, Generic[State]):
    """A rule that weights the losses of K tasks in each training step.

    The constructor of a subclass takes its hyper-parameters only. The rule itself stays as it is:
    what it learns or remembers is in a state, an ``nn.Module`` that `init` makes. The state's
    parameters are trained with the network's but without weight decay, and are restored with the
    best weights.

    The tasks are the columns of y, whether or not there are task ids. Each member of an ensemble
    has its own losses, and members must not influence each other. The rule is not used for a single
    task, or for tasks with separate networks.

    Attributes
    ----------
    needs : {"losses", "gramian", "nothing"}
        What the weights depend on: the losses, or also the inner products of the tasks'
        gradients. ``"nothing"``: the plain sum, and `weights` is not called.
    needs_task_weight : bool
        Whether the rule's short name has no effect without the estimator's `task_weight`.
    """

    needs: Literal["losses", "gramian", "nothing"] = "losses"
    needs_task_weight: bool = False

    @abstractmethod
    def init(self, tasks: Sequence[Task], n_members: int, seed: Seed) -> State:
        """Make the state: an ``nn.Module``, or None for a rule without one.

        Parameters
        ----------
        tasks : sequence of K Task
            The tasks.
        n_members : int
            Number of members of the ensemble, which are trained at once.
        seed : Seed
            Seeds what the rule draws.
        """

    @abstractmethod
    def weights(
        self, losses: Tensor, present: Tensor | None, gramian: Tensor | None, state: State
    ) -> Tensor | None:
        """The weight of each task's loss in this step.

        Parameters
        ----------
        losses : tensor of shape (n_members, K)
            Mean losses, with gradients: detach them if the weights are to be constants. Exactly 0
            for a task without a labelled row in the batch.
        present : bool tensor of shape (n_members, K) or None
            Which tasks have a labelled row in the batch. None: all have.
        gramian : tensor of shape (n_members, K, K) or None
            Inner products of the tasks' gradients at the features that the heads read. None
            unless `needs` is ``"gramian"``.
        state : nn.Module or None
            What `init` made.

        Returns
        -------
        weights : tensor of shape (n_members, K) or None
            None: all weights are 1.
        """

    def terms(self, state: State) -> Sequence[Term]:
        """Terms that are added to the weighted sum, such as a penalty on the state."""
        return ()

    def after_step(self, losses: Tensor, present: Tensor | None, state: State) -> None:
        """Update the state after the optimizer's step, from its losses, (n_members, K)."""

    def epoch_weight(self, state: State) -> Tensor | None:
        """The weight of each task in the mean validation loss that compares epochs, (K,).

        None: all tasks have the same weight.
        """
        return None
