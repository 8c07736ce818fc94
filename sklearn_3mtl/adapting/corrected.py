"""Add linear corrections of the outputs, fitted to labelled rows, to a model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.adapting.corrections import solve_corrections
from sklearn_3mtl.adapting.probe import Blocks
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.smooth import SmoothFeatures
from sklearn_3mtl.data.columns import Container
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.fitted.adaptation import Adaptation, smooth_features
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.rows.loader import RowDataset

__all__ = ["container_after", "corrected", "order_after"]


def corrected(
    model: FittedModel,
    codec: TargetCodec,
    rows: RowDataset,
    group: Tensor | None,
    groups: np.ndarray | None,
) -> tuple[FittedModel, Tensor]:
    """Add to a model a linear correction of the outputs of each task that has labels.

    A correction is a linear layer on frozen features, fitted to the rows in closed form, whose
    output is added to those of the heads.

    Parameters
    ----------
    model : FittedModel
        The model before the adaptation.
    codec : TargetCodec
        The tasks after it.
    rows : RowDataset
        The labelled rows.
    group : int64 tensor of shape (n,) or None
        Each row's position in `groups`. None: outputs are corrected for all task ids alike.
    groups : object ndarray or None
        The task ids after the adaptation. None where there are none.

    Returns
    -------
    adapted : FittedModel
    before : tensor of shape (M, n, n_outputs before)
        The outputs of each member of the ensemble before the adaptation.
    """
    n_groups = len(model.groups_or_empty)
    of_group = group is not None and model.uses_groups
    known = None if group is None else torch.where(group < n_groups, group, -1)
    features, before = model.frozen(rows.inputs, known)
    order = order_after(model, codec)
    lost = ~(features.isfinite().all(2) & before.isfinite().all(2)).all(0)
    if lost.any():
        raise ValueError(
            f"The network's features are no finite numbers for {int(lost.sum())} of {len(lost)} "
            f"rows (the first is row {int(lost.nonzero()[0])}): check what the module given as "
            "`source`, `backbone` or modality returns for that row."
        )
    smooth = smooth_features(model.network)
    if smooth is not None:
        features = smooth.fit(features, rows.labels()[1].sum(1))(features)
    blocks = _blocks(model.network, smooth)
    found = solve_corrections(codec, rows, features, before, order, blocks)
    record = Adaptation(
        n_before=model.codec.layout.n_outputs,
        n_base_groups=n_groups if of_group else None,
        n_groups=len(groups) if of_group and groups is not None else None,
        order=order,
        shared=found.columns(found.shared),
        own=found.columns(found.own),
        groups=found.groups,
    )
    network = record.apply(model.network)
    found.fill(network, smooth)
    has_more = len(codec.tasks) > len(model.names)
    adapted = replace(
        model,
        codec=codec,
        network=network,
        groups=groups,
        container=container_after(model, has_more),
        names=tuple(codec.tasks),
        named=model.named or has_more,
        adaptations=(*model.adaptations, record),
        predictor=model.predictor.without(found.names),
    )
    return adapted, before


def _blocks(network: ThreeMTLNetwork, smooth: SmoothFeatures | None) -> Blocks:
    """The blocks of the features that linear corrections read, and weightings of them to try."""
    if smooth is None:
        return Blocks.of_views(network.blocks, [*network.views, [0.0] * len(network.blocks)])
    others = [[*view, 0.0] for view in network.views]
    own = [*([0.0] * len(network.blocks)), 1.0]
    return Blocks.of_views([*network.blocks, smooth.n_out], [*others, own])


def order_after(model: FittedModel, codec: TargetCodec) -> list[int]:
    """For each output after an adaptation, its position before; -1 if no head computed it."""
    order = codec.layout.outputs_in(model.codec.layout)
    for index, task in enumerate(codec.layout.tasks):
        if model.readout is not None and task.name in model.readout.models:
            outputs = codec.layout.outputs_of(index)
            order[outputs] = [-1] * task.n_outputs
    return order


def container_after(model: FittedModel, has_new: bool) -> Container:
    """The type of container of the predictions: a DataFrame if `adapt` has added targets."""
    if not has_new or model.container in ("pandas_frame", "polars"):
        return model.container
    return "polars" if model.container == "polars_series" else "pandas_frame"
