"""The rows of `fit` as tensors, with what the priors say of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from torch import Tensor

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.fitting.data import TrainingData
from sklearn_3mtl.inputs.modalities import ModalInputs
from sklearn_3mtl.prior import FittedPrior, PriorData, PriorPlan, PriorRows, cross_fit

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
    plan: PriorPlan | None, inputs: ModalInputs, codec: TargetCodec, data: TrainingData, seed: Seed
) -> CodedRows:
    """Turn the rows of `fit` into tensors, and cross-fit the priors.

    Parameters
    ----------
    plan : PriorPlan or None
        The priors. None: there are none.
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
    if plan is None:
        return CodedRows(coded, None)
    weights = None
    if data.weights is not None:
        shape = (len(data.weights), len(codec.tasks))
        weights = np.broadcast_to(data.weights, shape)[:, codec.layout.positions]
    groups = data.ids
    if groups is None and data.domains is not None:
        groups = data.domains.codes.numpy()
    rows = PriorRows(inputs, data.table, coded)
    given = PriorData(rows, codec.numbers(data.targets), weights, groups)
    prior, outputs = cross_fit(plan, codec, given, seed.child("prior"))
    return CodedRows({**coded, "prior": outputs}, prior)
