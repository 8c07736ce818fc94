"""Read the task of each row, and assign tasks to folds."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.validation import _num_samples

from sklearn_3mtl.data.ids import in_order

__all__ = ["deal_tasks", "read_tasks", "some_of"]

SHOWN = 5


def read_tasks(X: object, groups: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    """Number the tasks in the order of their ids.

    Parameters
    ----------
    X : array-like of n_samples rows, or None
        Only its length is used. None: the number of rows is that of `groups`.
    groups : array-like of shape (n_samples,)
        Each row's task id.

    Returns
    -------
    task : int array of shape (n_samples,)
        The number of each row's task.
    ids : object array of shape (n_tasks,)
        The distinct ids, sorted; ids that can't be compared are sorted by type and text.

    Raises
    ------
    ValueError
        If `groups` is None, has another length than X, or has missing ids.
    TypeError
        If an id is not hashable.
    """
    if groups is None:
        raise ValueError(
            "`groups` should hold each row's task id. Found None; pass them as in "
            "cross_val_score(..., groups=ids) or GridSearchCV(...).fit(X, y, groups=ids)."
        )
    given = cast(Sequence[Hashable], groups)
    shape = np.shape(groups) if hasattr(groups, "shape") or np.isscalar(groups) else (len(given),)
    n_rows = _num_samples(groups if X is None else X)
    if shape != (n_rows,):
        found = f"shape {shape}" if shape else repr(groups)
        raise ValueError(f"`groups` should have shape ({n_rows},), an id per row. Found {found}.")
    # np.asarray of a list would turn NaN and numbers into strings if the list has a string.
    whole = isinstance(groups, np.ndarray | pd.Series)
    values = pd.Series(groups) if whole else pd.Series(list(given), dtype=object)
    missing = values.isna().to_numpy()
    if missing.any():
        raise ValueError(
            f"`groups` has no task id for {int(missing.sum())} row(s), the first of which is row "
            f"{int(missing.argmax())}; every row needs one."
        )
    try:
        task, distinct = pd.factorize(values.astype(object).to_numpy())
    except TypeError as error:
        raise TypeError(f"`groups` should hold strings, numbers or other ids: {error}.") from error
    order = in_order(distinct)
    number = np.empty(len(order), dtype=np.intp)
    number[order] = np.arange(len(order))
    return number[task], distinct[order]


def deal_tasks(n_tasks: int, n_splits: int, random: np.random.RandomState | None) -> np.ndarray:
    """The fold of each task; the numbers of tasks in the folds differ by one at most.

    Parameters
    ----------
    n_tasks, n_splits : int
        Numbers of tasks and folds.
    random : RandomState or None
        Shuffles the tasks. None: each fold has consecutive tasks.
    """
    if n_splits > n_tasks:
        raise ValueError(
            f"`n_splits`={n_splits} is more than there are tasks: `groups` has {n_tasks} distinct "
            "id(s), and each fold holds out at least one."
            + (f" Set it to at most {n_tasks}." if n_tasks > 1 else " Two tasks are the fewest.")
        )
    order = np.arange(n_tasks) if random is None else random.permutation(n_tasks)
    fold = np.empty(n_tasks, dtype=np.intp)
    fold[order] = np.arange(n_tasks) * n_splits // n_tasks
    return fold


def some_of(ids: np.ndarray) -> str:
    """The first few ids, for error messages."""
    return ", ".join(map(repr, ids[:SHOWN])) + (", ..." if len(ids) > SHOWN else "")
