"""The rows of `fit` as tensors, with what the priors say of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.fitting.data import TrainingData
from sklearn_3mtl.fitting.plan import Plan
from sklearn_3mtl.fitting.weights import label_weights
from sklearn_3mtl.inputs.modalities import ModalInputs
from sklearn_3mtl.prior import CACHE, FittedPrior, PriorData, PriorRows

__all__ = ["CodedRows", "code_rows"]


class CodedRows(NamedTuple):
    """The rows of `fit` as the network reads them, and the fitted priors.

    Attributes
    ----------
    inputs : dict of str to tensor with n rows
        The rows. With a prior, ``"prior"`` holds its outputs by cross-fitting.
    prior : FittedPrior or None
        The priors, fitted on all rows. None: there are none.
    """

    inputs: dict[str, Tensor]
    prior: FittedPrior | None


def code_rows(
    plan: Plan, inputs: ModalInputs, codec: TargetCodec, data: TrainingData, seed: Seed
) -> CodedRows:
    """Turn the rows of `fit` into tensors, and cross-fit the priors.

    Parameters
    ----------
    plan : Plan
        The plan of the fit, with the priors and the weights of classes.
    inputs : ModalInputs
        Turns X into tensors.
    codec : TargetCodec
        The tasks and their scales.
    data : TrainingData
        The rows.
    seed : Seed
        The estimator's seed.
    """
    coded = inputs.transform(data.table)
    if plan.prior is None:
        return CodedRows(coded, None)
    weights = None
    if data.weights is not None or plan.class_weight is not None:
        given = (*codec.encode(data.targets), data.weights, plan.class_weight, None)
        found = label_weights(codec.layout, *given)
        weights = None if found is None else found.numpy().astype(np.float64)
    groups = data.ids
    if groups is None and data.domains is not None:
        groups = data.domains.codes.numpy()
    verbose = plan.training.verbose
    rows = PriorRows(inputs, data.table, coded)
    labels = PriorData(rows, codec.numbers(data.targets), weights, groups)
    prior, outputs = CACHE.cross_fit(plan.prior, codec, labels, seed.child("prior"), verbose)
    return CodedRows({**coded, "prior": outputs}, prior)
