"""What users import: thin shells over one private base."""

from sklearn_3mtl.estimators._loading import load_estimator
from sklearn_3mtl.estimators._meta_classifier import MetaClassifier
from sklearn_3mtl.estimators._meta_learner import MetaLearner
from sklearn_3mtl.estimators._meta_regressor import MetaRegressor
from sklearn_3mtl.estimators._multitask_classifier import MultiTaskClassifier
from sklearn_3mtl.estimators._multitask_estimator import MultiTaskEstimator
from sklearn_3mtl.estimators._multitask_regressor import MultiTaskRegressor
from sklearn_3mtl.estimators._pipeline import adapt
from sklearn_3mtl.estimators._three_mtl_classifier import ThreeMTLClassifier
from sklearn_3mtl.estimators._three_mtl_estimator import ThreeMTLEstimator
from sklearn_3mtl.estimators._three_mtl_regressor import ThreeMTLRegressor
from sklearn_3mtl.estimators._transfer_classifier import TransferClassifier
from sklearn_3mtl.estimators._transfer_estimator import TransferEstimator
from sklearn_3mtl.estimators._transfer_regressor import TransferRegressor

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
