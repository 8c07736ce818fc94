"""Cross-validation over tasks, whole or from few shots, and the paradigms compared."""

from sklearn_3mtl.model_selection._compare import compare_paradigms
from sklearn_3mtl.model_selection._k_shot_split import KShotSplit
from sklearn_3mtl.model_selection._task_kfold import TaskKFold

__all__ = ["KShotSplit", "TaskKFold", "compare_paradigms"]
