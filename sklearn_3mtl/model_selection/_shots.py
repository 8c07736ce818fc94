"""The order in which the rows of each task are drawn as shots."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sklearn_3mtl.data.columns import read_targets
from sklearn_3mtl.data.kinds import infer_kind

__all__ = ["draw_ranks", "read_labels"]


def read_labels(
    y: object, n_rows: int, stratify: bool | str, per_class: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """Which rows have a label, and the class of each row if shots depend on classes.

    Parameters
    ----------
    y : array-like of n_rows rows, or None
        Labels, in one or more columns.
    n_rows : int
        The number of rows of X.
    stratify, per_class : bool or "auto"
        As in :class:`~sklearn_3mtl.model_selection.KShotSplit`.

    Returns
    -------
    labelled : bool array of shape (n_rows,)
        Which rows have any label.
    classes : int array of shape (n_rows,) or None
        The number of each row's class, -1 for a missing label. None: shots are drawn without regard
        to classes.
    """
    asked = "per_class=True" if per_class else "stratify=True" if stratify is True else None
    if y is None:
        if asked:
            raise ValueError(f"{asked} needs the classes in `y`. Found None.")
        return np.ones(n_rows, dtype=bool), None
    targets = read_targets(y)
    if targets.n_rows != n_rows:
        raise ValueError(f"`y` should have {n_rows} rows, as X has. Found {targets.n_rows}.")
    labelled = targets.labelled()
    if len(targets.columns) > 1:
        if asked:
            raise ValueError(
                f"{asked} needs one column of classes in `y`. Found {len(targets.columns)} "
                f"columns; split with y=the column whose classes count, or leave {asked} out."
            )
        return labelled, None
    column = targets.columns[0]
    if not asked and (stratify is False or not infer_kind(column).has_classes):
        return labelled, None
    if asked and pd.api.types.is_float_dtype(column.dtype):
        observed = column.dropna()
        fractions = observed[observed % 1 != 0]
        if len(fractions):
            raise ValueError(
                f"{asked} needs classes in `y`. Found numbers such as {fractions.iloc[0]}; "
                f"leave {asked} out for regression."
            )
    return labelled, pd.factorize(column)[0]


def draw_ranks(
    task: np.ndarray,
    labelled: np.ndarray,
    classes: np.ndarray | None,
    per_class: bool,
    random: np.random.RandomState,
) -> np.ndarray:
    """Each row's rank, from 0, in the random order of its task's rows; -1 without a label.

    Parameters
    ----------
    task : int array of shape (n_rows,)
        The number of each row's task.
    labelled : bool array of shape (n_rows,)
        The rows that may be drawn.
    classes : int array of shape (n_rows,) or None
        If given, the first row of each class comes before all other rows. None: the order doesn't
        depend on classes.
    per_class : bool
        Whether to rank the rows of each class separately.
    random : RandomState
        Draws the order.
    """
    key = random.permutation(len(task))[labelled]
    cell = task[labelled]
    ranks = np.full(len(task), -1)
    if classes is None:
        ranks[labelled] = _rank_within(cell, key)
        return ranks
    finer = cell * (int(classes.max(initial=0)) + 1) + classes[labelled]
    in_class = _rank_within(finer, key)
    ranks[labelled] = in_class if per_class else _rank_within(cell, key, in_class > 0)
    return ranks


def _rank_within(cell: np.ndarray, *keys: np.ndarray) -> np.ndarray:
    """Each row's rank, from 0, among the rows with the same number in `cell`.

    Rows are ordered by the last key; ties are broken by the keys before it.
    """
    order = np.lexsort((*keys, cell))
    counts = np.unique(cell, return_counts=True)[1]
    rank = np.empty(len(cell), dtype=np.intp)
    rank[order] = np.arange(len(cell)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rank
