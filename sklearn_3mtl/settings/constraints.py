"""What each parameter may be, and names turned into methods."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from torch import nn

from sklearn_3mtl.balancing import BALANCING, Balancing
from sklearn_3mtl.core.activations import ACTIVATIONS
from sklearn_3mtl.core.backbones import BACKBONES
from sklearn_3mtl.core.fusion import FUSION
from sklearn_3mtl.core.numeric import NUMERIC_EMBEDDINGS
from sklearn_3mtl.data.kinds import REGRESSION_LOSSES
from sklearn_3mtl.data.tables import InputTable, find_column
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.meta import META, MetaMethod
from sklearn_3mtl.sharing import SHARING, Sharing
from sklearn_3mtl.training.callbacks import LR_SCHEDULES
from sklearn_3mtl.transfer import DOMAIN_LOSSES, STRATEGIES, DomainLoss, TransferStrategy

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

_auto = StrOptions({"auto"})
_positive = Interval(Real, 0, None, closed="neither")
_non_negative = Interval(Real, 0, None, closed="left")
_count = Interval(Integral, 1, None, closed="left")
_fraction = Interval(Real, 0, 1, closed="neither")

CONSTRAINTS: dict[str, Any] = {
    "task": [Hashable, None],
    "task_kinds": [Mapping, None],
    "categorical_features": [StrOptions({"from_dtype"}), "array-like", None],
    "modalities": [Mapping, None],
    "numeric_embedding": [StrOptions(set(NUMERIC_EMBEDDINGS)), None],
    "backbone": [StrOptions(set(BACKBONES)), nn.Module],
    "hidden_layer_sizes": [_auto, "array-like", Integral],
    "activation": [StrOptions(set(ACTIVATIONS))],
    "dropout": [_auto, Interval(Real, 0, 1, closed="left")],
    "n_estimators": [_auto, _count],
    "sharing": [StrOptions(set(SHARING)), Sharing],
    "heads": [StrOptions({"auto", "column", "group"}), Mapping],
    "fusion": [StrOptions(set(FUSION))],
    "balancing": [StrOptions(set(BALANCING)), Balancing],
    "task_weight": [Mapping, "array-like", None],
    "class_weight": [StrOptions({"balanced"}), Mapping, None],
    "regression_loss": [StrOptions(set(REGRESSION_LOSSES))],
    "max_epochs": [_auto, _count],
    "batch_size": [_auto, _count],
    "lr": [_auto, _positive],
    "weight_decay": [_auto, _non_negative],
    "optimizer": [StrOptions(set(OPTIMIZERS)), type],
    "lr_schedule": [StrOptions(set(LR_SCHEDULES)), callable],
    "early_stopping": ["boolean"],
    "validation_fraction": [_fraction],
    "n_iter_no_change": [_auto, _count],
    "callbacks": [list, tuple, None],
    "warm_start": ["boolean"],
    "adapt_parts": [str, list, tuple],
    "adapt_lr": [_auto, _positive],
    "adapt_steps": [_auto, Interval(Integral, 0, None, closed="left")],
    "device": [str, torch.device],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

_ABSENT = ("sharing", "adapt_parts")
META_CONSTRAINTS: dict[str, Any] = {
    **{name: allowed for name, allowed in CONSTRAINTS.items() if name not in _ABSENT},
    # The tasks' own parameters are what adapts, so no layer belongs to a task.
    "heads": [StrOptions({"column"}), Mapping],
    "meta": [StrOptions(set(META)), MetaMethod],
    "inner_lr": [_auto, _positive],
    "inner_steps": [Interval(Integral, 0, None, closed="left")],
    "episodes": [StrOptions({"tasks", "classes"})],
    "n_ways": [Interval(Integral, 2, None, closed="left")],
    "n_shots": [_auto, _count, tuple, list],
    "n_queries": [_count],
    "meta_batch_size": [_count],
    "min_task_rows": [_count],
    "max_support": [_count],
}

TRANSFER_CONSTRAINTS: dict[str, Any] = {
    **CONSTRAINTS,
    "domain": [Hashable, None],
    "source": [HasMethods("adapt"), FrozenEstimator, nn.Module, None],
    "strategy": [StrOptions(set(STRATEGIES)), TransferStrategy],
    "head": [HasMethods(["fit", "predict"]), None],
    "domain_loss": [StrOptions(set(DOMAIN_LOSSES)), DomainLoss, None],
    "domain_loss_weight": [_non_negative],
}

# Which parts each paradigm has, besides what all share; the others are absent.
PARADIGMS: dict[str, frozenset[str]] = {
    "3mtl": frozenset({"meta", "transfer"}),
    "mtl": frozenset(),
    "meta": frozenset({"meta"}),
    "transfer": frozenset({"transfer"}),
    "mtl+meta": frozenset({"meta"}),
    "mtl+transfer": frozenset({"transfer"}),
    "meta+transfer": frozenset({"meta", "transfer"}),
}
THREE_MTL_CONSTRAINTS: dict[str, Any] = {
    **META_CONSTRAINTS,
    **TRANSFER_CONSTRAINTS,
    "paradigm": [StrOptions(set(PARADIGMS))],
    "meta": [*META_CONSTRAINTS["meta"], None],
    "strategy": [*TRANSFER_CONSTRAINTS["strategy"], None],
}

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
