"""Match labels, predictions and weights by task."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sklearn_3mtl.data.columns import TargetColumns, read_targets
from sklearn_3mtl.data.kinds import Kind, infer_kind
from sklearn_3mtl.data.tasks import Task

__all__ = [
    "Predictor",
    "kind_at",
    "labelled_rows",
    "per_task",
    "read",
    "task_at",
    "tasks_of_estimator",
]


class Predictor(Protocol):
    """A fitted estimator, or a Pipeline or search that ends in one."""

    def predict(self, X: object) -> ArrayLike:
        """Predict the labels of rows."""

    def predict_proba(self, X: object) -> object:
        """Predict the probability of each class, for tasks with classes."""


def tasks_of_estimator(estimator: object) -> Mapping[Hashable, Task]:
    """The tasks of an estimator, or of one in a Pipeline or search; empty if it has no `tasks_`."""
    if hasattr(estimator, "best_estimator_"):
        return tasks_of_estimator(estimator.best_estimator_)
    if hasattr(estimator, "steps"):
        return tasks_of_estimator(estimator.steps[-1][1])
    return getattr(estimator, "tasks_", {})


def task_at(tasks: Mapping[Hashable, Task], true: TargetColumns, index: int) -> Task | None:
    """The task of a column of the labels, by name or else by position; None if there is none."""
    if true.named and true.names[index] in tasks:
        return tasks[true.names[index]]
    return list(tasks.values())[index] if len(tasks) == len(true.names) else None


def kind_at(tasks: Mapping[Hashable, Task], true: TargetColumns, index: int) -> Kind:
    """The kind of a column of the labels: that of its task, or else inferred from the labels."""
    task = task_at(tasks, true, index)
    return infer_kind(true.columns[index]) if task is None else task.kind_object


def per_task(proba: object, n_tasks: int) -> list[object]:
    """Put class probabilities into a list with an entry for each task (None if there are none)."""
    if proba is None:
        return [None] * n_tasks
    listed = list(proba) if isinstance(proba, list | tuple) else [proba]
    if len(listed) != n_tasks:
        raise ValueError(
            f"Probabilities should be a list of {n_tasks} arrays, one per task. "
            f"Found {len(listed)}."
        )
    return listed


def read(
    y_true: object, y_pred: object, sample_weight: ArrayLike | None
) -> tuple[TargetColumns, TargetColumns, np.ndarray | None]:
    """Read labels and predictions into the same columns, one for each task, and the weights.

    The weights have shape (n_samples, n_tasks), or are None.
    """
    true, predicted = read_targets(y_true), read_targets(y_pred)
    if true.named and predicted.named and set(true.names) < set(predicted.names):
        # If there are labels of some tasks only, these tasks are scored.
        predicted = predicted.select(true.names)
    if true.n_rows != predicted.n_rows or len(true.names) != len(predicted.names):
        raise ValueError(
            f"The labels have {true.n_rows} rows and {len(true.names)} tasks, the predictions "
            f"{predicted.n_rows} and {len(predicted.names)}. Labels of some of the tasks should be "
            "named columns."
        )
    if true.named and predicted.named and set(true.names) != set(predicted.names):
        raise ValueError(
            f"The labels' tasks are {list(true.names)!r}, "
            f"the predictions' {list(predicted.names)!r}."
        )
    if true.named and predicted.named and true.names != predicted.names:
        predicted = predicted.select(true.names)
    weights = None
    if sample_weight is not None:
        weights = np.asarray(sample_weight, dtype=np.float64)
        weights = weights[:, None] if weights.ndim == 1 else weights
        shape = (true.n_rows, len(true.names))
        if weights.shape not in {(shape[0], 1), shape}:
            raise ValueError(
                f"`sample_weight` should have shape ({shape[0]},) or {shape}. "
                f"Found {np.shape(sample_weight)}."
            )
        weights = np.broadcast_to(weights, shape)
    return true, predicted, weights


def labelled_rows(
    true: TargetColumns,
    predicted: TargetColumns,
    weights: np.ndarray | None,
    index: int,
    kind: Kind,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The labels, predictions and weights of one task, in the rows that have its label."""
    mask = true.columns[index].notna().to_numpy()
    labels = true.columns[index][mask]
    guesses = predicted.columns[index][mask]
    weight = None if weights is None else weights[mask, index]
    if not kind.has_classes:
        return labels.to_numpy(np.float64), guesses.to_numpy(np.float64), weight
    return _as_labels(labels), _as_labels(guesses), weight


def _as_labels(column: pd.Series) -> np.ndarray:
    """Turn a column into an array, of numbers if it holds numbers and otherwise of text."""
    values = np.asarray(column.tolist())
    return values if values.dtype.kind in "biuf" else values.astype(str)
