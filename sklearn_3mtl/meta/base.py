"""The contract of a meta-learning method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Generic, Protocol, Self

from sklearn.base import BaseEstimator
from torch import Tensor

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.core.states import State
from sklearn_3mtl.core.terms import Term
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.meta.support import SupportSet

__all__ = ["Adapted", "MetaMethod"]


class Adapted(Protocol):
    """The network above the encoders, adapted to each of T tasks."""

    def __call__(self, x: Tensor) -> Tensor:
        """Map encoded inputs of shape (..., T, R, d) to outputs (..., T, R, n_outputs)."""

    def of(self, tasks: Tensor) -> Self:
        """The networks adapted to some of the tasks."""


class MetaMethod(BaseEstimator, ABC, Generic[State]):
    """A way for a task to use its support set.

    A subclass's constructor takes its hyper-parameters only. What the method learns besides the
    network's weights lives in the state that `init` makes: an ``nn.Module``, whose parameters are
    trained with the network's but without weight decay, and are restored with the best weights.

    Attributes
    ----------
    has_steps : bool
        Whether it takes `inner_steps` gradient steps of size `inner_lr`; a method that solves for
        a task's parameters ignores both.
    fixed_outputs : bool
        Whether a task's outputs are those of the network's heads, whose number is fixed.
    only_new_classes : bool
        Whether it needs ``episodes="classes"``.
    defaults : dict of parameter name to value
        What "auto" means with this method, for parameters where it means something else with
        others.
    """

    has_steps: bool = True
    fixed_outputs: bool = True
    only_new_classes: bool = False
    defaults: Mapping[str, object] = MappingProxyType({})

    @abstractmethod
    def init(
        self, stages: Sequence[Stage], n_features: int, layout: TaskLayout, lr: float, seed: Seed
    ) -> State:
        """Make the state; None for a method without one.

        Parameters
        ----------
        stages : sequence of Stage
            The network above the encoders.
        n_features : int
            Width of the features that the heads read.
        layout : TaskLayout
            The columns of y.
        lr : float
            The estimator's `inner_lr`.
        seed : Seed
            Seeds the initial values.
        """

    @abstractmethod
    def adapt(
        self, stages: Sequence[Stage], support: SupportSet, state: State, lr: float, n_steps: int
    ) -> Adapted:
        """Adapt to T tasks at once.

        A task without a label in its support keeps what all tasks share: the prior.

        Parameters
        ----------
        stages : sequence of Stage
            The network above the encoders.
        support : SupportSet
            The support sets.
        state : nn.Module or None
            What `init` made.
        lr : float
            The size of a step.
        n_steps : int
            How many steps to take.
        """

    def terms(self, state: State) -> Sequence[Term]:
        """Terms that are added to the query loss, or that update the state before each epoch."""
        return ()

    def refuse(self, layout: TaskLayout) -> None:
        """Raise a ValueError if the method can't learn the kind of some task."""
