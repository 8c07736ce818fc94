"""The labelled rows of an adaptation, as tensors."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.state import State
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task

__all__ = ["Support"]

# A number for each row, by the task's name.
Columns = dict[Hashable, np.ndarray]


@dataclass(frozen=True)
class Support:
    """The labelled rows that a model adapts on.

    Attributes
    ----------
    inputs : dict of str to tensor with n rows
        What the encoders read.
    labels : dict of task name to float64 ndarray of shape (n,)
        Numbers as they are, classes as positions among the task's classes; NaN for a missing label.
    weights : dict of task name to float64 ndarray of shape (n,), or None
        Sample weights. None: all are 1.
    ids : object ndarray of shape (n,) or None
        Task ids. None where the model has no task ids.
    """

    inputs: dict[str, Tensor]
    labels: Columns
    weights: Columns | None
    ids: np.ndarray | None

    @classmethod
    def of(
        cls,
        inputs: dict[str, Tensor],
        targets: TargetColumns,
        tasks: Mapping[Hashable, Task],
        weights: np.ndarray | None,
        ids: np.ndarray | None,
    ) -> Support:
        """Make a support from rows and the labels in some columns of y.

        Parameters
        ----------
        inputs : dict of str to tensor
            The rows.
        targets : TargetColumns
            The columns of y, under the tasks' names.
        tasks : mapping of task name to Task
            The tasks of those columns, and maybe others.
        weights : ndarray of shape (n, 1) or (n, n_columns), or None
            Sample weights, in the order of the columns.
        ids : object ndarray or None
            Task ids.
        """
        codec = TargetCodec({name: tasks[name] for name in targets.names})
        numbers = codec.numbers(targets)
        labels = {task.name: numbers[:, i] for i, task in enumerate(codec.layout.tasks)}
        by_name = None
        if weights is not None:
            columns = np.broadcast_to(weights, (len(weights), len(targets.names))).T
            by_name = dict(zip(targets.names, columns, strict=True))
        return cls(inputs, {name: labels[name] for name in targets.names}, by_name, ids)

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.labels.values())))

    @property
    def labelled(self) -> list[Hashable]:
        """The names of the tasks with at least one label."""
        return [name for name, numbers in self.labels.items() if not np.isnan(numbers).all()]

    def labelled_rows(self, names: Sequence[Hashable] | None = None) -> np.ndarray:
        """Which rows have a label of at least one of the tasks in `names`; None: of any task."""
        chosen = self.labels if names is None else names
        there = [~np.isnan(self.labels[name]) for name in chosen]
        return np.logical_or.reduce(there) if there else np.zeros(self.n_rows, dtype=bool)

    def select(self, names: Sequence[Hashable]) -> Support:
        """The support with the labels of these tasks only."""
        return self.with_labels({name: self.labels[name] for name in names})

    def with_labels(self, labels: Columns) -> Support:
        """The same rows with other labels; tasks that are left out lose theirs."""
        weights = self.weights
        return replace(
            self,
            labels=labels,
            weights=None if weights is None else {name: weights[name] for name in labels},
        )

    def where(self, rows: np.ndarray) -> Support:
        """The support with only the rows that a boolean array selects."""
        chosen, weights = torch.from_numpy(np.flatnonzero(rows)), self.weights
        return Support(
            {name: value[chosen] for name, value in self.inputs.items()},
            {name: numbers[rows] for name, numbers in self.labels.items()},
            None if weights is None else {name: weight[rows] for name, weight in weights.items()},
            None if self.ids is None else self.ids[rows],
        )

    def numbers(self, codec: TargetCodec) -> np.ndarray:
        """The labels, (n, n_tasks), in the order of the codec's tasks; NaN for a missing one."""
        missing = np.full(self.n_rows, np.nan)
        columns = [self.labels.get(task.name, missing) for task in codec.layout.tasks]
        return np.stack(columns, axis=1) if columns else np.zeros((self.n_rows, 0))

    def weights_in_columns(self, codec: TargetCodec) -> np.ndarray | None:
        """Sample weights, (n, n_tasks), in the order of y's columns; None where all are 1."""
        if self.weights is None:
            return None
        ones = np.ones(self.n_rows)
        return np.stack([self.weights.get(name, ones) for name in codec.tasks], axis=1)

    def followed_by(self, more: Support) -> Support:
        """The rows of this support, then those of `more`.

        A task that only one of them has is unlabelled in the rows of the other.
        """
        names = list(dict.fromkeys([*self.labels, *more.labels]))
        sizes = (self.n_rows, more.n_rows)

        def joined(first: Columns, second: Columns, filling: float) -> Columns:
            parts = list(zip((first, second), sizes, strict=True))
            return {
                name: np.concatenate([p.get(name, np.full(size, filling)) for p, size in parts])
                for name in names
            }

        weights = None
        if self.weights is not None or more.weights is not None:
            weights = joined(self.weights or {}, more.weights or {}, 1.0)
        has_ids = self.ids is not None and more.ids is not None
        return Support(
            {name: torch.cat([value, more.inputs[name]]) for name, value in self.inputs.items()},
            joined(self.labels, more.labels, np.nan),
            weights,
            np.concatenate([self.ids, more.ids]) if has_ids else None,
        )

    def state(self) -> State:
        """The rows as plain values and tensors."""
        weights = self.weights or {}
        labels = np.stack(list(self.labels.values()))
        tensors = {f"inputs.{name}": value for name, value in self.inputs.items()}
        tensors["labels"] = torch.from_numpy(labels)
        if weights:
            tensors["weights"] = torch.from_numpy(np.stack(list(weights.values())))
        return State({"names": tuple(self.labels), "ids": self.ids}, tensors)

    @classmethod
    def restore(cls, state: State) -> Support:
        """Restore the labelled rows from what `state` returned.

        Raises
        ------
        ValueError
            If the shapes of the parts don't fit together.
        """
        names, ids = state.entry("names", tuple), state.optional("ids", np.ndarray)
        labels = state.array("labels", np.float64, 2)
        weights = state.array("weights", np.float64, 2) if "weights" in state.tensors else None
        start = "inputs."
        inputs = {
            name.removeprefix(start): value
            for name, value in state.tensors.items()
            if name.startswith(start)
        }
        n_rows = labels.shape[1]
        fits = (
            len(labels) == len(names)
            and (weights is None or weights.shape == labels.shape)
            and (ids is None or (ids.dtype == object and ids.shape == (n_rows,)))
            and all(len(value) == n_rows for value in inputs.values())
        )
        if not fits:
            raise ValueError(f"its {n_rows} rows of adaptations don't fit together")
        return cls(
            inputs,
            dict(zip(names, labels, strict=True)),
            None if weights is None else dict(zip(names, weights, strict=True)),
            ids,
        )
