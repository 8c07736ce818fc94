"""Weights that the user gives."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import torch
from torch import Tensor, nn

from sklearn_3mtl.balancing.base import Balancing
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.tasks import Task

__all__ = ["Manual"]


class GivenWeights(nn.Module):
    """The state of `Manual`: a weight for each task."""

    weights: Tensor

    def __init__(self, weights: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float32))


class Manual(Balancing[GivenWeights]):
    """A fixed weight for each task's loss.

    Parameters
    ----------
    task_weight : mapping of task name to float, or None, default=None
        Weights >= 0; a task that isn't named has weight 1. None: all weights are 1, which leaves
        the weighting to the estimator's `task_weight`.

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskEstimator
    >>> from sklearn_3mtl.balancing import Manual
    >>> est = MultiTaskEstimator(balancing=Manual({"price": 2.0}))
    """

    needs_task_weight = True

    def __init__(self, task_weight: Mapping[Hashable, float] | None = None) -> None:
        self.task_weight = task_weight

    def init(self, tasks: Sequence[Task], n_members: int, seed: Seed) -> GivenWeights:
        """Check the weights and put them into the order of the tasks."""
        given = dict(self.task_weight or {})
        names = {task.name for task in tasks}
        for name, weight in given.items():
            if name not in names:
                raise ValueError(
                    f"`Manual.task_weight` names {name!r}, which is no task; the tasks are "
                    f"{sorted(map(str, names))}."
                )
            if not weight >= 0:
                raise ValueError(
                    f"`Manual.task_weight[{name!r}]` should be a number >= 0. Found {weight!r}."
                )
        return GivenWeights([float(given.get(task.name, 1.0)) for task in tasks])

    def weights(
        self, losses: Tensor, present: Tensor | None, gramian: Tensor | None, state: GivenWeights
    ) -> Tensor:
        """The given weights, which don't depend on the losses."""
        return state.weights.expand_as(losses)

    def epoch_weight(self, state: GivenWeights) -> Tensor:
        """The given weights, so that epochs are compared by the loss that is trained."""
        return state.weights
