"""scikit-learn-style estimators that learn from many tasks and adapt to a new one."""

from sklearn_3mtl.data import stack_tasks
from sklearn_3mtl.estimators import (
    MetaClassifier,
    MetaLearner,
    MetaRegressor,
    MultiTaskClassifier,
    MultiTaskEstimator,
    MultiTaskRegressor,
    ThreeMTLClassifier,
    ThreeMTLEstimator,
    ThreeMTLRegressor,
    TransferClassifier,
    TransferEstimator,
    TransferRegressor,
    adapt,
    load_estimator,
)

__version__ = "0.1.0"

__all__ = [
    "MetaClassifier",
    "MetaLearner",
    "MetaRegressor",
    "MultiTaskClassifier",
    "MultiTaskEstimator",
    "MultiTaskRegressor",
    "ThreeMTLClassifier",
    "ThreeMTLEstimator",
    "ThreeMTLRegressor",
    "TransferClassifier",
    "TransferEstimator",
    "TransferRegressor",
    "adapt",
    "load_estimator",
    "stack_tasks",
]
