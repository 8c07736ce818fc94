"""What is particular to the union: `adapt` keeps the old tasks."""

from __future__ import annotations

from sklearn_3mtl.adapting.tasks_after import AllTasks, TasksAfter
from sklearn_3mtl.estimators._three_mtl_settings import ThreeMTLSettings
from sklearn_3mtl.estimators._transferring import TransferMixin

__all__ = ["ThreeMTLMixin"]


class ThreeMTLMixin(ThreeMTLSettings, TransferMixin):
    """An estimator with every part, of which `paradigm` leaves some out."""

    _tasks_after: TasksAfter = AllTasks()
