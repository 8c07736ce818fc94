"""The kind of a target: inferred from its labels, or given by the user."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cache

import pandas as pd

from sklearn_3mtl.data.kinds.base import Kind
from sklearn_3mtl.data.kinds.binary import Binary
from sklearn_3mtl.data.kinds.multiclass import Multiclass
from sklearn_3mtl.data.kinds.regression import Regression

__all__ = [
    "ANY_CLASSES", "KINDS", "agrees", "as_given", "declared_kind", "infer_kind", "is_of_numbers",
    "kind_named",
    "with_regression_loss",
]  # fmt: skip

# By short name, in the order of the network's outputs.
KINDS: dict[str, type[Kind]] = {kind.name: kind for kind in (Regression, Binary, Multiclass)}
# The name that a user may give for "binary or multiclass, by the number of classes".
ANY_CLASSES = "classification"
MAX_INTEGER_CLASSES = 10


def kind_named(
    name: str, given: str | Kind | None = None, regression_loss: str = "squared_error"
) -> Kind:
    """The kind of target of a short name such as ``"binary"``.

    It is `given` if that is a Kind of this name, else the library's own.

    Raises
    ------
    ValueError
        If no kind has this name.
    """
    if isinstance(given, Kind) and given.name == name:
        return given
    if name not in KINDS:
        raise ValueError(
            f"No kind is called {name!r}: the library's are {sorted(KINDS)}. Give the Kind itself."
        )
    return _made(name, regression_loss)


def declared_kind(
    task: Hashable, given: str | Kind, n_classes: int, regression_loss: str = "squared_error"
) -> Kind:
    """The kind of target that the user declared for a task, by name or as an instance.

    ``"classification"`` is binary or multiclass, depending on `n_classes`, the number of different
    labels.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if isinstance(given, Kind):
        return given
    names = [*sorted(KINDS), ANY_CLASSES]
    if given not in names:
        raise ValueError(
            f"`task_kinds[{task!r}]` should be one of {names} or an instance of a Kind. "
            f"Found {given!r}."
        )
    if given == ANY_CLASSES:
        return _of_classes(n_classes)
    return _made(given, regression_loss)


def infer_kind(column: pd.Series, regression_loss: str = "squared_error") -> Kind:
    """Infer from a column's labels whether it is regression, binary or multiclass.

    A column with a single class is binary, one without labels regression.
    """
    observed = column.dropna()
    if observed.empty or not _are_classes(observed):
        return _made(Regression.name, regression_loss)
    return _of_classes(observed.nunique())


def agrees(given: str | Kind, kind: Kind) -> bool:
    """Whether a task's kind of target is the one that the user gave.

    It may be given by name, as an instance, or as ``"classification"`` for any kind with classes.
    """
    if isinstance(given, Kind):
        return given == kind
    return given == kind.name or (given == ANY_CLASSES and kind.has_classes)


def is_of_numbers(given: str | Kind) -> bool:
    """Whether the kind of target that the user gave (a name or an instance) has no classes."""
    if isinstance(given, Kind):
        return not given.has_classes
    return given in KINDS and not KINDS[given].has_classes


def as_given(
    name: Hashable, kind: Kind, task_kinds: Mapping[Hashable, str | Kind] | None
) -> str | Kind:
    """The entry in `task_kinds` that keeps a target's kind if only some rows are fitted.

    Without it, the kind would be inferred from these rows alone. It is the user's Kind instance if
    there is one, else the kind's short name.
    """
    given = (task_kinds or {}).get(name)
    return given if isinstance(given, Kind) else kind.name


def with_regression_loss(kind: Kind, loss: str) -> Kind:
    """Return a Regression with another loss; any other kind of target is returned as it is."""
    return Regression(loss) if type(kind) is Regression and kind.loss != loss else kind


def _of_classes(n_classes: int) -> Kind:
    return _made(Multiclass.name if n_classes > 2 else Binary.name, "")


def _made(name: str, regression_loss: str) -> Kind:
    return _shared(name, regression_loss if name == Regression.name else None)


@cache
def _shared(name: str, loss: str | None) -> Kind:
    """Make a kind of target by its short name once, so that all targets of it share an object."""
    return KINDS[name]() if loss is None else Regression(loss)


def _are_classes(observed: pd.Series) -> bool:
    dtype = observed.dtype
    if pd.api.types.is_bool_dtype(dtype) or not pd.api.types.is_numeric_dtype(dtype):
        return True
    values = pd.unique(observed)
    if pd.api.types.is_float_dtype(dtype):
        return set(values.tolist()) <= {0.0, 1.0}
    return len(values) <= MAX_INTEGER_CLASSES
