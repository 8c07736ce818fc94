"""Encode labels as tensors, and decode the network's outputs into labels."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

import numpy as np
import pandas as pd
import torch

from sklearn_3mtl.data.columns import Labels, TargetColumns
from sklearn_3mtl.data.combining import combine_members
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.state import State
from sklearn_3mtl.data.tasks import Task

__all__ = ["TargetCodec", "check_targets_length"]


# The fitted attributes and their numbers of axes. The first axis is that of the tasks.
_LEARNED = {"center": 1, "scale": 1, "temperature": 1, "shares": 2}


class TargetCodec:
    """Encodes the columns of y for a list of tasks, and decodes outputs into predictions.

    Classes become their position in ``task.classes``; numbers are scaled as their kind says. A
    missing label becomes 0, and the mask is False there.

    Parameters
    ----------
    tasks : dict of name to Task
        The tasks in the order of y's columns.

    Attributes
    ----------
    layout : TaskLayout
        The order of the encoded columns and of the outputs.
    center, scale : ndarray of shape (n_tasks,)
        What is subtracted from a task's numbers, and what the result is divided by, in the layout's
        order. 0 and 1 for a task with classes.
    temperature : ndarray of shape (n_tasks,)
        What a task's outputs are divided by: fitted on held-out rows, 1 without any.
    shares : ndarray of shape (n_tasks, n_members)
        The share of each member of the ensemble in a task's prediction. With a single column, all
        members have the same share.
    """

    def __init__(self, tasks: dict[Hashable, Task]) -> None:
        self.tasks = tasks
        self.layout = TaskLayout(list(tasks.values()))
        self.center = np.zeros(len(tasks))
        self.scale = np.ones(len(tasks))
        self.temperature = np.ones(len(tasks))
        self.shares = np.ones((len(tasks), 1))

    def of(self, layout: TaskLayout) -> TargetCodec:
        """A codec for a layout with only some of these tasks, with the same fitted numbers."""
        some = TargetCodec({task.name: task for task in layout.in_columns()})
        own = list(self.layout.tasks)
        some.copy_from(self, {at: own.index(task) for at, task in enumerate(some.layout.tasks)})
        return some

    def fit(self, targets: TargetColumns, weights: np.ndarray | None = None) -> TargetCodec:
        """Fit the centre and scale of each target without classes.

        Parameters
        ----------
        targets : TargetColumns
            The columns of y.
        weights : ndarray of shape (n_samples, 1) or (n_samples, n_tasks), or None, default=None
            Weights >= 0 in the order of y's columns. None: all labels have weight 1.
        """
        for index, task in enumerate(self.layout.tasks):
            if task.is_classification:
                continue
            weight = None
            if weights is not None:
                weight = weights[:, self.layout.positions[index] if weights.shape[1] > 1 else 0]
            self.learn(index, self._numbers(index, targets), weight)
        return self

    def calibrate(self, temperature: torch.Tensor, shares: torch.Tensor | None) -> None:
        """Set the temperatures, (n_tasks,), and the members' shares, (n_tasks, n_members).

        Shares of None: all members have the same.
        """
        self.temperature = temperature.cpu().numpy().astype(np.float64)
        equal = np.ones((len(self.layout), 1))
        self.shares = equal if shares is None else shares.cpu().numpy().astype(np.float64)

    def copy_from(self, other: TargetCodec, place: Mapping[int, int]) -> None:
        """Copy the fitted numbers of tasks from another codec.

        `place` maps a task's position in this layout to that in the other's. In the others, all
        members of the ensemble have the same share.
        """
        n_members = other.shares.shape[1]
        self.shares = np.full((len(self.layout), n_members), 1 / n_members)
        for here, there in place.items():
            for name in _LEARNED:
                getattr(self, name)[here] = getattr(other, name)[there]

    def learn(self, index: int, numbers: np.ndarray, weight: np.ndarray | None = None) -> None:
        """Fit the centre and scale of one task without classes.

        Parameters
        ----------
        index : int
            The task's position in the layout.
        numbers, weight : ndarrays of shape (n_samples,)
            Labels, NaN if missing, and weights >= 0. None: all labels have weight 1.
        """
        weight = np.ones(len(numbers)) if weight is None else weight
        used = ~np.isnan(numbers) & (weight > 0)
        if used.any():
            kind = self.layout.tasks[index].kind_object
            found = kind.center_and_scale(numbers[used], weight[used])
            self.center[index], self.scale[index] = found

    def encode(self, targets: TargetColumns) -> tuple[torch.Tensor, torch.Tensor]:
        """Encode labels.

        Returns
        -------
        values : float32 tensor of shape (n_samples, n_tasks)
            In the layout's order.
        mask : bool tensor of shape (n_samples, n_tasks)
            True where a label was observed.

        Raises
        ------
        ValueError
            If a label is not one of its task's classes, or not a number that its kind allows.
        """
        return self.scaled(self.numbers(targets))

    def numbers(self, targets: TargetColumns) -> np.ndarray:
        """Labels as numbers: classes as positions, and numbers as they are.

        Returns
        -------
        numbers : float64 ndarray of shape (n_samples, n_tasks)
            In the layout's order; NaN for a missing label.

        Raises
        ------
        ValueError
            If a label is not one of its task's classes, or not a number that its kind allows.
        """
        numbers = np.full((targets.n_rows, len(self.layout)), np.nan)
        for index, task in enumerate(self.layout.tasks):
            if task.classes is None:
                numbers[:, index] = self._numbers(index, targets)
                continue
            column = targets.columns[self.layout.positions[index]]
            there = column.notna().to_numpy()
            if there.any():
                numbers[there, index] = _codes(task, column)[there]
        return numbers

    def scaled(self, numbers: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Turn numeric labels, as the method `numbers` returns them, into what `encode` returns.

        Each task's centre is subtracted, and the result divided by its scale.
        """
        mask = ~np.isnan(numbers)
        scaled = numbers / self.scale - self.center / self.scale
        values = np.where(mask, scaled, 0.0).astype(np.float32)
        return torch.from_numpy(values), torch.from_numpy(mask)

    def combine(self, outputs: torch.Tensor) -> torch.Tensor:
        """Divide outputs by the temperatures, and combine the members of the ensemble.

        The prediction of the result is the mean of the members' predictions, or of their
        probabilities.

        Parameters
        ----------
        outputs : tensor of shape (n_members, n_samples, n_outputs)

        Returns
        -------
        outputs : tensor of shape (n_samples, n_outputs)
        """
        if (self.temperature != 1).any():
            widths = [task.n_outputs for task in self.layout.tasks]
            repeated = np.repeat(self.temperature, widths).astype(np.float32)
            outputs = outputs / torch.from_numpy(repeated).to(outputs.device)
        shares = torch.from_numpy(self.shares) if self.shares.shape[1] > 1 else None
        return combine_members(self.layout, outputs, shares)

    def predict(self, outputs: np.ndarray) -> list[Labels]:
        """Decode outputs of shape (n_samples, n_outputs) into a column for each task of y."""
        columns: dict[int, Labels] = {}
        for index, task in enumerate(self.layout.tasks):
            out = outputs[:, self.layout.outputs_of(index)].astype(np.float64)
            found = task.kind_object.decode(torch.from_numpy(out)).numpy()
            column: Labels
            if task.classes is None:
                column = found.astype(np.float64) * self.scale[index] + self.center[index]
            else:
                column = _labels(task, found.astype(np.intp))
            columns[self.layout.positions[index]] = column
        return [columns[position] for position in range(len(columns))]

    def predict_proba(self, outputs: np.ndarray) -> list[np.ndarray | None]:
        """Decode outputs into class probabilities for each task of y; None without classes."""
        columns: list[np.ndarray | None] = [None] * len(self.layout)
        for index, task in enumerate(self.layout.tasks):
            out = outputs[:, self.layout.outputs_of(index)].astype(np.float64)
            columns[self.layout.positions[index]] = task.kind_object.probabilities(out)
        return columns

    def _numbers(self, index: int, targets: TargetColumns) -> np.ndarray:
        column, task = targets.columns[self.layout.positions[index]], self.layout.tasks[index]
        try:
            numbers: np.ndarray = column.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{task.kind.capitalize()} task {task.name!r} holds labels that are not "
                f"numbers (dtype {column.dtype}): {error}. Only a classification task may hold "
                "such labels."
            ) from error
        if np.isinf(numbers).any():
            raise ValueError(
                f"Task {task.name!r} contains infinity in y; "
                "use NaN for a missing label, or a large finite number."
            )
        task.kind_object.refuse(task.name, numbers)
        return numbers

    def state(self) -> State:
        """The tasks, and each task's centre, scale and temperature, for saving."""
        tasks = [task.state() for task in self.tasks.values()]
        return State.of({"tasks": tasks}, {name: getattr(self, name) for name in _LEARNED})

    @classmethod
    def restore(
        cls, state: State, make_task: Callable[[object], Task] = Task.restore
    ) -> TargetCodec:
        """Restore the codec from its state.

        Parameters
        ----------
        state : State
            What the method `state` returned.
        make_task : callable, default=Task.restore
            Restores a task from what ``Task.state`` returned.

        Raises
        ------
        ValueError
            If its parts don't fit together.
        """
        tasks = [make_task(plain) for plain in state.entry("tasks", list)]
        codec = cls({task.name: task for task in tasks})
        for name, n_axes in _LEARNED.items():
            numbers = state.array(name, np.float64, n_axes)
            if len(numbers) != len(tasks) or len(codec.tasks) != len(tasks):
                raise ValueError(f"its {len(tasks)} tasks have {len(numbers)} numbers of {name!r}")
            setattr(codec, name, numbers)
        return codec


