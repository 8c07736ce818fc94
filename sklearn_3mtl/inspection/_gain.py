"""The gain of each task from sharing, compared with a network of its own."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples
from tqdm.auto import tqdm

from sklearn_3mtl.data.columns import TargetColumns, read_targets
from sklearn_3mtl.data.kinds import as_given
from sklearn_3mtl.data.targets import check_targets_length
from sklearn_3mtl.data.tasks import Task

__all__ = ["single_task_gain"]

# The value of `sharing` that gives each task its own network.
OWN_NETS = "none"
VERDICTS = ("hurt", "no difference", "helped")


def single_task_gain(
    estimator: BaseEstimator,
    X: ArrayLike,
    Y: ArrayLike,
    cv: object = None,
    *,
    groups: ArrayLike | None = None,
    confidence: float = 0.95,
    verbose: int = 0,
) -> pd.DataFrame:
    """Compare, for each task, a shared model with a separate network, on the same splits.

    Parameters
    ----------
    estimator : multi-task estimator
        Clones of it are fitted as it is, and with ``sharing="none"``.
    X : DataFrame or array-like of shape (n_samples, n_features)
        Inputs.
    Y : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_tasks)
        Labels; missing ones are ignored.
    cv : int, splitter, iterable or None, default=None
        As in scikit-learn, without stratification. None: five folds of shuffled rows.
    groups : array-like of shape (n_samples,) or None, default=None
        Groups that are passed to the splitter. None: no groups.
    confidence : float in (0, 1), default=0.95
        Coverage of the intervals.
    verbose : int, default=0
        With 1 or more, a progress bar over the splits.

    Returns
    -------
    report : DataFrame with a row per task
        `kind`; `shared` and `own net`: R2 or accuracy of the held-out predictions; `difference`
        (positive if sharing is better) with its interval from `low` to `high`; and `verdict`:
        ``"helped"`` if the interval lies above 0, ``"hurt"`` if it lies below 0 (negative
        transfer), else ``"no difference"``.

    Raises
    ------
    ValueError
        If the estimator shares nothing, X and Y differ in length, or a fold can't be fitted.

    Notes
    -----
    The interval is a t-interval for the mean paired difference in loss over held-out labels. It is
    asymptotically exact for the models of these folds (Bayle, Bayle, Janson, Mackey,
    "Cross-validation confidence intervals for test error", NeurIPS 2020, arXiv 2007.12671,
    theorem 1 and section 3). It doesn't include the variation between training sets. It is too
    narrow if held-out rows depend on each other: keep such rows together by `groups`.

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskRegressor
    >>> from sklearn_3mtl.datasets import make_multitask_regression
    >>> from sklearn_3mtl.inspection import single_task_gain
    >>> X, Y = make_multitask_regression(n_samples=60, n_tasks=3, random_state=0)
    >>> est = MultiTaskRegressor(n_estimators=1, max_epochs=5, random_state=0)
    >>> single_task_gain(est, X, Y, cv=2).columns.tolist()
    ['kind', 'shared', 'own net', 'difference', 'low', 'high', 'verdict']
    """
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` should lie between 0 and 1. Found {confidence!r}.")
    parameters = estimator.get_params()
    if "sharing" not in parameters or "n_estimators" not in parameters:
        raise ValueError(
            "single_task_gain compares settings of a multi-task estimator of this library. Found "
            f"a {type(estimator).__name__}; give the estimator itself, and transform X before."
        )
    if parameters["sharing"] == OWN_NETS:
        raise ValueError(
            "The estimator has sharing='none': it has no shared model to compare with separate "
            "networks. Give one that shares."
        )
    targets = read_targets(Y)
    check_targets_length(targets, _num_samples(X))
    # Inferred on all rows, because a fold may lack the labels that show a task's kind.
    kinds = {
        name: as_given(name, task.kind_object, estimator.task_kinds)
        for name, task in estimator._infer_tasks(targets).items()
    }
    shared = clone(estimator).set_params(task_kinds=kinds)
    own = clone(shared).set_params(sharing=OWN_NETS)
    losses = np.zeros((2, targets.n_rows, len(targets.names)))
    times = np.zeros(targets.n_rows)
    tasks: Mapping[Hashable, Task] = {}
    splits = list(_splits(cv, X, groups))
    for train, test in tqdm(splits, "compare", unit="split", disable=not verbose):
        for number, model in enumerate((shared, own)):
            fitted = _fit(clone(model), _safe_indexing(X, train), _safe_indexing(Y, train))
            # The same number of networks for both models.
            own.set_params(n_estimators=fitted.chosen_.get("n_estimators", own.n_estimators))
            guess = read_targets(fitted.predict(_safe_indexing(X, test)))
            losses[number, test] += _losses(targets, guess, fitted.tasks_, test)
            tasks = fitted.tasks_
        times[test] += 1
    judged = times > 0
    losses[:, judged] /= times[judged][:, None]
    rows = {
        task.name: _row(task, losses[:, judged, index], column[judged], confidence)
        for index, (task, column) in enumerate(zip(tasks.values(), targets.columns, strict=True))
    }
    report = pd.DataFrame.from_dict(rows, orient="index")
    report.index = pd.Index(list(rows), name="task")
    return report


def _splits(
    cv: object, X: ArrayLike, groups: ArrayLike | None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The splits of `cv`; a number stands for that many folds of shuffled rows."""
    splitter = check_cv(5 if cv is None else cv)
    if cv is None or isinstance(cv, int):
        splitter.shuffle, splitter.random_state = True, 0
    try:
        found: Iterator[tuple[np.ndarray, np.ndarray]] = splitter.split(X, groups=groups)
        return found
    except TypeError as error:
        raise ValueError(
            "`cv` should split rows without their labels, which are of several tasks: KFold, "
            f"GroupKFold, ShuffleSplit and the like. Found {cv!r}."
        ) from error


