"""What a task is, and how its kind is inferred from the labels."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from sklearn_3mtl.data.columns import TargetColumns, read_targets
from sklearn_3mtl.data.kinds import Kind, declared_kind, infer_kind, kind_named

__all__ = ["Task", "infer_tasks", "tasks_of"]

Dtype = np.dtype | pd.api.extensions.ExtensionDtype
KindOf = Callable[[Hashable, str], Kind]


def kind_of_name(task: Hashable, name: str) -> Kind:
    """The library's kind of target of that short name, such as ``"binary"``, for any task."""
    return kind_named(name)


FLOAT64 = np.dtype(np.float64)


@dataclass(frozen=True, eq=False, init=False)
class Task:
    """One thing to predict: a column of Y.

    Parameters
    ----------
    name : hashable
        The column's name: its position if Y was an array, ``"y"`` for a single unnamed target.
    kind : {"binary", "multiclass", "regression"} or Kind
        What the task is.
    classes : ndarray of shape (n_classes,) or None, default=None
        The sorted classes. None: the task has no classes.
    dtype : dtype, default=float64
        The dtype of y's column, to which predicted classes are cast.
    kind_object : Kind or None, default=None
        The kind, if `kind` is its short name. None: the library's kind of that name.

    Attributes
    ----------
    kind : str
        The short name of the kind.
    kind_object : Kind
        The kind: its loss, its scale, and how outputs become predictions and scores.

    Examples
    --------
    >>> from sklearn_3mtl.data import Task
    >>> Task("price", "regression").n_outputs
    1
    """

    name: Hashable
    kind: str
    classes: np.ndarray | None
    dtype: Dtype
    kind_object: Kind

    def __init__(
        self,
        name: Hashable,
        kind: str | Kind,
        classes: np.ndarray | None = None,
        dtype: Dtype = FLOAT64,
        kind_object: Kind | None = None,
    ) -> None:
        found = kind if isinstance(kind, Kind) else kind_named(kind, kind_object)
        # The dataclass is frozen, so plain assignment is refused.
        for field, value in (
            ("name", name), ("kind", found.name), ("classes", classes), ("dtype", dtype),
            ("kind_object", found),
        ):  # fmt: skip
            object.__setattr__(self, field, value)

    @property
    def is_classification(self) -> bool:
        """Whether the task has classes."""
        return self.kind_object.has_classes

    @property
    def n_outputs(self) -> int:
        """The number of the network's outputs for the task."""
        return self.kind_object.n_outputs(self.classes)

    def state(self) -> tuple[object, ...]:
        """The task as a tuple of plain values, from which `restore` makes it again."""
        return self.name, self.kind, self.classes, self.dtype

    @classmethod
    def restore(cls, state: object, kind_of: KindOf = kind_of_name) -> Task:
        """Restore a task from its state.

        Parameters
        ----------
        state : tuple
            What the method `state` returned.
        kind_of : callable, default=kind_of_name
            Maps the task's name and the kind's short name to the kind.

        Raises
        ------
        ValueError
            If the state is invalid.
        """
        if not isinstance(state, tuple) or len(state) != 4:
            raise ValueError(f"a task of it is {state!r}")
        name, kind, classes, dtype = state
        has_classes = isinstance(classes, np.ndarray) and classes.ndim == 1 and len(classes) > 1
        holds = (
            isinstance(name, Hashable)
            and isinstance(kind, str)
            and isinstance(dtype, np.dtype | pd.api.extensions.ExtensionDtype)
        )
        if not holds:
            raise ValueError(f"a task of it is {state!r}")
        try:
            found = kind_of(name, kind)
            if classes is not None:
                found.refuse(name, classes)
        except ValueError as error:
            raise ValueError(f"a task of it is {state!r}: {error}") from error
        if not (has_classes if found.has_classes else classes is None):
            raise ValueError(f"a task of it is {state!r}")
        return cls(name, found, classes, dtype)


