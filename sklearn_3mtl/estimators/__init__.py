"""What users import: thin shells over one private base."""

from sklearn_3mtl.estimators._multitask import (
    MultiTaskClassifier,
    MultiTaskEstimator,
    MultiTaskRegressor,
    load_estimator,
)

__all__ = ["MultiTaskClassifier", "MultiTaskEstimator", "MultiTaskRegressor", "load_estimator"]
