"""Read tasks, targets and inputs from a user's containers; encode labels and decode outputs."""

from sklearn_3mtl.data.stacking import stack_tasks
from sklearn_3mtl.data.tasks import Task, infer_tasks

__all__ = ["Task", "infer_tasks", "stack_tasks"]
