"""The contract of a meta-learning method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, Self

from sklearn.base import BaseEstimator
from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.meta.support import SupportSet

__all__ = ["Adapted", "MetaMethod"]


class Adapted(Protocol):
    """What T tasks made of the network above the encoders."""

    def __call__(self, x: Tensor) -> Tensor:
        """Map encoded inputs of shape (..., T, R, d) to outputs (..., T, R, n_outputs)."""

    def of(self, tasks: Tensor) -> Self:
        """That of some of the tasks."""


class MetaMethod(BaseEstimator, ABC):
    """A way for a task to use its support set.

    A subclass's constructor takes its hyper-parameters only. What the method learns beside the
    network's weights lives in the state that `init` makes: an ``nn.Module``, whose parameters are
    trained with the network's but without weight decay, and are restored with the best weights.

    Attributes
    ----------
    has_steps : bool
        Whether it takes `inner_steps` gradient steps of size `inner_lr`; a method that solves for
        a task's parameters ignores both.
    fixed_outputs : bool
        Whether a task's outputs are those of the network's heads, whose number is fixed.
    settles : bool
        Whether some of the state has a closed form, which `settle` takes.
    only_new_classes : bool
        Whether it is for ``episodes="classes"`` alone.
    defaults : dict of parameter name to value
        What "auto" means with this method, where it is not what it means with others.
    """

    has_steps: bool = True
    fixed_outputs: bool = True
    settles: bool = False
    only_new_classes: bool = False
    defaults: Mapping[str, Any] = MappingProxyType({})

    def init(
        self, stages: Sequence[Stage], n_features: int, layout: TaskLayout, lr: float, seed: Seed
    ) -> nn.Module | None:
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
            Seeds whatever is drawn.
        """
        return None

    def settle(self, stages: Sequence[Stage], x: Tensor, unit: Tensor, state: Any) -> None:
        """Set what of the state has a closed form, before each epoch; no gradient is kept.

        Parameters
        ----------
        stages : sequence of Stage
            The network above the encoders.
        x : tensor of shape (..., n, d)
            Encoded inputs of rows of the training tasks, or classes.
        unit : int64 tensor of shape (n,)
            The task, or class, of each row.
        state : Any
            What `init` made.
        """

    @abstractmethod
    def adapt(
        self, stages: Sequence[Stage], support: SupportSet, state: Any, lr: float, n_steps: int
    ) -> Adapted:
        """Adapt to T tasks at once.

        A task without a label in its support keeps what all tasks share: the prior.

        Parameters
        ----------
        stages : sequence of Stage
            The network above the encoders.
        support : SupportSet
            The support sets.
        state : Any
            What `init` made.
        lr : float
            The size of a step.
        n_steps : int
            How many steps to take.
        """

    def pull(self, adapted: Any) -> Tensor | None:
        """A term whose gradient moves the weights besides that of the query loss; None for none."""
        return None

    def refuse(self, layout: TaskLayout) -> None:
        """Raise a ValueError where the method can't learn some task's kind."""
