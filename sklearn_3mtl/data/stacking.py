"""Stack tasks with different rows into the long layout."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sklearn_3mtl.data.columns import is_polars, polars_to_pandas

__all__ = ["stack_tasks"]


def stack_tasks(
    tasks: Mapping[Hashable, tuple[ArrayLike, ArrayLike]],
) -> tuple[Any, Any, np.ndarray]:
    """Stack tasks that have different rows into one X, one y and a vector of task ids.

    Parameters
    ----------
    tasks : mapping of task name to (X, y)
        Each X has shape (n_samples of the task, n_features), and y has as many rows. All X are
        DataFrames with the same columns, or all are arrays; likewise all y.

    Returns
    -------
    X : DataFrame or ndarray of shape (n_samples, n_features)
        The rows of all tasks, one task after the other.
    y : Series, DataFrame or ndarray of n_samples rows
        Their labels.
    task : ndarray of shape (n_samples,)
        The name of each row's task, for ``fit(X, y, task=task)``. For cross-validation, put it into
        a column of X and give the column's name: ``MultiTaskEstimator(task="store")``.

    Raises
    ------
    ValueError
        If there is no task, a task's X and y differ in length, or the tasks' X (or y) differ in
        type or columns.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_3mtl import stack_tasks
    >>> X, y, task = stack_tasks(
    ...     {
    ...         "north": (np.zeros((2, 3)), [1.0, 2.0]),
    ...         "south": (np.ones((1, 3)), [3.0]),
    ...     }
    ... )
    >>> X.shape, y, task
    ((3, 3), array([1., 2., 3.]), array(['north', 'north', 'south'], dtype='<U5'))
    """
    if not isinstance(tasks, Mapping) or not tasks:
        raise ValueError("`tasks` should be a mapping {name: (X, y)} with at least one task.")
    names = list(tasks)
    inputs, targets = [], []
    for name, pair in tasks.items():
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise ValueError(f"Task {name!r} should be a pair (X, y). Found {type(pair).__name__}.")
        X, y = (_plain(part) for part in pair)
        if len(X) != len(y):
            raise ValueError(f"Task {name!r} has {len(X)} rows in X and {len(y)} in y.")
        inputs.append(X)
        targets.append(y)
    X = _concatenate(inputs, names, "X")
    y = _concatenate(targets, names, "y")
    ids = np.empty(len(names), dtype=object)
    ids[:] = names
    one_plain_type = len({type(name) for name in names}) == 1 and not isinstance(names[0], tuple)
    with_own_dtype = np.asarray(names) if one_plain_type else ids
    return X, y, np.repeat(with_own_dtype, [len(part) for part in inputs])


def _plain(part: Any) -> Any:
    if is_polars(part):
        return polars_to_pandas(part) if hasattr(part, "columns") else part.to_numpy()
    return part if isinstance(part, pd.DataFrame | pd.Series) else np.asarray(part)


def _concatenate(parts: list[Any], names: list[Hashable], what: str) -> Any:
    first = parts[0]
    for name, part in zip(names, parts, strict=True):
        same = type(part) is type(first) and np.ndim(part) == np.ndim(first)
        if same and isinstance(first, pd.DataFrame):
            same = list(part.columns) == list(first.columns)
        elif same and np.ndim(first) == 2:
            same = part.shape[1] == first.shape[1]
        if not same:
            raise ValueError(
                f"The {what} of task {name!r} has another type or other columns than that of "
                f"{names[0]!r}; all tasks need the same columns."
            )
    if isinstance(first, pd.DataFrame | pd.Series):
        return pd.concat(parts, ignore_index=True)
    return np.concatenate(parts)
