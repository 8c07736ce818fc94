"""The kinds of tasks that regressors and classifiers allow."""

from __future__ import annotations

from collections.abc import Hashable

from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.kinds import ANY_CLASSES, Kind, Regression, is_of_numbers
from sklearn_3mtl.data.tasks import Task, tasks_of
from sklearn_3mtl.settings.types import TaskKinds

__all__ = ["ClassTasks", "RegressionTasks"]


class RegressionTasks(RegressorMixin):
    """Base of regressors: infers tasks, and refuses targets of a kind that has classes."""

    # Name of the estimator for targets of mixed kinds, for error messages.
    _mixed: str
    task_kinds: TaskKinds | None
    regression_loss: str

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        kinds = dict(self.task_kinds or {})
        for name in targets.names:
            if not is_of_numbers(kinds.setdefault(name, Regression.name)):
                raise _misfit(self, name, kinds[name], self._mixed)
        return tasks_of(targets, kinds, self.regression_loss)


class ClassTasks(ClassifierMixin):
    """Base of classifiers: infers tasks, and refuses targets of a kind without classes."""

    # Name of the estimator for targets of mixed kinds, for error messages.
    _mixed: str
    task_kinds: TaskKinds | None

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        kinds = dict(self.task_kinds or {})
        for name in targets.names:
            if is_of_numbers(kinds.setdefault(name, ANY_CLASSES)):
                raise _misfit(self, name, kinds[name], self._mixed)
        # First, because its errors about mixed or infinite labels name the task.
        found = tasks_of(targets, kinds)
        for column in targets.columns:
            if column.notna().any():
                check_classification_targets(column.dropna().infer_objects().to_numpy())
        return found


def _misfit(estimator: object, name: Hashable, kind: str | Kind, mixed: str) -> ValueError:
    return ValueError(
        f"`task_kinds[{name!r}]`={kind!r} doesn't fit {type(estimator).__name__}; use {mixed} for "
        "mixed kinds."
    )
