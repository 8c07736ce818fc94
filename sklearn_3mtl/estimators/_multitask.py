"""The multi-task estimators."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping
from typing import Any

from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets

from sklearn_3mtl.data._columns import TargetColumns
from sklearn_3mtl.data.tasks import Task, tasks_of
from sklearn_3mtl.estimators._base import BaseMultiTask
from sklearn_3mtl.estimators._saving import read_estimator

__all__ = ["MultiTaskClassifier", "MultiTaskEstimator", "MultiTaskRegressor", "load_estimator"]


class MultiTaskEstimator(BaseMultiTask):
    """One network for several tasks of mixed kinds, labels of some missing."""

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        return tasks_of(targets, self.task_kinds)


class MultiTaskClassifier(ClassifierMixin, BaseMultiTask):
    """One network for several classification tasks."""

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        kinds = dict(self.task_kinds or {})
        for name, column in zip(targets.names, targets.columns, strict=True):
            if kinds.setdefault(name, "classification") == "regression":
                raise ValueError(
                    f"`task_kinds[{name!r}]`='regression' doesn't fit {type(self).__name__}; use "
                    "MultiTaskEstimator for mixed kinds."
                )
            if column.notna().any():
                check_classification_targets(column.dropna().to_numpy())
        return tasks_of(targets, kinds)


class MultiTaskRegressor(RegressorMixin, BaseMultiTask):
    """One network for several regression tasks."""

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        kinds = dict(self.task_kinds or {})
        for name in targets.names:
            if kinds.setdefault(name, "regression") != "regression":
                raise ValueError(
                    f"`task_kinds[{name!r}]`={kinds[name]!r} doesn't fit {type(self).__name__}; "
                    "use MultiTaskEstimator for mixed kinds."
                )
        return tasks_of(targets, kinds)


def load_estimator(
    path: str | os.PathLike[str], *, parts: Mapping[str, Any] | None = None
) -> MultiTaskEstimator | MultiTaskClassifier | MultiTaskRegressor:
    """Read an estimator that ``save`` wrote; no code from the file is run.

    Parameters
    ----------
    path : path-like
        The file.
    parts : mapping of parameter name to value, or None, default=None
        The user's own modules, plug-ins and functions, which a file never holds: for each
        parameter that had one, the object. None where there were none.

    Returns
    -------
    estimator : the class that was saved
        Fitted, on the CPU.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged or foreign, or `parts` lacks something; the message names it.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from sklearn_3mtl import MultiTaskRegressor, load_estimator
    >>> est = MultiTaskRegressor(max_epochs=1, random_state=0).fit([[0.0], [1.0]], [0.0, 1.0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "est.3mtl"
    ...     est.save(path)
    ...     same = load_estimator(path)
    >>> bool((same.predict([[0.5]]) == est.predict([[0.5]])).all())
    True
    """
    classes = (MultiTaskEstimator, MultiTaskClassifier, MultiTaskRegressor)
    return read_estimator(path, {cls.__name__: cls for cls in classes}, dict(parts or {}))