def infer_tasks(
    Y: ArrayLike, overrides: Mapping[Hashable, str | Kind] | None = None
) -> dict[Hashable, Task]:
    """Infer the task of each column of Y.

    Floats are regression, unless their only values are 0 and 1: then they are binary (pandas stores
    0/1 labels as floats if some are missing). Integers with at most 10 distinct values are
    classification, other integers regression. Booleans, strings, objects and categories are
    classification. Missing labels (NaN, None, ``pd.NA``, NaT) are ignored.

    Parameters
    ----------
    Y : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_tasks)
        The labels, a column for each task.
    overrides : mapping of task name to kind, or None, default=None
        Kinds that replace the inferred ones: ``"binary"``, ``"multiclass"``, ``"regression"``,
        ``"classification"`` (binary or multiclass by the number of classes) or an instance of a
        :class:`~sklearn_3mtl.data.kinds.Kind`. None: all kinds are inferred.

    Returns
    -------
    tasks : dict of name to :class:`Task`
        In the order of the columns.

    Raises
    ------
    ValueError
        If a task has no label, a classification task has only one class, or an override names no
        column or contradicts the labels.

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
    targets: TargetColumns,
    overrides: Mapping[Hashable, str | Kind] | None = None,
    regression_loss: str = "squared_error",
) -> dict[Hashable, Task]:
    """Infer the tasks of columns that have been read.

    Parameters
    ----------
    targets : TargetColumns
        The columns of y.
    overrides : mapping of task name to kind, or None, default=None
        As in :func:`infer_tasks`.
    regression_loss : str, default="squared_error"
        The loss of regression tasks whose kind is not given as an instance.
    """
    overrides = dict(overrides or {})
    unknown = [name for name in overrides if name not in targets.names]
    if unknown:
        raise ValueError(
            f"`task_kinds` names {unknown!r}, which are not columns of y; "
            f"its columns are {list(targets.names)!r}."
        )
    return {
        name: _infer_task(name, column, overrides.get(name), regression_loss)
        for name, column in zip(targets.names, targets.columns, strict=True)
    }


def _infer_task(
    name: Hashable, column: pd.Series, given: str | Kind | None, regression_loss: str
) -> Task:
    observed = column.dropna()
    if observed.empty:
        raise ValueError(f"Task {name!r} has no label: every value of its column is missing.")
    _refuse_odd_labels(name, column.dtype, observed)
    if given is None:
        kind = infer_kind(observed, regression_loss)
    else:
        kind = declared_kind(name, given, observed.nunique(), regression_loss)
    classes = _classes(name, observed) if kind.has_classes else None
    if classes is not None:
        kind.refuse(name, classes)
    return Task(name, kind, classes, column.dtype)


def _classes(name: Hashable, observed: pd.Series) -> np.ndarray:
    try:
        classes = np.unique(observed.to_numpy())
    except TypeError as error:
        kinds = sorted({type(value).__name__ for value in observed})
        raise TypeError(
            f"Task {name!r} mixes labels of types {kinds}, which have no order; "
            "convert them to one type, for example with `.astype(str)`."
        ) from error
    if len(classes) < 2:
        is_number = pd.api.types.is_numeric_dtype(observed.dtype)
        hint = f" If it is a number to predict, say so: task_kinds={{{name!r}: 'regression'}}."
        raise ValueError(
            f"Classification task {name!r} has one class, {classes.tolist()[0]!r}; "
            "at least two are needed." + (hint if is_number else "")
        )
    return classes


def _refuse_odd_labels(name: Hashable, dtype: Dtype, observed: pd.Series) -> None:
    if pd.api.types.is_complex_dtype(dtype):
        raise ValueError(f"Complex data not supported: task {name!r} holds complex numbers.")
    is_object = pd.api.types.is_object_dtype(dtype)
    found = pd.api.types.infer_dtype(observed) if is_object else str(dtype)
    if found.startswith(("date", "timedelta", "timestamp", "duration")):
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
