"""The union of all paradigms."""

from sklearn_3mtl.estimators.three_mtl.classifier import ThreeMTLClassifier
from sklearn_3mtl.estimators.three_mtl.estimator import ThreeMTLEstimator
from sklearn_3mtl.estimators.three_mtl.regressor import ThreeMTLRegressor

__all__ = ["ThreeMTLClassifier", "ThreeMTLEstimator", "ThreeMTLRegressor"]
