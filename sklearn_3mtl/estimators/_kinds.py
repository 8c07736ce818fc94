"""Which kinds of tasks an estimator's name allows."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from sklearn.utils.multiclass import check_classification_targets

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.kinds import ANY_CLASSES, Kind, Regression, is_of_numbers
from sklearn_3mtl.data.tasks import Task, tasks_of

__all__ = ["classes_only", "regressions_only"]


def regressions_only(estimator: Any, targets: TargetColumns, mixed: str) -> dict[Hashable, Task]:
    """The tasks of y, all numbers.

    Parameters
    ----------
    estimator : estimator
        Whose `task_kinds` and name to go by.
    targets : TargetColumns
        The columns of y.
    mixed : str
        The estimator for mixed kinds, for the error.
    """
    kinds = dict(estimator.task_kinds or {})
    for name in targets.names:
        if not is_of_numbers(kinds.setdefault(name, Regression.name)):
            raise _misfit(estimator, name, kinds[name], mixed)
    return tasks_of(targets, kinds, estimator.regression_loss)


def classes_only(estimator: Any, targets: TargetColumns, mixed: str) -> dict[Hashable, Task]:
    """The tasks of y, all classes; parameters as for `regressions_only`."""
    kinds = dict(estimator.task_kinds or {})
    for name in targets.names:
        if is_of_numbers(kinds.setdefault(name, ANY_CLASSES)):
            raise _misfit(estimator, name, kinds[name], mixed)
    # Labels that have no order, or that are infinite, are named here.
    found = tasks_of(targets, kinds)
    for column in targets.columns:
        if column.notna().any():
            check_classification_targets(column.dropna().infer_objects().to_numpy())
    return found


def _misfit(estimator: Any, name: Hashable, kind: str | Kind, mixed: str) -> ValueError:
    return ValueError(
        f"`task_kinds[{name!r}]`={kind!r} doesn't fit {type(estimator).__name__}; use {mixed} for "
        "mixed kinds."
    )
