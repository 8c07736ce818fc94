"""The base class of forms: layers of the network whose weights may differ from task to task.

Rows have the shape (..., T, R, d): R rows of each of T tasks, members of an ensemble in front.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from torch import Tensor, nn

__all__ = ["Form", "Rates", "Trace"]

# A stage's rates: one number for all its weights, or a tensor for each parameter by name.
Rates = float | Mapping[str, Tensor]


class Trace(NamedTuple):
    """The outputs of a form, a layer that tasks adapt, for their support rows.

    It also has what a gradient step needs.

    Attributes
    ----------
    out : tensor
        The outputs.
    variables : list of tensors
        The tensors whose gradients `move` needs.
    move : callable (steps, rates) -> Form
        Makes the form after a gradient step. `steps` are negative gradients with respect to
        `variables`, which `rates` multiply.
    """

    out: Tensor
    variables: list[Tensor]
    move: Callable[[Sequence[Tensor], Rates], Form]


class Form(ABC):
    """A layer of the network (a stage) whose weights may differ from task to task.

    A subclass stores the weights of T tasks in some way, so that all tasks take a gradient step at
    once.
    """

    module: nn.Module

    @abstractmethod
    def __call__(self, x: Tensor) -> Tensor:
        """Map R rows of each of T tasks, (..., T, R, d_in), to (..., T, R, d_out)."""

    @abstractmethod
    def trace(self, x: Tensor) -> Trace:
        """The outputs for the tasks' support rows, with what a gradient step needs."""

    @abstractmethod
    def of(self, tasks: Tensor) -> Form:
        """The same layer for some of the tasks only, given by their positions."""

    @abstractmethod
    def mean_move(self) -> dict[str, Tensor]:
        """How far each parameter, by name, has moved from its start, on average over tasks."""

    @abstractmethod
    def detached(self) -> Form:
        """A form with the same outputs, without gradients to the layer's own parameters."""
