"""The union of all paradigms, whose parts can be switched off."""

from __future__ import annotations

from sklearn_3mtl.adapting.tasks_after import AllTasks, TasksAfter
from sklearn_3mtl.estimators._transferring import TransferMixin
from sklearn_3mtl.settings.constraints import THREE_MTL_CONSTRAINTS

__all__ = ["ThreeMTLMixin"]


class ThreeMTLMixin(TransferMixin):
    """Base of estimators that have every part; `paradigm` switches some off."""

    _parameter_constraints = THREE_MTL_CONSTRAINTS
    _tasks_after: TasksAfter = AllTasks()
