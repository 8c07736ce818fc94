"""What is particular to estimators that carry over: `adapt` leads to the target's own tasks."""

from __future__ import annotations

from sklearn_3mtl.adapting.tasks_after import TargetTasks, TasksAfter
from sklearn_3mtl.estimators._base import BaseMultiTask
from sklearn_3mtl.estimators._transfer_settings import TransferSettings

__all__ = ["TransferMixin"]


class TransferMixin(TransferSettings, BaseMultiTask):
    """An estimator whose `fit` may start from a source, and whose `adapt` leads to a target."""

    _tasks_after: TasksAfter = TargetTasks()
