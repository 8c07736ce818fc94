"""Score the learning paradigms and any baselines on the same splits."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, cast

import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.model_selection import check_cv
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _num_samples
from tqdm.auto import tqdm

from sklearn_3mtl.data.columns import read_targets
from sklearn_3mtl.data.kinds import Kind
from sklearn_3mtl.data.targets import check_targets_length
from sklearn_3mtl.data.tasks import tasks_of
from sklearn_3mtl.model_selection._compared_methods import (
    Split,
    chosen_methods,
    models_of,
    read_baselines,
    read_scorers,
    settings_of,
)
from sklearn_3mtl.model_selection._compared_scores import (
    Compared,
    means_over_targets,
    summary_of,
)

__all__ = ["compare_paradigms"]


def compare_paradigms(
    estimator: BaseEstimator,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    cv: object = None,
    groups: ArrayLike | None = None,
    paradigms: Iterable[str] | None = None,
    baselines: Mapping[str, object] | None = None,
    reference: str | None = None,
    scoring: object = None,
    confidence: float = 0.95,
    corrected: bool = True,
    error_score: float | str = "raise",
    n_jobs: int | None = None,
    return_scores: bool = False,
    verbose: int = 0,
) -> Any:
    """Score single-task, multi-task, transfer and meta-learning and baselines on the same splits.

    Methods with ``"mtl"`` in their name train one model on all targets. The others train one model
    for each target; it treats all task ids alike, unless they adapt. Apart from that, all methods
    use the estimator's parameters.

    Parameters
    ----------
    estimator : ThreeMTLEstimator, ThreeMTLClassifier, ThreeMTLRegressor, or Pipeline of one
        It is cloned for each fit. With an int as `random_state`, all methods have the same seed.
    X : DataFrame or array-like of shape (n_samples, n_features)
        Inputs, with the columns that the estimator's `task` and `domain` name.
    Y : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_targets)
        Labels; missing ones are ignored.
    cv : int, splitter, iterable or None, default=None
        As in scikit-learn, without stratification. None: five folds of shuffled rows.
    groups : array-like of shape (n_samples,) or None, default=None
        Groups that are passed to the splitter, for example task ids for :class:`KShotSplit`. None:
        no groups.
    paradigms : iterable of str or None, default=None
        Some of ``"single-task"``, ``"mtl"``, ``"transfer"``, ``"meta"``, ``"mtl+transfer"``,
        ``"mtl+meta"``, ``"meta+transfer"`` and ``"3mtl"``. None: all that differ from each other
        for this estimator and these targets.
    baselines : mapping of name to estimator or (classifier, regressor), or None, default=None
        Further models. Each is fitted to one target at a time, on the rows that have its label; a
        classifier or regressor only to targets of its kind. None: no baselines.
    reference : str or None, default=None
        The method that the others are compared with. None: the first, which is single-task unless
        `paradigms` says otherwise.
    scoring : str, callable, mapping of target name to these, or None, default=None
        The metric of each target, as in scikit-learn. None: accuracy or R2. With a mapping no mean
        over targets is computed.
    confidence : float in (0, 1), default=0.95
        Coverage of the intervals.
    corrected : bool, default=True
        Whether the intervals take into account that training sets overlap. False: splits are
        treated as independent, which makes the intervals of cross-validation too narrow.
    error_score : float or "raise", default="raise"
        The score of a model that fails to fit or predict, in which case a warning is given.
        ``"raise"``: the error is raised.
    n_jobs : int or None, default=None
        Number of fits at the same time. None: 1, unless a joblib context says otherwise.
    return_scores : bool, default=False
        Whether to also return the score of each split.
    verbose : int, default=0
        With 1 or more, a progress bar over the splits and methods.

    Returns
    -------
    summary : DataFrame with a row per target and method
        `target`, or ``"all"`` for the mean over targets; `method`; `metric`; `score`, the mean over
        splits, with its interval from `low` to `high`; `n_splits`, the number of splits with a
        score; `difference`, the mean paired difference from the reference, with its interval from
        `difference_low` to `difference_high`; `seconds` to fit and predict all targets of a split.
    scores : DataFrame with a row per split, target and method
        Only if `return_scores` is True.

    Warns
    -----
    UserWarning
        If `paradigms` is None and some are left out, because they would equal others without task
        ids, without several targets, or without anything to transfer.

    Raises
    ------
    ValueError
        If a parameter is invalid, or a paradigm in `paradigms` would equal another.

    Notes
    -----
    The intervals are t-intervals over the splits, with the variance of Nadeau and Bengio,
    "Inference for the generalization error" (Machine Learning 52, 2003).

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_3mtl import ThreeMTLRegressor
    >>> from sklearn_3mtl.datasets import make_multitask_regression
    >>> from sklearn_3mtl.model_selection import compare_paradigms
    >>> X, Y = make_multitask_regression(n_samples=60, n_tasks=2, random_state=0)
    >>> est = ThreeMTLRegressor(n_estimators=1, max_epochs=2, random_state=0)
    >>> table = compare_paradigms(
    ...     est, X, Y, cv=2, paradigms=["single-task", "mtl"], baselines={"ridge": Ridge()}
    ... )
    >>> table.loc[table["target"] == "all", "method"].tolist()
    ['single-task', 'mtl', 'ridge']
    """
    if not 0 < confidence < 1:
        raise ValueError(f"`confidence` should lie between 0 and 1. Found {confidence!r}.")
    if isinstance(error_score, str) and error_score != "raise":
        raise ValueError(f"`error_score` should be a number or 'raise'. Found {error_score!r}.")
    targets = read_targets(Y)
    check_targets_length(targets, _num_samples(X))
    if len(targets.names) > 1 and "all" in targets.names:
        raise ValueError("`Y` has a target named 'all', which is the mean's name; rename it.")
    settings, prefix = settings_of(estimator)
    final = estimator.steps[-1][1] if prefix and hasattr(estimator, "steps") else estimator
    given = cast(Mapping[Hashable, str | Kind] | None, settings.get("task_kinds"))
    infer = getattr(final, "_infer_tasks", lambda t: tasks_of(t, given))
    kinds = {name: task.kind_object for name, task in infer(targets).items()}
    methods = {
        name: models_of(estimator, name, kinds)
        for name in chosen_methods(paradigms, settings, len(kinds))
    } | read_baselines(baselines, kinds)
    if not methods:
        raise ValueError("`paradigms` and `baselines` are empty: there is nothing to compare.")
    reference = next(iter(methods)) if reference is None else reference
    if reference not in methods:
        raise ValueError(f"`reference` should be one of {list(methods)!r}. Found {reference!r}.")
    compared = Compared(X, Y, kinds, read_scorers(scoring, kinds), error_score)
    splits = list(_splits(cv, X, Y, groups))
    jobs = [(n, split, name) for n, split in enumerate(splits) for name in methods]
    found = Parallel(n_jobs=n_jobs, return_as="generator")(
        delayed(compared.score_split)(name, methods[name], n, split) for n, split, name in jobs
    )
    shown = tqdm(found, "compare", len(jobs), unit="method", disable=not verbose)
    scores = pd.DataFrame([row for rows in shown for row in rows])
    if scores.empty:
        raise ValueError("`cv` gives no split with a labelled row to test.")
    if len(kinds) > 1 and not isinstance(scoring, Mapping):
        scores = pd.concat(
            [scores, means_over_targets(scores, methods, len(kinds))], ignore_index=True
        )
    summary = summary_of(scores, list(methods), reference, confidence, corrected)
    return (summary, scores) if return_scores else summary


def _splits(cv: object, X: ArrayLike, Y: ArrayLike, groups: ArrayLike | None) -> Iterator[Split]:
    splitter = check_cv(5 if cv is None else cv)
    if cv is None or isinstance(cv, int):
        splitter.shuffle, splitter.random_state = True, 0
    try:
        yield from splitter.split(X, Y, groups)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`cv`={cv!r} could not split the rows: {error}") from error
