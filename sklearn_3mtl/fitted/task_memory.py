"""The supports that an estimator keeps: the rows that each task adapts on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import torch
from torch import Tensor

from sklearn_3mtl.data.state import State
from sklearn_3mtl.rows.batch import Supports
from sklearn_3mtl.rows.episodes import RowIndex
from sklearn_3mtl.rows.loader import RowDataset

__all__ = ["TASKS_AT_ONCE", "TaskMemory", "task_slots"]

# Fixed sizes: the bits of a task's predictions then don't depend on the other tasks and rows.
TASKS_AT_ONCE, SLOTS_AT_ONCE, SLOT_ROWS, NARROWEST = 32, 32, 16, 8

_LABELS, _INPUTS = ("values", "weight", "group"), "inputs."


@dataclass(frozen=True)
class TaskMemory:
    """The support of each task: the labelled rows that it adapts on.

    Parameters
    ----------
    rows : RowDataset
        The support rows of all tasks, with `group` the number of each row's task.
    n_tasks : int
        How many tasks there are; some may have no row.
    """

    rows: RowDataset
    n_tasks: int

    @classmethod
    def of(
        cls, rows: RowDataset, n_tasks: int, max_support: int, generator: torch.Generator
    ) -> TaskMemory:
        """Keep at most `max_support` labelled rows of each task, drawn at random.

        Parameters
        ----------
        rows : RowDataset
            Rows with a `group`, negative where a row belongs to no task.
        n_tasks : int
            How many tasks there are.
        max_support : int
            The largest number of rows to keep of each task.
        generator : torch.Generator
            Draws the rows to keep.
        """
        group = rows.labelled_group()
        index = RowIndex.of(group, n_tasks).shuffled(generator)
        nth = torch.arange(len(index.rows)) - index.starts[group[index.rows]]
        kept = index.rows[nth < max_support].sort().values
        batch = rows.take(kept)
        inputs = {name: value for name, value in batch.inputs.items() if name != "group"}
        weight = torch.ones_like(batch.values) if batch.weight is None else batch.weight
        return cls(RowDataset(inputs, batch.values, weight, batch.group), n_tasks)

    def as_one_task(self) -> TaskMemory:
        """The same rows as the support of a single task."""
        rows = self.rows
        return TaskMemory(replace(rows, group=torch.zeros_like(cast(Tensor, rows.group))), 1)

    def extended(self, more: TaskMemory) -> TaskMemory:
        """Add the rows of `more`, which may be of known or of new tasks."""
        old, new = self.rows, more.rows
        inputs = {name: torch.cat([v, new.inputs[name]]) for name, v in old.inputs.items()}
        labels = [torch.cat(pair) for pair in zip(_labels(old), _labels(new), strict=True)]
        return TaskMemory(RowDataset(inputs, labels[0], labels[1], labels[2]), more.n_tasks)

    def renewed(self, newer: TaskMemory) -> TaskMemory:
        """Replace the rows of each task that has rows in `newer`; keep those of the other tasks."""
        _, _, group = _labels(self.rows)
        kept = (newer.index.counts[group] == 0).nonzero()[:, 0]
        old = self.rows.take(kept)
        inputs = {name: old.inputs[name] for name in self.rows.inputs}
        rows = RowDataset(inputs, old.values, old.weight, old.group)
        return TaskMemory(rows, self.n_tasks).extended(newer)

    def state(self) -> State:
        """The support rows of all tasks, as plain values and tensors."""
        labels = dict(zip(_LABELS, _labels(self.rows), strict=True))
        inputs = {f"{_INPUTS}{name}": value for name, value in self.rows.inputs.items()}
        return State({"n_tasks": self.n_tasks}, labels | inputs)

    @classmethod
    def restore(cls, state: State, n_tasks: int) -> TaskMemory:
        """Restore the supports of `n_tasks` tasks from what `state` returned.

        Raises
        ------
        ValueError
            If the tensors don't fit together.
        """
        found, tensors = state.entry("n_tasks", int), state.tensors
        if found != n_tasks or not set(_LABELS) <= set(tensors):
            raise ValueError(f"its 'n_tasks' is {found!r}")
        values, weight, group = (tensors[name] for name in _LABELS)
        inputs = {n.removeprefix(_INPUTS): t for n, t in tensors.items() if n.startswith(_INPUTS)}
        lengths = {len(t) for t in (values, weight, group, *inputs.values())}
        if len(lengths) > 1 or weight.shape != values.shape or not len(group):
            raise ValueError("its supports don't fit together")
        if int(group.min()) < 0 or int(group.max()) >= n_tasks:
            raise ValueError("its supports are of tasks that it doesn't know")
        return cls(RowDataset(inputs, values, weight, group), n_tasks)

    @cached_property
    def index(self) -> RowIndex:
        """The positions of each task's rows; at the end, index -1, stands a task without rows."""
        assert self.rows.group is not None
        return RowIndex.of(self.rows.group, self.n_tasks + 1)

    def widths(self, tasks: Tensor) -> Tensor:
        """The number of rows, a power of two, to which the support of each of `tasks` is padded."""
        counts = self.index.counts[tasks].clamp_min(NARROWEST)
        return 2 ** counts.double().log2().ceil().long()

    def supports(
        self, tasks: Tensor, width: int, device: torch.device
    ) -> tuple[dict[str, Tensor], Supports]:
        """The inputs and labels of some tasks' supports, each padded to `width` rows.

        Task -1 has no row, only padding.
        """
        rows, index, nth = self.rows, self.index, torch.arange(width)
        assert rows.weight is not None
        counts, place = index.counts[tasks][:, None], index.starts[tasks][:, None] + nth
        there = nth < counts
        chosen = index.rows[torch.where(there, place, 0)]
        inputs = {name: value[chosen.flatten()].to(device) for name, value in rows.inputs.items()}
        weight = rows.weight[chosen] * there.unsqueeze(2)
        return inputs, Supports(rows.values[chosen].to(device), weight.to(device))


def task_slots(task: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Distribute rows over slots of equal size, each with rows of one task.

    Parameters
    ----------
    task : int64 tensor of shape (n,)
        Each row's task, in ascending order.

    Yields
    ------
    tasks : int64 tensor of shape (SLOTS_AT_ONCE,)
        The task of each slot. The last chunk is padded with copies of its last slot.
    rows : int64 tensor of shape (SLOTS_AT_ONCE, SLOT_ROWS)
        Positions of rows; arbitrary where a slot is padded.
    there : bool tensor of the same shape
        Which positions are rows, not padding.
    """
    names, counts = task.unique_consecutive(return_counts=True)
    starts = counts.cumsum(0) - counts
    per_task = -(-counts // SLOT_ROWS)
    owner = torch.repeat_interleave(per_task)
    nth_slot = torch.arange(len(owner)) - (per_task.cumsum(0) - per_task)[owner]
    nth_row = nth_slot[:, None] * SLOT_ROWS + torch.arange(SLOT_ROWS)
    there = nth_row < counts[owner][:, None]
    rows = torch.where(there, starts[owner][:, None] + nth_row, 0)
    for chunk in torch.arange(len(owner)).split(SLOTS_AT_ONCE):
        padded = torch.cat([chunk, chunk[-1:].expand(SLOTS_AT_ONCE - len(chunk))])
        present = there[padded].clone()
        present[len(chunk) :] = False
        yield names[owner[padded]], rows[padded], present


def _labels(rows: RowDataset) -> tuple[Tensor, Tensor, Tensor]:
    return rows.values, cast(Tensor, rows.weight), cast(Tensor, rows.group)
