"""The contract of a stage that T tasks adapt at the same time.

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
    """A call of a form on support rows.

    Attributes
    ----------
    out : tensor
        The form's outputs.
    variables : list of tensors
        Those whose gradients `move` needs.
    move : callable (steps, rates) -> Form
        The form after steps down the gradients, times the rates.
    """

    out: Tensor
    variables: list[Tensor]
    move: Callable[[Sequence[Tensor], Rates], Form]


class Form(ABC):
    """A stage with weights of each task's own."""

    module: nn.Module

    @abstractmethod
    def __call__(self, x: Tensor) -> Tensor:
        """Map rows of shape (..., T, R, d_in) to (..., T, R, d_out)."""

    @abstractmethod
    def trace(self, x: Tensor) -> Trace:
        """The same for support rows, about to be moved by them."""

    @abstractmethod
    def of(self, tasks: Tensor) -> Form:
        """The form of some of the tasks."""

    @abstractmethod
    def mean_move(self) -> dict[str, Tensor]:
        """How far each parameter went, by name, in the mean over tasks."""

    @abstractmethod
    def detached(self) -> Form:
        """The same function, through which no gradient reaches the stage's parameters."""
