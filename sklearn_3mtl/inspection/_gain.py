"""What sharing gives each task, measured against a net of its own."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing

from sklearn_3mtl.metrics import task_scores
from sklearn_3mtl.metrics._functions import LOWER_IS_BETTER

__all__ = ["single_task_gain"]

VERDICTS = ("hurt", "no difference", "helped")


def single_task_gain(
    estimator: Any,
    X: ArrayLike,
    Y: ArrayLike,
    cv: Any = None,
    *,
    metric: str | Mapping[Hashable, str] | None = None,
    groups: ArrayLike | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Compare each task of a shared model with a net of its own, on the same splits.

    Parameters
    ----------
    estimator : multi-task estimator
        Cloned and fitted as it is, and with ``sharing="none"``.
    X : DataFrame or array-like of shape (n_samples, n_features)
        Rows.
    Y : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_tasks)
        Labels; missing ones are left out.
    cv : int, splitter, iterable or None, default=None
        As in scikit-learn, without stratification. None: five folds. More splits, such as
        ``RepeatedKFold(n_splits=5, n_repeats=4)``, narrow the intervals.
    metric : str, mapping of task name to str, or None, default=None
        A column of :func:`~sklearn_3mtl.metrics.task_scores`, such as ``"roc_auc"`` or
        ``"rmse"``. None: accuracy and R2.
    groups : array-like of shape (n_samples,) or None, default=None
        Passed to the splitter.
    confidence : float, default=0.95
        Coverage of the intervals.

    Returns
    -------
    report : DataFrame with a row per task
        `metric`, `shared`, `own net` (means over the splits), `difference` (positive where sharing
        is better), `low` and `high` (its interval), and `verdict`: ``"helped"`` where the interval
        lies above 0, ``"hurt"`` where it lies below (negative transfer), else
        ``"no difference"``.

    Raises
    ------
    ValueError
        If the estimator shares nothing, or there are fewer than two splits.

    Notes
    -----
    Training sets of different splits overlap, so that a plain t interval would be too narrow: the
    variance is that of the corrected resampled t-test (Nadeau and Bengio, "Inference for the
    generalization error", Machine Learning 52, 2003, section 3).

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskRegressor
    >>> from sklearn_3mtl.datasets import make_multitask_regression
    >>> from sklearn_3mtl.inspection import single_task_gain
    >>> X, Y = make_multitask_regression(n_samples=60, n_tasks=3, random_state=0)
    >>> est = MultiTaskRegressor(n_estimators=1, max_epochs=5, random_state=0)
    >>> single_task_gain(est, X, Y, cv=2).columns.tolist()
    ['metric', 'shared', 'own net', 'difference', 'low', 'high', 'verdict']
    """
    if estimator.get_params()["sharing"] == "none":
        raise ValueError(
            "The estimator has sharing='none': it has no shared model to compare with nets of "
            "their own. Give one that shares."
        )
    splits = list(check_cv(cv).split(X, groups=groups))
    if len(splits) < 2:
        raise ValueError(f"`cv` should give at least two splits. Found {len(splits)}.")
    models = {"shared": estimator, "own net": clone(estimator).set_params(sharing="none")}
    found: dict[str, list[pd.Series]] = {name: [] for name in models}
    metrics = pd.Series(dtype=object)
    for train, test in splits:
        for name, model in models.items():
            fitted = clone(model).fit(_safe_indexing(X, train), _safe_indexing(Y, train))
            scores, metrics = _scores(
                fitted, _safe_indexing(X, test), _safe_indexing(Y, test), metric
            )
            found[name].append(scores)
    shared, own = (pd.DataFrame(found[name]) for name in models)
    sign = metrics.map(lambda name: -1.0 if name in LOWER_IS_BETTER else 1.0)
    difference = (shared - own) * sign
    ratio = float(np.mean([len(test) / len(train) for train, test in splits]))
    half = difference.apply(_half_width, ratio=ratio, confidence=confidence)
    mean = difference.mean()
    place = 1 + (mean - half > 0).astype(int) - (mean + half < 0).astype(int)
    report = pd.DataFrame(
        {
            "metric": metrics,
            "shared": shared.mean(),
            "own net": own.mean(),
            "difference": mean,
            "low": mean - half,
            "high": mean + half,
            "verdict": [VERDICTS[verdict] for verdict in place],
        }
    )
    report.index.name = "task"
    return report


def _scores(
    fitted: Any, X: Any, Y: Any, metric: str | Mapping[Hashable, str] | None
) -> tuple[pd.Series, pd.Series]:
    """Each task's score, and the name of its metric."""
    needs_proba = hasattr(fitted, "predict_proba")
    proba = fitted.predict_proba(X) if needs_proba else None
    table = task_scores(Y, fitted.predict(X), y_proba=proba, tasks=fitted.tasks_)
    default = table["kind"].map(lambda kind: "r2" if kind == "regression" else "accuracy")
    if metric is None:
        names = default
    elif isinstance(metric, str):
        names = pd.Series(metric, index=table.index)
    else:
        names = pd.Series({task: metric.get(task, default[task]) for task in table.index})
    unknown = sorted({str(name) for name in names if name not in table.columns})
    if unknown:
        raise ValueError(
            f"`metric` should name columns of task_scores, {table.columns[2:].tolist()!r}. "
            f"Found {unknown!r}."
        )
    return pd.Series({task: table.loc[task, names[task]] for task in table.index}), names


def _half_width(differences: pd.Series, ratio: float, confidence: float) -> float:
    known = differences.dropna()
    if len(known) < 2:
        return float("nan")
    variance = known.var(ddof=1) * (1 / len(known) + ratio)
    return float(stats.t.ppf((1 + confidence) / 2, len(known) - 1) * np.sqrt(variance))
