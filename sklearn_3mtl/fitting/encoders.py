"""Build the encoders of the network, one for each modality."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import nn

from sklearn_3mtl.core.encoders import (
    ModalityEncoder,
    ModuleEncoder,
    TabularEncoder,
    VectorEncoder,
)
from sklearn_3mtl.core.images import ImageNet
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.core.user_module import UserModule
from sklearn_3mtl.fitting.plan import NetworkPlan
from sklearn_3mtl.inputs.embedded import EmbeddedInputs
from sklearn_3mtl.inputs.modalities import TABULAR, ModalInputs, split_spec
from sklearn_3mtl.inputs.tabular import FIRST_CODE, TabularInputs

__all__ = ["build_encoders"]


def build_encoders(
    plan: NetworkPlan, inputs: ModalInputs, copies: Copies, seed: Seed
) -> dict[str, ModalityEncoder]:
    """Build an encoder for each modality; the first is the table's, if the table has columns.

    Parameters
    ----------
    plan : NetworkPlan
        What the network consists of.
    inputs : ModalInputs
        What the encoders read.
    copies : Copies
        The independent copies to make of each trained encoder.
    seed : Seed
        The estimator's seed.
    """
    encoders: dict[str, ModalityEncoder] = {}
    tabular = _of_table(plan, inputs.tabular, copies, seed.child("encoder/tabular"))
    if tabular.n_out:
        encoders[TABULAR] = tabular
    for name, embedded in inputs.embedded.items():
        given, _ = split_spec((plan.modalities or {})[name])
        own = seed.child(f"encoder/{name}")
        encoders[name] = _of_modality(name, embedded, given, plan.dropout, copies, own)
    return encoders


def _of_table(
    plan: NetworkPlan, inputs: TabularInputs, copies: Copies, seed: Seed
) -> TabularEncoder:
    numeric = None
    if plan.numeric_embedding is not None:
        edges = [torch.from_numpy(e.astype(np.float32)) for e in inputs.edges]
        numeric = plan.numeric_embedding(
            len(inputs.numeric), inputs.n_numeric, edges, copies, seed.child("numeric")
        )
    return TabularEncoder(inputs.n_numeric, inputs.cardinalities, FIRST_CODE, copies, seed, numeric)


def _of_modality(
    name: str, inputs: EmbeddedInputs, given: object, dropout: float, copies: Copies, seed: Seed
) -> ModalityEncoder:
    shape = inputs.encoder.shape
    if shape is None:
        dropout = dropout if inputs.encoder.is_spread else 0.0
        return VectorEncoder(name, inputs.n_values, inputs.has_gaps, dropout, seed)
    module: nn.Module
    if given is None:
        module = ImageNet(shape, copies, seed)
    else:
        parameter = f"modalities[{name!r}]"
        module = UserModule(cast(nn.Module, given), shape, copies, parameter, keep_frozen=True)
    return ModuleEncoder(name, shape, inputs.has_gaps, module)
