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
    """The result of calling a form on support rows.

    Attributes
    ----------
    out : tensor
        The form's outputs.
    variables : list of tensors
        The tensors whose gradients `move` needs.
    move : callable (steps, rates) -> Form
        The form after a gradient step. `steps` are negative gradients in `variables`, which `rates`
        multiply.
    """

    out: Tensor
    variables: list[Tensor]
    move: Callable[[Sequence[Tensor], Rates], Form]


class Form(ABC):
    """A stage whose weights may differ from task to task."""

    module: nn.Module

    @abstractmethod
    def __call__(self, x: Tensor) -> Tensor:
        """Map rows of shape (..., T, R, d_in) to (..., T, R, d_out)."""

    @abstractmethod
    def trace(self, x: Tensor) -> Trace:
        """The outputs for support rows, with what a gradient step needs."""

    @abstractmethod
    def of(self, tasks: Tensor) -> Form:
        """The form of some of the tasks."""

    @abstractmethod
    def mean_move(self) -> dict[str, Tensor]:
        """The mean change of each parameter over tasks, by name."""

    @abstractmethod
    def detached(self) -> Form:
        """A form with the same outputs, from which no gradient reaches the stage's parameters."""
