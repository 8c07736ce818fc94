"""Compute the weight of each label from weights of samples, classes and tasks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.settings.types import ClassWeight, TaskWeight
from sklearn_3mtl.settings.values import named_weights, numbers

__all__ = ["check_sample_weight", "label_weights", "weights_of_tasks"]


def check_sample_weight(
    sample_weight: ArrayLike | None, targets: TargetColumns
) -> np.ndarray | None:
    """Check sample weights; return them in the order of y's columns, (n, 1) or (n, n_tasks).

    The columns of a DataFrame of weights are matched to the tasks by name.

    Raises
    ------
    ValueError
        If the shape or the names don't fit y, a weight is negative, infinite or NaN, or all weights
        are 0.
    """
    if sample_weight is None:
        return None
    n_rows, names = targets.n_rows, list(targets.names)
    if isinstance(sample_weight, pd.DataFrame) and targets.named and sample_weight.shape[1] > 1:
        if set(sample_weight.columns) != set(names):
            raise ValueError(
                f"The columns of `sample_weight` should be the tasks {names!r}. "
                f"Found {list(sample_weight.columns)!r}."
            )
        sample_weight = sample_weight[names]
    weights = numbers("sample_weight", sample_weight)
    if weights.ndim == 0:
        weights = np.full(n_rows, float(weights))
    if weights.ndim == 1:
        weights = weights[:, None]
    if weights.shape not in {(n_rows, 1), (n_rows, len(names))}:
        raise ValueError(
            f"`sample_weight` should have shape ({n_rows},) or ({n_rows}, {len(names)}), a weight "
            f"per row or per row and task. Found {np.shape(sample_weight)}."
        )
    if not np.isfinite(weights).all():
        raise ValueError("`sample_weight` contains NaN or infinity; weights should be finite.")
    if (weights < 0).any():
        raise ValueError(f"`sample_weight` should be >= 0. Found {weights.min()}.")
    if not weights.any():
        raise ValueError(
            "`sample_weight` is zero for every row; at least one weight should be positive."
        )
    return weights


def label_weights(
    layout: TaskLayout,
    values: torch.Tensor,
    mask: torch.Tensor,
    sample_weight: np.ndarray | None,
    class_weight: ClassWeight | None,
    task_weight: np.ndarray | None,
    *,
    needs_labels: bool = True,
) -> torch.Tensor | None:
    """Compute the weight of each label, (n, n_tasks) in the layout's order. None: all are 1.

    Parameters
    ----------
    layout : TaskLayout
        The tasks' order.
    values, mask : tensors of shape (n, n_tasks)
        Encoded labels, and whether each was observed.
    sample_weight : ndarray of shape (n, 1) or (n, n_tasks), or None
        In the order of y's columns.
    class_weight : "balanced", mapping or None
        Class weights for every classification task, or by task name.
    task_weight : ndarray of shape (n_tasks,) or None
        In the layout's order. The labels of a task of weight 0 get weight 0; other values have no
        effect here.
    needs_labels : bool, default=True
        Whether to refuse a task that has no label with a positive weight.
    """
    zero_tasks = task_weight is not None and not task_weight.all()
    if mask.all() and sample_weight is None and class_weight is None and not zero_tasks:
        return None
    weight = mask.numpy().astype(np.float32)
    if sample_weight is not None:
        weight *= sample_weight[:, layout.positions if sample_weight.shape[1] > 1 else [0]]
    for index, by_class in _class_weights(layout.tasks, class_weight, values, weight):
        weight[:, index] *= by_class[values[:, index].numpy().astype(np.intp)]
    for index, task in enumerate(layout.tasks):
        labelled = weight[:, index] > 0
        if not labelled.any() and not needs_labels:
            continue
        if not labelled.any():
            raise ValueError(
                f"Task {task.name!r} has no label with a positive weight: `sample_weight` or "
                "`class_weight` is 0 wherever it is labelled."
            )
        if sample_weight is not None or class_weight is not None:
            # A mean weight of 1. A batch's loss is divided by its number of labels and not by their
            # weights, so that a batch of labels with small weights counts for less.
            weight[:, index] /= weight[labelled, index].mean(dtype=np.float64)
    if zero_tasks:
        weight[:, task_weight == 0] = 0.0
    return torch.from_numpy(weight)


def _class_weights(
    tasks: tuple[Task, ...],
    class_weight: ClassWeight | None,
    values: torch.Tensor,
    weight: np.ndarray,
) -> list[tuple[int, np.ndarray]]:
    """For each task that has class weights: its position, and a weight for each class."""
    if class_weight is None:
        return []
    by_task = _by_task(tasks, class_weight)
    found = []
    for index, task in enumerate(tasks):
        given = by_task.get(task.name)
        if given is None or task.classes is None:
            continue
        labelled = weight[:, index] > 0
        codes = values[labelled, index].numpy().astype(np.intp)
        if isinstance(given, str) and given != "balanced":
            raise ValueError(
                f"`class_weight[{task.name!r}]` should be 'balanced' or {{class: weight}}. "
                f"Found {given!r}."
            )
        if isinstance(given, Mapping):
            unknown = [label for label in given if label not in task.classes.tolist()]
            lacking = [label for label in task.classes.tolist() if label not in given]
            # As in scikit-learn, weights of one task may name more classes than there are.
            if unknown and (len(tasks) > 1 or lacking):
                raise ValueError(
                    f"`class_weight[{task.name!r}]` names {unknown!r}, which are not among its "
                    f"classes {task.classes.tolist()!r}."
                )
            per_class = numbers(
                f"class_weight[{task.name!r}]",
                [given.get(label, 1.0) for label in task.classes.tolist()],
            )
        else:
            per_class = _balanced(task, task.classes, codes, weight[labelled, index])
        if not (np.isfinite(per_class) & (per_class >= 0)).all():
            raise ValueError(
                f"`class_weight[{task.name!r}]` should be >= 0 and finite. "
                f"Found {per_class.tolist()}."
            )
        found.append((index, per_class.astype(np.float32)))
    return found


def _balanced(task: Task, classes: np.ndarray, codes: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Class weights that give all classes the same total weight.

    scikit-learn 1.6 has no such function that takes sample weights.
    """
    totals = np.bincount(codes, weights=weight, minlength=len(classes))
    if not totals.all():
        lacking = classes[totals == 0].tolist()
        raise ValueError(
            f"class_weight='balanced' needs labels of every class, but task {task.name!r} has none "
            f"of {lacking!r} with a positive weight. Give weights: {{class: weight}}."
        )
    found: np.ndarray = totals.sum() / (len(totals) * totals)
    return found


