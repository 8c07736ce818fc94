"""What each parameter may be, and names turned into methods."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from numbers import Integral
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import torch

from sklearn_3mtl.balancing import Balancing
from sklearn_3mtl.data.tables import InputTable, find_column
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.meta import MetaMethod
from sklearn_3mtl.settings.parameters import PARADIGMS, constraints_of
from sklearn_3mtl.sharing import Sharing
from sklearn_3mtl.training.callbacks import LR_SCHEDULES
from sklearn_3mtl.transfer import DomainLoss, TransferStrategy

__all__ = [
    "CONSTRAINTS",
    "META_CONSTRAINTS",
    "PARADIGMS",
    "THREE_MTL_CONSTRAINTS",
    "TRANSFER_CONSTRAINTS",
    "categorical_positions",
    "has_group_layers",
    "head_specs",
    "make_method",
    "make_optimizer",
    "make_schedule",
    "named_weights",
    "shot_range",
]

OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
}

CONSTRAINTS = constraints_of("multitask")
META_CONSTRAINTS = constraints_of("meta")
TRANSFER_CONSTRAINTS = constraints_of("transfer")
THREE_MTL_CONSTRAINTS = constraints_of("three_mtl")

Method = TypeVar("Method", Sharing, Balancing, MetaMethod, DomainLoss, TransferStrategy)


def make_method(value: Any, registry: Mapping[str, type[Method]]) -> Method:
    """A method from its short name, or the instance that was given."""
    return registry[value]() if isinstance(value, str) else value


def shot_range(value: Any) -> tuple[int, int]:
    """The fewest and the most support rows of an episode."""
    ends = tuple(value) if np.iterable(value) else (value, value)
    whole = all(isinstance(end, Integral) and not isinstance(end, bool) for end in ends)
    if len(ends) != 2 or not whole or not 0 <= ends[0] <= ends[1] or not ends[1]:
        raise ValueError(
            '`n_shots` should be "auto", an integer >= 1, or a pair of integers >= 0, the fewest '
            f"and the most support rows of an episode. Found {value!r}."
        )
    return int(ends[0]), int(ends[1])


def make_optimizer(value: Any) -> type[torch.optim.Optimizer]:
    """The optimizer's class."""
    cls = OPTIMIZERS[value] if isinstance(value, str) else value
    if not issubclass(cls, torch.optim.Optimizer):
        raise ValueError(
            f"`optimizer` should be one of {sorted(OPTIMIZERS)} or a subclass of "
            f"torch.optim.Optimizer. Found {cls!r}."
        )
    return cls


def make_schedule(value: Any) -> Callable[[float], float]:
    """The function from progress to a factor of the learning rate."""
    return LR_SCHEDULES[value] if isinstance(value, str) else value


def numbers(parameter: str, value: Any) -> np.ndarray:
    """The value as an array of floats; an error names the parameter."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{parameter}` should hold numbers. Found {value!r}.") from error


def named_weights(
    parameter: str, value: Any, names: list[Hashable], default: float = 1.0
) -> np.ndarray:
    """A number >= 0 for each task, from a mapping by name or an array in the tasks' order."""
    if isinstance(value, pd.Series):
        value = value.to_dict()
    if isinstance(value, Mapping):
        unknown = [name for name in value if name not in names]
        if unknown:
            raise ValueError(
                f"`{parameter}` names {unknown!r}, which are no tasks; they are {names!r}."
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


def has_group_layers(heads: Any, has_groups: bool) -> bool:
    """Whether each task id of the long layout gets layers of its own."""
    if heads == "group" and not has_groups:
        raise ValueError(
            "heads='group' needs task ids: name a column of X with `task`, or pass "
            "fit(X, y, task=ids)."
        )
    return has_groups and isinstance(heads, str) and heads != "column"


def head_specs(heads: Any, tasks: Mapping[Hashable, Task]) -> Mapping[Hashable, Any]:
    """The heads that the user shaped, by task name."""
    specs = {} if isinstance(heads, str) else dict(heads)
    unknown = [name for name in specs if name not in tasks]
    if unknown:
        raise ValueError(
            f"`heads` names {unknown!r}, which are no tasks; they are {list(tasks)!r}."
        )
    return specs


def categorical_positions(given: Any, table: InputTable, columns: Sequence[int]) -> list[int]:
    """Positions of the columns of X, among some, that hold categories."""
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
