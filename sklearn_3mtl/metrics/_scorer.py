"""A scorer for cross-validation and grid search."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from numpy.typing import ArrayLike

from sklearn_3mtl.metrics._functions import (
    METRICS,
    Score,
    score_of_labels,
    score_of_probabilities,
)
from sklearn_3mtl.metrics.reading import (
    Predictor,
    kind_at,
    labelled_rows,
    per_task,
    read,
    task_at,
    tasks_of_estimator,
)

__all__ = ["task_scorer"]


class task_scorer:
    """A scorer for ``scoring=`` that accepts missing labels and tasks of mixed kinds.

    Parameters
    ----------
    metric : str, callable or None, default=None
        A name: ``"accuracy"``, ``"balanced_accuracy"``, ``"f1_macro"``, ``"roc_auc"``,
        ``"log_loss"``, ``"r2"``, ``"rmse"`` or ``"mae"``. The score is the mean over the tasks to
        which the metric applies; errors are negated, so that greater is better. A callable gets
        ``(y_true, y_pred)`` of one task's labelled rows. None: accuracy for classification, R2 for
        regression.
    task : hashable or None, default=None
        The only task to score. None: the mean over tasks.

    Raises
    ------
    ValueError
        If `metric` is not one of the names. When scoring: if `task` is not a column of y, or the
        metric doesn't apply to it.

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

    def __init__(self, metric: str | Score | None = None, *, task: Hashable | None = None) -> None:
        if isinstance(metric, str) and metric not in METRICS:
            raise ValueError(f"`metric` should be one of {sorted(METRICS)}. Found {metric!r}.")
        self.metric, self.task = metric, task

    def __repr__(self) -> str:
        return f"task_scorer({self.metric!r}, task={self.task!r})"

    def __call__(
        self, estimator: Predictor, X: object, y: object, sample_weight: ArrayLike | None = None
    ) -> float:
        """Score a fitted estimator, or a Pipeline or search that ends in one."""
        y_pred = estimator.predict(X)
        true, predicted, weights = read(y, y_pred, sample_weight)
        tasks = tasks_of_estimator(estimator)
        proba = self._probabilities(estimator, X, len(true.names))
        if self.task is not None and self.task not in true.names:
            raise ValueError(
                f"`task`={self.task!r} is no column of y; its columns are {list(true.names)!r}."
            )
        scores = []
        for index, name in enumerate(true.names):
            if self.task is not None and name != self.task:
                continue
            kind = kind_at(tasks, true, index)
            metric = kind.metrics[0] if self.metric is None else self.metric
            fits = callable(metric) or metric in kind.metrics
            if not fits and self.task is not None:
                raise ValueError(
                    f"`metric`={self.metric!r} doesn't fit the {kind.name} task {name!r}."
                )
            labels, guesses, weight = labelled_rows(true, predicted, weights, index, kind)
            if not fits or not len(labels):
                continue
            if callable(metric):
                scores.append(metric(labels, guesses))
            elif METRICS[metric].of_probabilities:
                mask = true.columns[index].notna().to_numpy()
                observed, guessed = true.columns[index][mask], np.asarray(proba[index])[mask]
                task = task_at(tasks, true, index)
                classes = np.unique(observed.to_numpy()) if task is None else task.classes
                scores.append(score_of_probabilities(metric, observed, guessed, classes, weight))
            else:
                scores.append(score_of_labels(metric, labels, guesses, weight, kind))
        is_error = isinstance(self.metric, str) and METRICS[self.metric].is_error
        sign = -1.0 if is_error else 1.0
        return sign * float(np.nanmean(scores)) if np.isfinite(scores).any() else float("nan")

    def _probabilities(self, estimator: Predictor, X: object, n_tasks: int) -> list[object]:
        if not isinstance(self.metric, str) or not METRICS[self.metric].of_probabilities:
            return [None] * n_tasks
        return per_task(estimator.predict_proba(X), n_tasks)
