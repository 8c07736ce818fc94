"""The order in which the network puts out the tasks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from sklearn_3mtl.data.tasks import Task

__all__ = ["TaskLayout"]


class TaskLayout:
    """Tasks sorted by kind and number of outputs, so that each loss is one call on one slice.

    Inside the library labels, losses and outputs follow this order; `positions` leads back to the
    order of the user's columns.

    Parameters
    ----------
    tasks : sequence of Task
        The tasks in the order of y's columns.

    Attributes
    ----------
    tasks : tuple of Task
        The tasks, sorted: regression, binary, multiclass by number of classes.
    positions : ndarray of shape (n_tasks,)
        ``tasks[i]`` is column ``positions[i]`` of y.
    offsets : ndarray of shape (n_tasks + 1,)
        Task i's outputs are columns ``offsets[i]`` to ``offsets[i + 1]``.
    n_regression, n_binary : int
        How many tasks of each kind lead the order; the others are multiclass.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        rank = {"regression": 0, "binary": 1, "multiclass": 2}
        keys = [(rank[task.kind], task.n_outputs) for task in tasks]
        self.positions = np.array(sorted(range(len(tasks)), key=keys.__getitem__), dtype=np.intp)
        self.tasks = tuple(tasks[position] for position in self.positions)
        self.offsets = np.cumsum([0, *(task.n_outputs for task in self.tasks)])
        self.n_regression = sum(task.kind == "regression" for task in self.tasks)
        self.n_binary = sum(task.kind == "binary" for task in self.tasks)

    def __len__(self) -> int:
        return len(self.tasks)

    @property
    def n_outputs(self) -> int:
        """The width of the network's output."""
        return int(self.offsets[-1])

    @property
    def n_multiclass(self) -> int:
        """How many tasks are multiclass."""
        return len(self.tasks) - self.n_regression - self.n_binary

    def in_columns(self) -> list[Task]:
        """The tasks in the order of y's columns."""
        return [self.tasks[index] for index in np.argsort(self.positions)]

    @property
    def column_of_output(self) -> torch.Tensor:
        """Which task, in this order, each output belongs to."""
        return torch.repeat_interleave(torch.from_numpy(np.diff(self.offsets)))

    @property
    def class_of_output(self) -> torch.Tensor:
        """The class that each output of a multiclass task stands for; -1 for other tasks."""
        of = self.column_of_output
        within = torch.arange(self.n_outputs) - torch.from_numpy(self.offsets)[of]
        return torch.where(of < self.n_regression + self.n_binary, -1, within)

    def outputs_of(self, index: int) -> slice:
        """The output columns of task `index`, in this order."""
        return slice(int(self.offsets[index]), int(self.offsets[index + 1]))

    def outputs_in(self, other: TaskLayout) -> list[int]:
        """For each output its column in a layout with some of these very tasks, -1 for others."""
        columns = range(other.n_outputs)
        known = {task: columns[other.outputs_of(i)] for i, task in enumerate(other.tasks)}
        found: list[int] = []
        for task in self.tasks:
            found += known.get(task, [-1] * task.n_outputs)
        return found
