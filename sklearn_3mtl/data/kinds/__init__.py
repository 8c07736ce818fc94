"""Kinds of targets: regression, binary, multiclass, and those that a user adds."""

from sklearn_3mtl.data.kinds.base import Kind, mean_of_members
from sklearn_3mtl.data.kinds.binary import Binary
from sklearn_3mtl.data.kinds.classes import ClassKind
from sklearn_3mtl.data.kinds.inference import (
    ANY_CLASSES,
    KINDS,
    agrees,
    as_given,
    declared_kind,
    infer_kind,
    is_of_numbers,
    kind_named,
    with_regression_loss,
)
from sklearn_3mtl.data.kinds.likelihood import Bernoulli, Categorical, Gaussian, Likelihood
from sklearn_3mtl.data.kinds.multiclass import Multiclass
from sklearn_3mtl.data.kinds.regression import REGRESSION_LOSSES, Regression

__all__ = [
    "ANY_CLASSES",
    "KINDS",
    "REGRESSION_LOSSES",
    "Bernoulli",
    "Binary",
    "Categorical",
    "ClassKind",
    "Gaussian",
    "Kind",
    "Likelihood",
    "Multiclass",
    "Regression",
    "agrees",
    "as_given",
    "declared_kind",
    "infer_kind",
    "is_of_numbers",
    "kind_named",
    "mean_of_members",
    "with_regression_loss",
]