def _by_task(tasks: tuple[Task, ...], class_weight: ClassWeight) -> dict[Hashable, object]:
    names = [task.name for task in tasks if task.is_classification]
    if not isinstance(class_weight, Mapping):
        return dict.fromkeys(names, class_weight)
    if all(name in names and isinstance(w, str | Mapping) for name, w in class_weight.items()):
        return dict(class_weight)
    if len(tasks) == 1:
        return {tasks[0].name: class_weight}
    raise ValueError(
        f"`class_weight` should be 'balanced' or map classification tasks ({names!r}) to "
        f"'balanced' or to {{class: weight}}. Found {class_weight!r}."
    )


def weights_of_tasks(
    task_weight: TaskWeight | None, before: Sequence[Hashable], after: Sequence[Hashable]
) -> dict[Hashable, float]:
    """The weights of the tasks after an adaptation; a new task that isn't named has weight 1.

    Parameters
    ----------
    task_weight : mapping, array-like or None
        The parameter: by name, or in the order of the tasks. If its length is not the number of
        tasks after the adaptation, it is in the order of the tasks before.
    before, after : sequence of hashable
        The tasks' names before and after the adaptation.
    """
    if task_weight is None:
        return dict.fromkeys(after, 1.0)
    if isinstance(task_weight, pd.Series):
        task_weight = task_weight.to_dict()
    if isinstance(task_weight, Mapping):
        names = dict.fromkeys([*before, *after, *task_weight])
        named_weights("task_weight", task_weight, list(names))
        return {name: float(task_weight.get(name, 1.0)) for name in after}
    of = after if numbers("task_weight", task_weight).shape == (len(after),) else before
    found = dict(zip(of, named_weights("task_weight", task_weight, of).tolist(), strict=True))
    return {name: found.get(name, 1.0) for name in after}
