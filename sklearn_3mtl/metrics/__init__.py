"""Scores of each task, and scorers that accept missing labels and mixed kinds."""

from sklearn_3mtl.metrics._scorer import task_scorer
from sklearn_3mtl.metrics._scores import mean_score, task_scores

__all__ = ["mean_score", "task_scorer", "task_scores"]
