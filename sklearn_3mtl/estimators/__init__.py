"""The twelve estimators: each adds its parameters to a common base class."""

from sklearn_3mtl.estimators._loading import load_estimator
from sklearn_3mtl.estimators._pipeline import adapt
from sklearn_3mtl.estimators.meta import MetaClassifier, MetaLearner, MetaRegressor
from sklearn_3mtl.estimators.multitask import (
    MultiTaskClassifier,
    MultiTaskEstimator,
    MultiTaskRegressor,
)
from sklearn_3mtl.estimators.three_mtl import (
    ThreeMTLClassifier,
    ThreeMTLEstimator,
    ThreeMTLRegressor,
)
from sklearn_3mtl.estimators.transfer import (
    TransferClassifier,
    TransferEstimator,
    TransferRegressor,
)

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
]
