"""What a task is, and how the kind of each is inferred from the labels."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sklearn_3mtl.data.columns import TargetColumns, read_targets

__all__ = ["KINDS", "Kind", "Task", "infer_tasks", "kind_of", "tasks_of"]

Kind = Literal["binary", "multiclass", "regression"]
KINDS: tuple[str, ...] = get_args(Kind)
MAX_INTEGER_CLASSES = 10
FLOAT64 = np.dtype(np.float64)


@dataclass(frozen=True, eq=False)
class Task:
    """One thing to predict: a column of Y.

    Parameters
    ----------
    name : hashable
        The column's name; its position where Y was an array, ``"y"`` for an unnamed single target.
    kind : {"binary", "multiclass", "regression"}
        What the task is.
    classes : ndarray of shape (n_classes,) or None, default=None
        The sorted labels of a classification task. None for a regression task.
    dtype : dtype, default=float64
        The column's own dtype, to which predicted labels are cast back.

    Examples
    --------
    >>> from sklearn_3mtl.data import Task
    >>> Task("price", "regression").n_outputs
    1
    """

    name: Hashable
    kind: Kind
    classes: np.ndarray | None = None
    dtype: Any = FLOAT64

    @property
    def is_classification(self) -> bool:
        """Whether the task has classes."""
        return self.kind != "regression"

    @property
    def n_outputs(self) -> int:
        """How many numbers the network puts out for the task."""
        return len(self.classes) if self.kind == "multiclass" and self.classes is not None else 1

    def state(self) -> tuple[object, ...]:
        """What the task is made of, as plain values."""
        return self.name, self.kind, self.classes, self.dtype

    @classmethod
    def restore(cls, state: object) -> Task:
        """The task that `state` described.

        Raises
        ------
        ValueError
            If there can be no such task.
        """
        if not isinstance(state, tuple) or len(state) != 4:
            raise ValueError(f"a task of it is {state!r}")
        name, kind, classes, dtype = state
        has_classes = isinstance(classes, np.ndarray) and classes.ndim == 1 and len(classes) > 1
        holds = (
            isinstance(name, Hashable)
            and kind in KINDS
            and (classes is None if kind == "regression" else has_classes)
            and (kind != "binary" or len(classes) == 2)
            and isinstance(dtype, np.dtype | pd.api.extensions.ExtensionDtype)
        )
        if not holds:
            raise ValueError(f"a task of it is {state!r}")
        return cls(name, kind, classes, dtype)


def infer_tasks(
    Y: ArrayLike, overrides: Mapping[Hashable, str] | None = None
) -> dict[Hashable, Task]:
    """Infer the task behind each column of Y.

    Floats whose observed values are only 0 and 1 are binary (0/1 labels with a gap are floats in
    pandas), other floats regression; integers are classification with at most 10 distinct values,
    else regression; booleans, strings, objects and categories are classification. Missing labels
    (NaN, None, ``pd.NA``, NaT) are ignored.

    Parameters
    ----------
    Y : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_tasks)
        The labels, a column for each task.
    overrides : mapping of task name to kind, or None, default=None
        Kinds that replace the inferred ones: ``"binary"``, ``"multiclass"``, ``"regression"`` or
        ``"classification"`` (binary or multiclass by the number of classes). None overrides none.

    Returns
    -------
    tasks : dict of name to :class:`Task`
        In the order of the columns.

    Raises
    ------
    ValueError
        If a task has no label, a classification task has one class, an override names no column or
        contradicts the labels.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_3mtl.data import infer_tasks
    >>> Y = pd.DataFrame({"price": [1.5, 2.0, None], "sold": [0.0, None, 1.0]})
    >>> {name: task.kind for name, task in infer_tasks(Y).items()}
    {'price': 'regression', 'sold': 'binary'}
    """
    return tasks_of(read_targets(Y), overrides)


def tasks_of(
    targets: TargetColumns, overrides: Mapping[Hashable, str] | None = None
) -> dict[Hashable, Task]:
    """Infer the tasks of columns that were already read."""
    overrides = dict(overrides or {})
    unknown = [name for name in overrides if name not in targets.names]
    if unknown:
        raise ValueError(
            f"`task_kinds` names {unknown!r}, which are not columns of y; "
            f"its columns are {list(targets.names)!r}."
        )
    return {
        name: _infer_task(name, column, overrides.get(name))
        for name, column in zip(targets.names, targets.columns, strict=True)
    }


def kind_of(column: pd.Series) -> Kind:
    """The kind that a column's labels say, even where they hold one class or none."""
    observed = column.dropna()
    if observed.empty or _infer_kind(observed) == "regression":
        return "regression"
    return "multiclass" if observed.nunique() > 2 else "binary"


