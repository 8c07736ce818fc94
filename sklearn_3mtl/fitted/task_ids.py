"""Task ids, which say for each row which task it belongs to."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from numbers import Real
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike

from sklearn_3mtl.data.columns import is_polars, polars_to_pandas
from sklearn_3mtl.data.ids import in_order
from sklearn_3mtl.data.tables import InputTable, find_column, find_name

__all__ = [
    "default_id_of",
    "group_index",
    "read_task_ids",
    "refuse_unknown",
    "unique_ids",
    "with_task_column",
]


def read_task_ids(
    table: InputTable, column: Hashable | None, ids: ArrayLike | None, what: str = "task"
) -> tuple[np.ndarray | None, int | None]:
    """Each row's task id, from a column of X or from an array.

    Parameters
    ----------
    table : InputTable
        X.
    column : hashable or None
        The estimator's `task`: a column's name, or its position in an array.
    ids : array-like of shape (n_samples,) or None
        The `task` argument of a method.
    what : str, default="task"
        What the ids identify; also the name of the parameter and of the argument in errors.

    Returns
    -------
    ids : object ndarray of shape (n_samples,) or None
        None where neither a column nor an array was given.
    position : int or None
        The task column's position in X. None where the ids are not a column of X.
    """
    if column is not None and ids is not None:
        raise ValueError(
            f"Task ids were given twice: as the column task={column!r} of X and as the `task` "
            "argument. Give one of them."
        )
    position = None
    if column is not None:
        position = find_column(table, column, what)
        found = table.category_values(position)
    elif ids is not None:
        if np.shape(ids) != (table.n_rows,):
            raise ValueError(
                f"`{what}` should have shape ({table.n_rows},), an id per row. "
                f"Found {np.shape(ids)}."
            )
        # Not np.asarray of a list: it would turn NaN and numbers among strings into strings.
        listed = ids.tolist() if isinstance(ids, np.ndarray) else cast(Sequence[Hashable], ids)
        values = list(listed)
        found = pd.Series(values, dtype=object).to_numpy()
    else:
        return None, None
    missing = pd.isna(found)
    if missing.any():
        raise ValueError(
            f"{int(missing.sum())} row(s) have no {what} id (the first is row "
            f"{int(np.argmax(missing))}); every row needs one."
        )
    return found, position


def with_task_column(
    X: ArrayLike, names: Sequence[Hashable], task: Hashable, value: Hashable
) -> ArrayLike:
    """Insert a constant task column into an X that lacks only this column; return any other X.

    Parameters
    ----------
    X : DataFrame or array-like
        Rows, with or without the task column.
    names : sequence of hashable
        All columns of `fit`'s X; positions where they had no names.
    task : hashable
        The estimator's `task`.
    value : hashable
        The id of all rows.
    """
    position = find_name(names, task, "task")
    if np.ndim(X) != 2 or np.shape(X)[1] != len(names) - 1:
        return X
    frame = polars_to_pandas(X) if is_polars(X) else X
    if isinstance(frame, pd.DataFrame):
        if names[position] in frame.columns:
            return X
        frame = frame.copy(deep=False)
        # pandas accepts more names and values than its type annotations do.
        frame.insert(position, cast(Any, names[position]), cast(Any, value))
        return frame
    # NumPy would turn numbers into strings if a list holds both.
    rows = X if isinstance(X, np.ndarray) else pd.DataFrame(cast(Any, X)).infer_objects()
    array = np.asarray(rows)
    # With a numeric id the array keeps its dtype; a text id needs an array of objects.
    dtype = array.dtype if isinstance(value, Real) else object
    return np.insert(array.astype(dtype), position, cast(Any, value), axis=1)


def default_id_of(groups: np.ndarray) -> Hashable:
    """Make up a task id that is not in `groups`, the known ids.

    It is a negative number if all known ids are numbers, else a string.
    """
    if all(isinstance(g, Real) and not isinstance(g, bool) for g in groups):
        # Negative, because the ids of later rows rarely are.
        found: Hashable = min(0, *groups) - 1
        return found
    name = "adapted"
    while name in groups:
        name += "'"
    return name


def unique_ids(ids: np.ndarray) -> np.ndarray:
    """The distinct ids, sorted where they have an order."""
    distinct = pd.unique(ids)
    found: np.ndarray = np.asarray(distinct, dtype=object)[in_order(distinct)]
    return found


def group_index(groups: np.ndarray, ids: np.ndarray, *, warn: bool = False) -> torch.Tensor:
    """The position of each row's task id in `groups`, the known ids; -1 for an unknown id.

    If `warn` is True, unknown ids give one warning.
    """
    index = pd.Index(groups).get_indexer(pd.Index(ids))
    if warn and (index < 0).any():
        count, shown = _shown(ids[index < 0])
        warnings.warn(
            f"{count} task id(s) were not seen with a label in fit ({shown}): their rows are "
            "predicted with what all tasks share.",
            UserWarning,
            stacklevel=4,
        )
    return torch.from_numpy(index.astype(np.int64))


def refuse_unknown(groups: np.ndarray, ids: np.ndarray) -> None:
    """Raise an error unless `ids`, those that the fit to be continued did not see, is empty."""
    if len(ids):
        count, shown = _shown(ids)
        raise ValueError(
            f"warm_start can't add tasks: {count} task id(s) were not seen in the first fit "
            f"({shown}), which had {len(groups)} task id(s)."
        )


def _shown(ids: np.ndarray) -> tuple[int, str]:
    """How many ids there are, and the first few."""
    names: list[object] = pd.unique(ids).tolist()
    return len(names), ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
