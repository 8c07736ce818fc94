"""Cross-validation that holds out tasks, and a comparison of the learning paradigms."""

from sklearn_3mtl.model_selection._compare import compare_paradigms
from sklearn_3mtl.model_selection._k_shot_split import KShotSplit
from sklearn_3mtl.model_selection._task_kfold import TaskKFold

__all__ = ["KShotSplit", "TaskKFold", "compare_paradigms"]
