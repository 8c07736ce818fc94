"""The gain of each task from sharing, and plots of scores and losses."""

from sklearn_3mtl.inspection._gain import single_task_gain
from sklearn_3mtl.inspection._loss_curve_display import LossCurveDisplay
from sklearn_3mtl.inspection._paradigm_display import ParadigmDisplay
from sklearn_3mtl.inspection._task_score_display import TaskScoreDisplay

__all__ = ["LossCurveDisplay", "ParadigmDisplay", "TaskScoreDisplay", "single_task_gain"]
