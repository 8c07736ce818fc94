"""Weights learned as each task's noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sklearn_3mtl.balancing.base import Balancing
from sklearn_3mtl.data.tasks import Task

__all__ = ["Uncertainty"]


class Uncertainty(Balancing):
    r"""Homoscedastic uncertainty: each task's noise variance is learned and divides its loss.

    With s = log sigma^2 the step minimises, summed over the tasks,
    ``exp(-s) / 2 * loss + s / 2`` for a regression task (squared error without the half; the
    Gaussian likelihood) and ``exp(-s) * loss + s / 2`` for a classification task (cross-entropy;
    the softmax likelihood at temperature sigma^2).

    Parameters
    ----------
    initial_log_variance : float, default=0.0
        Where every s starts.

    References
    ----------
    Kendall, Gal, Cipolla, "Multi-task learning using uncertainty to weigh losses for scene
    geometry and semantics", CVPR 2018, arXiv 1705.07115, equations 5 to 10.

    Examples
    --------
    >>> import torch
    >>> from sklearn_3mtl.balancing import Uncertainty
    >>> from sklearn_3mtl.data import Task
    >>> rule = Uncertainty()
    >>> state = rule.init([Task("a", "regression"), Task("b", "binary")], torch.Generator())
    >>> rule.weights(torch.tensor([3.0, 5.0]), None, state).tolist()
    [0.5, 1.0]
    """

    def __init__(self, initial_log_variance: float = 0.0) -> None:
        self.initial_log_variance = initial_log_variance

    def init(self, tasks: Sequence[Task], generator: torch.Generator) -> nn.Module:
        """A learned log variance for each task."""
        state = nn.Module()
        state.log_variance = nn.Parameter(
            torch.full((len(tasks),), self.initial_log_variance, dtype=torch.float32)
        )
        factors = [task.kind_object.uncertainty_factor for task in tasks]
        state.register_buffer("factor", torch.tensor(factors, dtype=torch.float32))
        return state

    def weights(self, losses: Tensor, present: Tensor | None, state: Any) -> Tensor:
        """``exp(-s)``, times the factor of the task's kind: a half for regression."""
        return state.factor * torch.exp(-state.log_variance)

    def penalty(self, present: Tensor | None, state: Any) -> Tensor:
        """``s / 2`` for each task that the batch labels."""
        s = state.log_variance
        return 0.5 * (s.sum() if present is None else s[present].sum())
