"""Checks of parameters that go beyond a type: numbers, weights, widths, columns."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from numbers import Integral
from typing import TypeGuard

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sklearn_3mtl.data.tables import InputTable, find_column
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.settings.types import Auto, Heads, HeadSpec, TaskWeight

__all__ = [
    "categorical_positions",
    "check_widths",
    "has_group_layers",
    "head_specs",
    "is_auto",
    "named_weights",
    "numbers",
    "shot_range",
]


def is_auto(value: object) -> TypeGuard[Auto]:
    """Whether a parameter is ``"auto"``, so that `fit` chooses its value."""
    return isinstance(value, str) and value == "auto"


def shot_range(value: int | str | Sequence[int]) -> tuple[int, int]:
    """Read `n_shots`: the smallest and largest number of support rows of an episode."""
    ends = tuple(value) if np.iterable(value) else (value, value)
    whole = [int(end) for end in ends if isinstance(end, Integral) and not isinstance(end, bool)]
    if len(ends) != 2 or len(whole) != 2 or not 0 <= whole[0] <= whole[1] or not whole[1]:
        raise ValueError(
            '`n_shots` should be "auto", an integer >= 1, or a pair of integers >= 0, the fewest '
            f"and the most support rows of an episode. Found {value!r}."
        )
    return whole[0], whole[1]


def check_widths(parameter: str, value: object) -> tuple[int, ...]:
    """Read layer widths, given as an integer or a sequence, into a tuple of integers >= 1."""
    given = tuple(value) if np.iterable(value) else (value,)
    widths = tuple(
        int(width) for width in given if isinstance(width, Integral) and not isinstance(width, bool)
    )
    if len(widths) < len(given) or min(widths, default=1) < 1:
        raise ValueError(f"`{parameter}` should hold integers >= 1. Found {value!r}.")
    return widths


def numbers(parameter: str, value: ArrayLike) -> np.ndarray:
    """Convert a parameter's value to an array of floats; an error names the parameter."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{parameter}` should hold numbers. Found {value!r}.") from error


def named_weights(
    parameter: str, value: TaskWeight, names: Sequence[Hashable], default: float = 1.0
) -> np.ndarray:
    """Read a number >= 0 for each task, from a mapping by name or an array in the tasks' order."""
    if isinstance(value, pd.Series):
        value = value.to_dict()
    if isinstance(value, Mapping):
        unknown = [name for name in value if name not in names]
        if unknown:
            raise ValueError(
                f"`{parameter}` names {unknown!r}, which are no tasks; they are {list(names)!r}."
            )
        value = [value.get(name, default) for name in names]
    weights = numbers(parameter, value)
    if weights.shape != (len(names),):
        raise ValueError(
            f"`{parameter}` should hold a number for each of the {len(names)} tasks. "
            f"Found shape {weights.shape}."
        )
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError(
            f"`{parameter}` should hold finite numbers >= 0, not all 0. Found {weights.tolist()}."
        )
    return weights


def has_group_layers(heads: Heads, has_groups: bool) -> bool:
    """Whether the parameter `heads` gives each task id layers of its own."""
    if heads == "group" and not has_groups:
        raise ValueError(
            "heads='group' needs task ids: name a column of X with `task`, or pass "
            "fit(X, y, task=ids)."
        )
    return has_groups and isinstance(heads, str) and heads != "column"


def head_specs(heads: Heads, tasks: Mapping[Hashable, Task]) -> Mapping[Hashable, HeadSpec]:
    """The hidden widths or modules that the user gave for the heads of some tasks, by name."""
    specs = {} if isinstance(heads, str) else dict(heads)
    unknown = [name for name in specs if name not in tasks]
    if unknown:
        raise ValueError(
            f"`heads` names {unknown!r}, which are no tasks; they are {list(tasks)!r}."
        )
    return specs


def categorical_positions(
    given: ArrayLike | None, table: InputTable, columns: Sequence[int]
) -> list[int]:
    """Positions of the columns of X that the parameter `categorical_features` selects.

    If they are inferred from dtypes, only the positions in `columns` are looked at.
    """
    if isinstance(given, str):
        return table.inferred_categorical(columns)
    if given is None:
        return []
    entries = list(np.asarray(given, dtype=object))
    if entries and all(isinstance(flag, bool | np.bool_) for flag in entries):
        if len(entries) != table.n_columns:
            raise ValueError(
                f"`categorical_features` as a mask should have {table.n_columns} entries, one per "
                f"column of X. Found {len(entries)}."
            )
        return np.flatnonzero(entries).tolist()
    return [find_column(table, name, "categorical_features") for name in entries]
