"""Tiny estimators that pin every default which shapes training, whatever the library's are."""

from sklearn_3mtl import MultiTaskEstimator
from tests import _inputs

PINNED = {
    "numeric_embedding": None,
    "backbone": "mlp",
    "activation": "relu",
    "dropout": 0.0,
    "n_estimators": 1,
    "sharing": "hard",
    "balancing": "equal",
    "batch_size": 16,
    "lr": 1e-3,
    "weight_decay": 1e-2,
    "optimizer": "adamw",
    "lr_schedule": "constant",
    "validation_fraction": 0.1,
    "n_iter_no_change": 20,
}


def tiny(cls=MultiTaskEstimator, **parameters):
    """An estimator that trains in milliseconds."""
    return _inputs.tiny(cls, **{**PINNED, **parameters})
