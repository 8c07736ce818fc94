"""The base of the 3MTL estimators, which unite multi-task, meta and transfer learning."""

from __future__ import annotations

from sklearn_3mtl.adapting.tasks_after import AllTasks, TasksAfter
from sklearn_3mtl.estimators._transferring import TransferMixin
from sklearn_3mtl.settings.constraints import THREE_MTL_CONSTRAINTS

__all__ = ["ThreeMTLMixin"]


class ThreeMTLMixin(TransferMixin):
    """Base of estimators that unite multi-task, meta and transfer learning.

    The parameter `paradigm` switches some of these parts off. `adapt` keeps the old tasks.
    """

    _parameter_constraints = THREE_MTL_CONSTRAINTS
    _tasks_after: TasksAfter = AllTasks()
