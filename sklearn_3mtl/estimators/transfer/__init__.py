"""Transfer learning: from a source to a target."""

from sklearn_3mtl.estimators.transfer.classifier import TransferClassifier
from sklearn_3mtl.estimators.transfer.estimator import TransferEstimator
from sklearn_3mtl.estimators.transfer.regressor import TransferRegressor

__all__ = ["TransferClassifier", "TransferEstimator", "TransferRegressor"]
