"""Multi-task learning: several targets, one network."""

from sklearn_3mtl.estimators.multitask.classifier import MultiTaskClassifier
from sklearn_3mtl.estimators.multitask.estimator import MultiTaskEstimator
from sklearn_3mtl.estimators.multitask.regressor import MultiTaskRegressor

__all__ = ["MultiTaskClassifier", "MultiTaskEstimator", "MultiTaskRegressor"]
