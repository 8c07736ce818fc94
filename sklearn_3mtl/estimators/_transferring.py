"""Transfer estimators: `fit` from a source, and `adapt` to a target."""

from __future__ import annotations

from sklearn_3mtl.adapting.tasks_after import TargetTasks, TasksAfter
from sklearn_3mtl.estimators._base import BaseMultiTask
from sklearn_3mtl.settings.constraints import TRANSFER_CONSTRAINTS

__all__ = ["TransferMixin"]


class TransferMixin(BaseMultiTask):
    """Base of estimators whose `fit` may start from a source and whose `adapt` drops old tasks."""

    _parameter_constraints = TRANSFER_CONSTRAINTS
    _tasks_after: TasksAfter = TargetTasks()
