"""The base class of meta-learning methods."""

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
    """The network above the encoders as each of T tasks has adapted it."""

    def __call__(self, x: Tensor) -> Tensor:
        """Map the encoded inputs of R rows of each of T tasks to outputs.

        The inputs have shape (..., T, R, d), the outputs (..., T, R, n_outputs).
        """

    def of(self, tasks: Tensor) -> Self:
        """The networks of some of the tasks, given by their positions."""


class MetaMethod(BaseEstimator, ABC, Generic[State]):
    """A meta-learning method: how a task adapts on its support set, its few labelled rows.

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
        """Make the module that holds what the method learns; None for a method without one.

        Parameters
        ----------
        stages : sequence of Stage
            The layers above the encoders, in the order of the forward pass.
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
            The layers above the encoders, in the order of the forward pass.
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
        """Raise a ValueError if the method can't learn the kind of a task, such as regression."""
