"""Meta-learning: many small tasks, and new ones with few rows."""

from sklearn_3mtl.estimators.meta.classifier import MetaClassifier
from sklearn_3mtl.estimators.meta.learner import MetaLearner
from sklearn_3mtl.estimators.meta.regressor import MetaRegressor

__all__ = ["MetaClassifier", "MetaLearner", "MetaRegressor"]
