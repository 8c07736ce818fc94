"""Scores per task, and scorers that stand missing labels and mixed kinds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn import metrics as sk

from sklearn_3mtl.data._columns import TargetColumns, read_targets
from sklearn_3mtl.data.tasks import Task, kind_of

__all__ = ["mean_score", "task_scorer", "task_scores"]

Metric = Callable[..., float]


def _rmse(y_true: np.ndarray, y_pred: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
    return float(sk.root_mean_squared_error(y_true, y_pred, sample_weight=sample_weight))


def _roc_auc(codes: np.ndarray, proba: np.ndarray, sample_weight: np.ndarray | None) -> float:
    n_classes = proba.shape[1]
    if len(np.unique(codes)) < n_classes:
        return np.nan
    if n_classes == 2:
        return float(sk.roc_auc_score(codes == 1, proba[:, 1], sample_weight=sample_weight))
    return float(
        sk.roc_auc_score(
            codes, proba, multi_class="ovr", labels=range(n_classes), sample_weight=sample_weight
        )
    )


def _log_loss(codes: np.ndarray, proba: np.ndarray, sample_weight: np.ndarray | None) -> float:
    labels = range(proba.shape[1])
    return float(sk.log_loss(codes, proba, labels=labels, sample_weight=sample_weight))


def _probability_score(
    metric: str, labels: pd.Series, proba: Any, classes: Any, weight: np.ndarray | None
) -> float:
    """A score of probabilities, NaN where their columns are not the labels' classes."""
    codes = pd.Index(classes, tupleize_cols=False).get_indexer(pd.Index(labels))
    if proba.shape[1] != len(classes) or (codes < 0).any():
        return np.nan
    return PROBABILITY[metric](codes, proba, weight)


CLASSIFICATION: dict[str, Metric] = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": lambda t, p, sample_weight: float(
        sk.recall_score(t, p, average="macro", labels=np.unique(t), sample_weight=sample_weight)
    ),
    "f1_macro": lambda t, p, sample_weight: float(
        sk.f1_score(t, p, average="macro", labels=np.unique(t), sample_weight=sample_weight)
    ),
}
PROBABILITY: dict[str, Metric] = {"roc_auc": _roc_auc, "log_loss": _log_loss}
REGRESSION: dict[str, Metric] = {
    "r2": lambda t, p, sample_weight: (
        float(sk.r2_score(t, p, sample_weight=sample_weight)) if len(t) > 1 else np.nan
    ),
    "rmse": _rmse,
    "mae": lambda t, p, sample_weight: float(
        sk.mean_absolute_error(t, p, sample_weight=sample_weight)
    ),
}
LOWER_IS_BETTER = frozenset({"rmse", "mae", "log_loss"})