def _codes(task: Task, column: pd.Series) -> np.ndarray:
    # The dtype is given because pandas 2 warns if it has to infer one.
    classes = pd.Index(np.asarray(task.classes))
    codes: np.ndarray = classes.get_indexer(pd.Index(column, dtype=column.dtype))
    foreign = (codes < 0) & column.notna().to_numpy()
    if foreign.any():
        label = column[foreign].iloc[0]
        raise ValueError(
            f"Task {task.name!r} holds the label {label!r}, which is not one of its classes "
            f"{np.asarray(task.classes).tolist()!r}."
        )
    return codes


def _labels(task: Task, codes: np.ndarray) -> Labels:
    """Turn codes (positions among the task's classes) into labels of the dtype of y's column."""
    labels: np.ndarray = np.asarray(task.classes)[codes]
    if isinstance(task.dtype, np.dtype):
        return labels.astype(task.dtype, copy=False)
    # pandas-stubs knows only some of the dtypes.
    found: Labels = pd.array(labels, dtype=task.dtype)  # type: ignore[call-overload]
    return found


def check_targets_length(targets: TargetColumns, n_rows: int) -> None:
    """Raise a ValueError if y has another number of rows than X."""
    if targets.n_rows != n_rows:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: X has {n_rows} rows, "
            f"y has {targets.n_rows}."
        )