def _infer_task(name: Hashable, column: pd.Series, kind: str | None) -> Task:
    observed = column.dropna()
    if observed.empty:
        raise ValueError(f"Task {name!r} has no label: every value of its column is missing.")
    _refuse_odd_labels(name, column.dtype, observed)
    if kind is None:
        kind = _infer_kind(observed)
    elif kind not in (*KINDS, "classification"):
        raise ValueError(
            f"`task_kinds[{name!r}]` should be one of {[*KINDS, 'classification']}. Found {kind!r}."
        )
    if kind == "regression":
        return Task(name, "regression", None, column.dtype)
    return _classification_task(name, column.dtype, observed, kind)


def _infer_kind(observed: pd.Series) -> str:
    dtype = observed.dtype
    if pd.api.types.is_bool_dtype(dtype) or not pd.api.types.is_numeric_dtype(dtype):
        return "classification"
    values = pd.unique(observed)
    if pd.api.types.is_float_dtype(dtype):
        return "classification" if set(values.tolist()) <= {0.0, 1.0} else "regression"
    return "classification" if len(values) <= MAX_INTEGER_CLASSES else "regression"


def _classification_task(name: Hashable, dtype: Any, observed: pd.Series, kind: str) -> Task:
    try:
        classes = np.unique(observed.to_numpy())
    except TypeError as error:
        kinds = sorted({type(value).__name__ for value in observed})
        raise TypeError(
            f"Task {name!r} mixes labels of types {kinds}, which have no order; "
            "convert them to one type, for example with `.astype(str)`."
        ) from error
    if len(classes) < 2:
        hint = f" If it is a number to predict, say so: task_kinds={{{name!r}: 'regression'}}."
        raise ValueError(
            f"Classification task {name!r} has one class, {classes.tolist()[0]!r}; "
            "at least two are needed." + (hint if pd.api.types.is_numeric_dtype(dtype) else "")
        )
    if kind == "binary" and len(classes) > 2:
        raise ValueError(
            f"Task {name!r} was declared binary, but has {len(classes)} classes; "
            "declare it 'multiclass'."
        )
    inferred: Kind = "multiclass" if len(classes) > 2 or kind == "multiclass" else "binary"
    return Task(name, inferred, classes, dtype)


def _refuse_odd_labels(name: Hashable, dtype: Any, observed: pd.Series) -> None:
    if pd.api.types.is_complex_dtype(dtype):
        raise ValueError(f"Complex data not supported: task {name!r} holds complex numbers.")
    is_object = pd.api.types.is_object_dtype(dtype)
    found = pd.api.types.infer_dtype(observed) if is_object else str(dtype)
    if found.startswith(("date", "timedelta")):
        raise TypeError(
            f"Task {name!r} holds dates or durations ({found}); convert them to numbers "
            "(regression) or to strings (classification)."
        )
    if pd.api.types.is_float_dtype(dtype) and np.isinf(observed.to_numpy(np.float64)).any():
        raise ValueError(
            f"Task {name!r} contains infinity in y; use NaN for a missing label, "
            "or a large finite number."
        )
    if is_object:
        unhashable = next((v for v in observed if not isinstance(v, Hashable)), None)
        if unhashable is not None:
            raise TypeError(
                f"Task {name!r} holds a {type(unhashable).__name__}; "
                "a label should be a number, a string or another hashable value."
            )