def task_scores(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    y_proba: Any = None,
    tasks: Mapping[Hashable, Task] | None = None,
    task_kinds: Mapping[Hashable, str] | None = None,
    sample_weight: ArrayLike | None = None,
) -> pd.DataFrame:
    """Score each task on its own labels.

    Parameters
    ----------
    y_true : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_tasks)
        Labels; missing ones are left out.
    y_pred : the same shape
        Predictions of any estimator.
    y_proba : list of n_tasks arrays of shape (n_samples, n_classes) or None, or such an array
        What ``predict_proba`` gave, for AUC and log loss. None leaves both out.
    tasks : mapping of task name to Task, or None, default=None
        A fitted estimator's ``tasks_``: kinds and classes. None infers them from y_true, which in
        a small test set may lack a class.
    task_kinds : mapping of task name to kind, or None, default=None
        Overrides the inferred kinds. None overrides none.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
        Weights of rows or labels. None weighs all alike.

    Returns
    -------
    scores : DataFrame with a row per task
        Columns `kind`, `n_labels`, `score` (accuracy or R2), and every metric that fits some task,
        NaN where it doesn't fit.

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
    true, predicted, weights = _read(y_true, y_pred, sample_weight)
    proba = _per_task(y_proba, len(true.names))
    unknown = [name for name in task_kinds or {} if name not in true.names]
    if unknown:
        raise ValueError(
            f"`task_kinds` names {unknown!r}, which are not columns of y; they are "
            f"{list(true.names)!r}."
        )
    rows = []
    for index, name in enumerate(true.names):
        task = _task_at(tasks or {}, true, index)
        inferred = kind_of(true.columns[index]) if task is None else task.kind
        kind = (task_kinds or {}).get(name, inferred)
        labels, guesses, weight = _observed(true, predicted, weights, index, kind)
        row: dict[str, Any] = {"task": name, "kind": kind, "n_labels": len(labels)}
        for metric, function in (REGRESSION if kind == "regression" else CLASSIFICATION).items():
            row[metric] = function(labels, guesses, sample_weight=weight) if len(labels) else np.nan
        row["score"] = row["r2" if kind == "regression" else "accuracy"]
        if kind != "regression" and proba[index] is not None and len(labels):
            mask = true.columns[index].notna().to_numpy()
            observed, guessed = true.columns[index][mask], np.asarray(proba[index])[mask]
            classes = np.unique(observed.to_numpy()) if task is None else task.classes
            for metric in PROBABILITY:
                row[metric] = _probability_score(metric, observed, guessed, classes, weight)
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
    """Mean over tasks of accuracy or R2, over the tasks that have a label.

    Parameters
    ----------
    y_true, y_pred : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_tasks)
        Labels, missing ones left out, and predictions.
    tasks : mapping of name to Task
        The tasks; where y_true has no names, in the order of its columns.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
        Weights of rows or labels.
    """
    true, predicted, weights = _read(y_true, y_pred, sample_weight)
    scores = []
    for index in range(len(true.names)):
        task = _task_at(tasks, true, index)
        assert task is not None
        metric = REGRESSION["r2"] if task.kind == "regression" else CLASSIFICATION["accuracy"]
        labels, guesses, weight = _observed(true, predicted, weights, index, task.kind)
        if len(labels):
            scores.append(metric(labels, guesses, sample_weight=weight))
    return float(np.nanmean(scores)) if np.isfinite(scores).any() else float("nan")


class task_scorer:
    """A scorer for ``scoring=`` that stands missing labels and tasks of mixed kinds.

    Parameters
    ----------
    metric : str, callable or None, default=None
        None is accuracy for classification and R2 for regression. A name: ``"accuracy"``,
        ``"balanced_accuracy"``, ``"f1_macro"``, ``"roc_auc"``, ``"log_loss"``, ``"r2"``,
        ``"rmse"``, ``"mae"``; the mean is over the tasks that it fits, and the sign of an error is
        turned, so that greater is better. A callable gets ``(y_true, y_pred)`` of one task's
        labelled rows.
    task : hashable or None, default=None
        The one task to score. None takes the mean over tasks.

    Raises
    ------
    ValueError
        If the metric has no such name, or the task is no column of y.

    Examples
    --------
    >>> from sklearn.model_selection import cross_validate
    >>> from sklearn_3mtl import MultiTaskEstimator
    >>> from sklearn_3mtl.datasets import make_multitask_regression
    >>> from sklearn_3mtl.metrics import task_scorer
    >>> X, Y = make_multitask_regression(n_samples=60, random_state=0)
    >>> scoring = {"all": task_scorer(), "first": task_scorer("rmse", task="task0")}
    >>> est = MultiTaskEstimator(max_epochs=2, random_state=0)
    >>> sorted(cross_validate(est, X, Y, cv=3, scoring=scoring))
    ['fit_time', 'score_time', 'test_all', 'test_first']
    """

    def __init__(self, metric: str | Metric | None = None, *, task: Hashable | None = None) -> None:
        names = {*CLASSIFICATION, *PROBABILITY, *REGRESSION}
        if isinstance(metric, str) and metric not in names:
            raise ValueError(f"`metric` should be one of {sorted(names)}. Found {metric!r}.")
        self.metric, self.task = metric, task

    def __repr__(self) -> str:
        return f"task_scorer({self.metric!r}, task={self.task!r})"

    def __call__(
        self, estimator: Any, X: Any, y: Any, sample_weight: ArrayLike | None = None
    ) -> float:
        """Score a fitted estimator, or a Pipeline or search that ends in one."""
        y_pred = estimator.predict(X)
        true, predicted, weights = _read(y, y_pred, sample_weight)
        tasks = _tasks_of(estimator)
        proba = self._probabilities(estimator, X, len(true.names))
        if self.task is not None and self.task not in true.names:
            raise ValueError(
                f"`task`={self.task!r} is no column of y; its columns are {list(true.names)!r}."
            )
        scores = []
        for index, name in enumerate(true.names):
            if self.task is not None and name != self.task:
                continue
            task = _task_at(tasks, true, index)
            kind = task.kind if task is not None else kind_of(true.columns[index])
            function = self._function(kind)
            if function is None and self.task is not None:
                raise ValueError(f"`metric`={self.metric!r} doesn't fit the {kind} task {name!r}.")
            labels, guesses, weight = _observed(true, predicted, weights, index, kind)
            if function is None or not len(labels):
                continue
            if callable(self.metric):
                scores.append(function(labels, guesses))
            elif self.metric in PROBABILITY:
                mask = true.columns[index].notna().to_numpy()
                observed, guessed = true.columns[index][mask], np.asarray(proba[index])[mask]
                classes = np.unique(observed.to_numpy()) if task is None else task.classes
                scores.append(_probability_score(self.metric, observed, guessed, classes, weight))
            else:
                scores.append(function(labels, guesses, sample_weight=weight))
        sign = -1.0 if self.metric in LOWER_IS_BETTER else 1.0
        return sign * float(np.nanmean(scores)) if np.isfinite(scores).any() else float("nan")

    def _function(self, kind: str) -> Metric | None:
        if callable(self.metric):
            return self.metric
        if self.metric is None:
            return REGRESSION["r2"] if kind == "regression" else CLASSIFICATION["accuracy"]
        metrics = REGRESSION if kind == "regression" else {**CLASSIFICATION, **PROBABILITY}
        return metrics.get(self.metric)

    def _probabilities(self, estimator: Any, X: Any, n_tasks: int) -> list[Any]:
        if callable(self.metric) or self.metric not in PROBABILITY:
            return [None] * n_tasks
        return _per_task(estimator.predict_proba(X), n_tasks)


def _tasks_of(estimator: Any) -> Mapping[Hashable, Task]:
    """The tasks of an estimator, or of what a Pipeline or a search wraps."""
    if hasattr(estimator, "best_estimator_"):
        return _tasks_of(estimator.best_estimator_)
    if hasattr(estimator, "steps"):
        return _tasks_of(estimator.steps[-1][1])
    return getattr(estimator, "tasks_", {})


def _task_at(tasks: Mapping[Hashable, Task], true: TargetColumns, index: int) -> Task | None:
    """The task of a column of the labels: by name, else by position; None where there is none."""
    if true.named and true.names[index] in tasks:
        return tasks[true.names[index]]
    return list(tasks.values())[index] if len(tasks) == len(true.names) else None


def _per_task(proba: Any, n_tasks: int) -> list[Any]:
    """Probabilities as a list with an entry for each task."""
    if proba is None:
        return [None] * n_tasks
    listed = list(proba) if isinstance(proba, list | tuple) else [proba]
    if len(listed) != n_tasks:
        raise ValueError(
            f"Probabilities should be a list of {n_tasks} arrays, one per task. "
            f"Found {len(listed)}."
        )
    return listed


def _read(
    y_true: Any, y_pred: Any, sample_weight: ArrayLike | None
) -> tuple[TargetColumns, TargetColumns, np.ndarray | None]:
    true, predicted = read_targets(y_true), read_targets(y_pred)
    if true.n_rows != predicted.n_rows or len(true.names) != len(predicted.names):
        raise ValueError(
            f"The labels have {true.n_rows} rows and {len(true.names)} tasks, the predictions "
            f"{predicted.n_rows} and {len(predicted.names)}."
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


def _observed(
    true: TargetColumns,
    predicted: TargetColumns,
    weights: np.ndarray | None,
    index: int,
    kind: str,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The labelled rows of one task: labels, predictions, weights."""
    mask = true.columns[index].notna().to_numpy()
    labels = true.columns[index][mask]
    guesses = predicted.columns[index][mask]
    weight = None if weights is None else weights[mask, index]
    if kind == "regression":
        return labels.to_numpy(np.float64), guesses.to_numpy(np.float64), weight
    return _as_labels(labels), _as_labels(guesses), weight


def _as_labels(column: pd.Series) -> np.ndarray:
    """Plain numbers where the column holds numbers, text otherwise."""
    values = np.asarray(column.tolist())
    return values if values.dtype.kind in "biuf" else values.astype(str)
