"""The scores of each task, and their mean."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sklearn_3mtl.data.kinds import Kind, declared_kind
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.metrics._functions import metrics_of, score_of_labels, score_of_probabilities
from sklearn_3mtl.metrics.reading import kind_at, labelled_rows, per_task, read, task_at

__all__ = ["mean_score", "task_scores"]


def task_scores(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    y_proba: object = None,
    tasks: Mapping[Hashable, Task] | None = None,
    task_kinds: Mapping[Hashable, str | Kind] | None = None,
    sample_weight: ArrayLike | None = None,
) -> pd.DataFrame:
    """Score each task on its labelled rows.

    Parameters
    ----------
    y_true : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_tasks)
        Labels; missing ones are ignored.
    y_pred : the same shape
        Predictions of any estimator.
    y_proba : list of n_tasks arrays of shape (n_samples, n_classes) or None, or such an array
        What ``predict_proba`` returned, for AUC and log loss. None: these are left out.
    tasks : mapping of task name to Task, or None, default=None
        The ``tasks_`` of a fitted estimator, for kinds and classes. None: both are inferred from
        y_true, which may lack a class in a small test set.
    task_kinds : mapping of task name to kind, or None, default=None
        Kinds that replace those of `tasks` or the inferred ones: short names, or instances of a
        :class:`~sklearn_3mtl.data.kinds.Kind`. None: no kind is replaced.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
        Weights of rows or labels. None: all weights are 1.

    Returns
    -------
    scores : DataFrame with a row per task
        Columns `kind`, `n_labels`, `score` (accuracy or R2, or the first metric of a kind of your
        own), and each metric that applies to some task; NaN for the other tasks.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_3mtl.metrics import task_scores
    >>> truth = pd.DataFrame({"price": [1.5, 2.0, 4.0], "sold": ["no", "yes", None]})
    >>> guess = pd.DataFrame({"price": [1.5, 2.0, 3.0], "sold": ["no", "no", "no"]})
    >>> task_scores(truth, guess)[["kind", "n_labels", "score"]].round(3)
                kind  n_labels  score
    task
    price  regression         3  0.714
    sold       binary         2  0.500
    """
    true, predicted, weights = read(y_true, y_pred, sample_weight)
    proba = per_task(y_proba, len(true.names))
    unknown = [name for name in task_kinds or {} if name not in true.names]
    if unknown:
        raise ValueError(
            f"`task_kinds` names {unknown!r}, which are not columns of y; they are "
            f"{list(true.names)!r}."
        )
    rows = []
    for index, name in enumerate(true.names):
        task = task_at(tasks or {}, true, index)
        kind = kind_at(tasks or {}, true, index)
        if task_kinds and name in task_kinds:
            kind = declared_kind(name, task_kinds[name], true.columns[index].nunique())
        labels, guesses, weight = labelled_rows(true, predicted, weights, index, kind)
        row: dict[str, object] = {"task": name, "kind": kind.name, "n_labels": len(labels)}
        for metric in metrics_of(kind, of_probabilities=False):
            row[metric] = np.nan
            if len(labels):
                row[metric] = score_of_labels(metric, labels, guesses, weight, kind)
        row["score"] = row[kind.metrics[0]]
        if proba[index] is not None and len(labels):
            mask = true.columns[index].notna().to_numpy()
            observed, guessed = true.columns[index][mask], np.asarray(proba[index])[mask]
            classes = np.unique(observed.to_numpy()) if task is None else task.classes
            for metric in metrics_of(kind, of_probabilities=True):
                row[metric] = score_of_probabilities(metric, observed, guessed, classes, weight)
        rows.append(row)
    table = pd.DataFrame(rows).set_index("task")
    first = ["kind", "n_labels", "score"]
    return table[first + [column for column in table.columns if column not in first]]


def mean_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    tasks: Mapping[Hashable, Task],
    sample_weight: ArrayLike | None = None,
) -> float:
    """The mean of accuracy or R2 over the tasks that have a label.

    Parameters
    ----------
    y_true, y_pred : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_tasks)
        Labels, of which missing ones are ignored, and predictions.
    tasks : mapping of name to Task
        The tasks. If y_true has no names, in the order of its columns.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
        Weights of rows or labels. None: all weights are 1.
    """
    true, predicted, weights = read(y_true, y_pred, sample_weight)
    scores = []
    for index in range(len(true.names)):
        kind = kind_at(tasks, true, index)
        labels, guesses, weight = labelled_rows(true, predicted, weights, index, kind)
        if len(labels):
            scores.append(score_of_labels(kind.metrics[0], labels, guesses, weight, kind))
    return float(np.nanmean(scores)) if np.isfinite(scores).any() else float("nan")
