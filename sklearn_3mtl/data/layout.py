"""The order of the tasks in the network's outputs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.data.kinds import KINDS, Kind
from sklearn_3mtl.data.tasks import Task

__all__ = ["Block", "TaskLayout"]


@dataclass(frozen=True)
class Block:
    """The tasks of one kind (such as regression), which are adjacent in a `TaskLayout`.

    Attributes
    ----------
    kind : Kind
        The kind of these tasks.
    tasks, outputs : slice
        Which tasks of the layout these are, and which columns of the outputs they have.
    widths : tuple of int
        Number of outputs of each task.
    """

    kind: Kind
    tasks: slice
    outputs: slice
    widths: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.widths)

    @cached_property
    def width(self) -> int | None:
        """The number of outputs of each task; None if the tasks differ."""
        return self.widths[0] if len(set(self.widths)) == 1 else None

    @property
    def is_real(self) -> Tensor:
        """Which entries are outputs and not padding, in a matrix with a row for each task.

        Its shape is (n_tasks, max(widths)). Row i begins with the ``widths[i]`` outputs of task i;
        the rest is padding.
        """
        return torch.arange(max(self.widths)) < torch.tensor(self.widths)[:, None]

    @property
    def columns(self) -> Tensor:
        """The columns of each task's outputs, an int64 tensor of shape (n_tasks, max(widths)).

        They are counted from the first column of the block. A task with fewer outputs is padded
        with the index of a padding column, which comes after all columns of the block.
        """
        starts = torch.tensor([0, *self.widths[:-1]]).cumsum(0)[:, None]
        return torch.where(self.is_real, starts + torch.arange(max(self.widths)), sum(self.widths))

    def own(self, outputs: Tensor) -> Tensor:
        """Select the columns of this block from the network's outputs, (..., n_outputs)."""
        if self.outputs.stop - self.outputs.start == outputs.shape[-1]:
            return outputs
        return outputs[..., self.outputs]

    def of(self, outputs: Tensor, columns: Tensor | None = None) -> Tensor:
        """Select the block's outputs, with an axis for tasks: (..., n_tasks, max(widths)).

        Tasks with fewer outputs than others are padded.

        Parameters
        ----------
        outputs : tensor of shape (..., n_outputs)
        columns : tensor or None, default=None
            The property `columns`, on the device of the outputs. None: they are computed if needed.
        """
        own = self.own(outputs)
        if self.width == 1:
            return own.unsqueeze(-1)
        if self.width is not None:
            out: Tensor = own.unflatten(-1, (len(self), self.width))
            return out
        columns = self.columns.to(own.device) if columns is None else columns
        padding = own.new_full((*own.shape[:-1], 1), self.kind.padding)
        return torch.cat([own, padding], dim=-1)[..., columns]


class TaskLayout:
    """Tasks sorted by kind and number of outputs, so that each loss is one call on one slice.

    Inside the library, labels, losses and outputs are in this order. `positions` maps it to the
    order of the user's columns.

    Parameters
    ----------
    tasks : sequence of Task
        The tasks in the order of y's columns.

    Attributes
    ----------
    tasks : tuple of Task
        The tasks, sorted by kind and then by number of outputs. Kinds are in the order of `KINDS`;
        kinds of the user come last.
    positions : ndarray of shape (n_tasks,)
        ``tasks[i]`` is column ``positions[i]`` of y.
    offsets : ndarray of shape (n_tasks + 1,)
        Task i's outputs are the columns from ``offsets[i]`` to ``offsets[i + 1] - 1``.
    blocks : tuple of Block
        The tasks of each kind. Kinds are equal if they have the same class and parameters.
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        kinds: list[Kind] = []
        for task in tasks:
            if task.kind_object not in kinds:
                kinds.append(task.kind_object)
        kinds.sort(key=_rank)
        keys = [(kinds.index(task.kind_object), task.n_outputs) for task in tasks]
        self.positions = np.array(sorted(range(len(tasks)), key=keys.__getitem__), dtype=np.intp)
        self.tasks = tuple(tasks[position] for position in self.positions)
        self.offsets = np.cumsum([0, *(task.n_outputs for task in self.tasks)])
        self.blocks = tuple(self._blocks())

    def _blocks(self) -> Iterator[Block]:
        start = 0
        for kind, own in groupby(self.tasks, key=lambda task: task.kind_object):
            widths = tuple(task.n_outputs for task in own)
            stop = start + len(widths)
            outputs = slice(int(self.offsets[start]), int(self.offsets[stop]))
            yield Block(kind, slice(start, stop), outputs, widths)
            start = stop

    def __len__(self) -> int:
        return len(self.tasks)

    @property
    def n_outputs(self) -> int:
        """The width of the network's output."""
        return int(self.offsets[-1])

    def in_columns(self) -> list[Task]:
        """The tasks in the order of y's columns."""
        return [self.tasks[index] for index in np.argsort(self.positions)]

    def with_kinds(self, kind_of: Callable[[Task], Kind]) -> TaskLayout:
        """A copy in which the kind of each task is ``kind_of(task)``.

        The new kinds must have as many outputs as the old ones.
        """
        found = copy.copy(self)
        found.tasks = tuple(replace(task, kind=kind_of(task)) for task in self.tasks)
        found.blocks = tuple(found._blocks())
        return found

    def per_task(self, value: Callable[[Kind], float]) -> Tensor:
        """Call `value` on the kind of each task; returns a tensor of shape (n_tasks,)."""
        found = [torch.full((len(block),), float(value(block.kind))) for block in self.blocks]
        return torch.cat(found) if found else torch.zeros(0)

    def per_output(self, holds: Callable[[Block], bool]) -> Tensor:
        """Which outputs belong to blocks for which `holds` is true, bool (n_outputs,)."""
        found = [torch.full((sum(b.widths),), holds(b), dtype=torch.bool) for b in self.blocks]
        return torch.cat(found) if found else torch.zeros(0, dtype=torch.bool)

    def targets(self, values: Tensor) -> Tensor:
        """The target of each output, such as a class indicator, of shape (..., n_outputs).

        `values` are encoded labels of shape (..., n_tasks).
        """
        found = []
        for block in self.blocks:
            targets = block.kind.targets(values[..., block.tasks], max(block.widths))
            flat = targets.flatten(-2)
            if block.width is None:
                flat = flat[..., block.is_real.flatten().to(flat.device)]
            found.append(flat)
        return torch.cat(found, dim=-1) if len(found) > 1 else found[0]

    @property
    def column_of_output(self) -> torch.Tensor:
        """The index in `tasks` of the task that each output belongs to, (n_outputs,)."""
        return torch.repeat_interleave(torch.from_numpy(np.diff(self.offsets)))

    def outputs_of(self, index: int) -> slice:
        """The slice of the output columns that belong to ``tasks[index]``."""
        return slice(int(self.offsets[index]), int(self.offsets[index + 1]))

    def outputs_in(self, other: TaskLayout) -> list[int]:
        """The column that each output has in another layout, which has some of the same tasks.

        Tasks are the same if they are the same Task object. The outputs of other tasks get -1.
        """
        columns = range(other.n_outputs)
        known = {task: columns[other.outputs_of(i)] for i, task in enumerate(other.tasks)}
        found: list[int] = []
        for task in self.tasks:
            found += known.get(task, [-1] * task.n_outputs)
        return found


def _rank(kind: Kind) -> int:
    order = list(KINDS.values())
    return order.index(type(kind)) if type(kind) in order else len(order)