def _fit(model: BaseEstimator, X: ArrayLike, Y: ArrayLike) -> BaseEstimator:
    """Fit on the training rows of a fold; an error adds what to do if these lack labels."""
    try:
        return model.fit(X, Y)
    except ValueError as error:
        raise ValueError(
            f"The training rows of a fold could not be fitted: {error} Use fewer folds, or leave "
            "out a task with so few labels."
        ) from error


def _losses(
    targets: TargetColumns, guess: TargetColumns, tasks: Mapping[Hashable, Task], test: np.ndarray
) -> np.ndarray:
    """The losses of held-out predictions, an array of shape (n_test_rows, n_tasks).

    They are squared errors, or 1 for a wrong class and 0 for the right one; NaN without a label.
    """
    found = np.full((len(test), len(tasks)), np.nan)
    for index, task in enumerate(tasks.values()):
        truth = targets.columns[index].iloc[test]
        known = truth.notna().to_numpy()
        truth, predicted = truth[known], guess.columns[index][known]
        if task.classes is None:
            error = truth.to_numpy(np.float64) - predicted.to_numpy(np.float64)
            found[known, index] = error**2
        else:
            wrong = truth.to_numpy(dtype=object) != predicted.to_numpy(dtype=object)
            found[known, index] = wrong.astype(float)
    return found


def _row(task: Task, losses: np.ndarray, column: pd.Series, confidence: float) -> dict[str, object]:
    """One task's row of the report, from the losses of both models."""
    known = ~np.isnan(losses).any(0)
    shared, own = losses[:, known]
    unit = 1.0
    if task.classes is None:
        unit = float(np.var(column[known].to_numpy(np.float64))) or 1.0
    gain = (own - shared) / unit
    mean = float(gain.mean()) if len(gain) else float("nan")
    half = float("nan")
    if len(gain) > 1:
        quantile = stats.t.ppf((1 + confidence) / 2, len(gain) - 1)
        half = float(quantile * gain.std(ddof=1) / np.sqrt(len(gain)))
    place = 1 + int(mean - half > 0) - int(mean + half < 0)
    return {
        "kind": task.kind,
        "shared": 1 - float(shared.mean()) / unit,
        "own net": 1 - float(own.mean()) / unit,
        "difference": mean,
        "low": mean - half,
        "high": mean + half,
        "verdict": VERDICTS[place],
    }
