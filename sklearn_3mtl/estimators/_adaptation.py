"""A fitted model after an adaptation."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from sklearn_3mtl.core.adapted import GroupCorrection, SharedCorrection
from sklearn_3mtl.data._columns import Container, TargetColumns
from sklearn_3mtl.data._tables import InputTable
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.loader import RowDataset
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._adapted_network import Adaptation
from sklearn_3mtl.estimators._fine_tuning import fine_tune, movement
from sklearn_3mtl.estimators._groups import group_index, unique_ids
from sklearn_3mtl.estimators._model import FittedModel
from sklearn_3mtl.estimators._settings import Settings
from sklearn_3mtl.estimators._weights import label_weights
from sklearn_3mtl.transfer import Blocks, Probe, solve_probe

__all__ = ["Support", "adapt_model"]


@dataclass
class Support:
    """The labelled rows that a model adapts on.

    Attributes
    ----------
    table : InputTable
        X.
    targets : TargetColumns
        y, under the tasks' names.
    weights : ndarray or None
        Sample weights in the order of y's columns.
    ids : object ndarray or None
        Task ids. None where there is one set of rows.
    """

    table: InputTable
    targets: TargetColumns
    weights: np.ndarray | None
    ids: np.ndarray | None


def adapt_model(
    estimator: Settings,
    model: FittedModel,
    support: Support,
    tasks: dict[Hashable, Task],
) -> tuple[FittedModel, dict[Hashable, float]]:
    """The model after an adaptation; the one before is left as it is.

    Returns
    -------
    adapted : FittedModel
    forgetting : dict of task name to float
        For each task that y doesn't label: how far its predictions moved on the support's rows.
    """
    if model.network.has_net_per_group:
        raise ValueError(
            "sharing='none' gives each task id a net of its own: there is nothing that a new task "
            "could start from. Fit with sharing='hard' to adapt."
        )
    new = [name for name in tasks if name not in model.codec.tasks]
    _refuse_ids_without_layers(estimator, model, support)
    codec = _codec_after(model, tasks, new, support)
    groups, group = _groups_after(model, support)
    rows = _rows(estimator, model, codec, new, support, group)
    values, weight = rows.labels()

    known = None if group is None else _known(group, len(model.groups_or_empty))
    features, before = model.frozen(support.table, known)
    blocks = Blocks.of_views(model.network.blocks, model.network.views)
    order = codec.layout.outputs_in(model.codec.layout)
    adapted_groups = [] if group is None else sorted(set(group[group >= 0].tolist()))
    shared: dict[int, Probe] = {}
    own: dict[int, Probe] = {}
    for index, task in enumerate(codec.layout.tasks):
        label, mass = values[:, index], weight[:, index]
        if not bool((mass > 0).any()):
            if task.name in new:
                raise ValueError(
                    f"New task {task.name!r} has no label with a positive weight: "
                    "`sample_weight` or `class_weight` is 0 wherever it is labelled."
                )
            continue
        columns = range(codec.layout.n_outputs)[codec.layout.outputs_of(index)]
        old = [order[column] for column in columns]
        # The likelihood is that of the calibrated outputs.
        temperature = float(codec.temperature[index])
        offset = before.new_zeros(*before.shape[:2], len(old))
        offset = offset if task.name in new else before[..., old] / temperature
        if group is None or task.name in new:
            probe = solve_probe(
                features[None], blocks, offset[None], label[None], mass[None], task,
                is_new=task.name in new,
            )  # fmt: skip
            shared[index] = probe.times(temperature)
        else:
            padded = _padded(group, adapted_groups)
            probe = solve_probe(
                features[:, padded.rows].transpose(0, 1),
                blocks,
                offset[:, padded.rows].transpose(0, 1),
                label[padded.rows],
                mass[padded.rows] * padded.real,
                task,
                is_new=False,
            )
            own[index] = probe.times(temperature)
    record = Adaptation(
        n_new_tasks=len(new),
        n_base_groups=len(model.groups_or_empty) if model.uses_groups else None,
        n_groups=None if groups is None or not model.uses_groups else len(groups),
        order=order,
        shared=_columns(codec.layout, shared),
        own=_columns(codec.layout, own),
        groups=adapted_groups if own else [],
    )
    network = record.apply(model.network)
    added: Any = network.adaptations[-1]
    for correction in added.corrections:
        _fill(correction, own if isinstance(correction, GroupCorrection) else shared)
    adapted = replace(
        model,
        codec=codec,
        network=network,
        groups=groups,
        container=_container_after(model, bool(new)),
        names=(*model.names, *new),
        named=model.named or bool(new),
        adaptations=(*model.adaptations, record),
    )
    old_tasks = [name for name in model.codec.tasks if name not in _labelled(support)]
    if not fine_tune(estimator, adapted, rows):
        return adapted, dict.fromkeys(old_tasks, 0.0)
    _, after = adapted.frozen(support.table, group)
    return adapted, movement(model.codec, before, codec, after, old_tasks)


def _refuse_ids_without_layers(estimator: Settings, model: FittedModel, support: Support) -> None:
    """A new task id would otherwise move the predictions of all the others."""
    known_labels = [name for name in _labelled(support) if name in model.codec.tasks]
    if model.groups is None or model.uses_groups or support.ids is None or not known_labels:
        return
    ids = support.ids[support.targets.select(known_labels).labelled()]
    fresh = unique_ids(ids[~pd.Index(ids).isin(pd.Index(model.groups))])
    if len(fresh):
        raise ValueError(
            f"heads={estimator.heads!r} gives a task id nothing of its own: adapting to the new "
            f"id(s) {fresh.tolist()[:5]!r} would move the predictions of all the others. Fit with "
            "heads='auto' to adapt to new ids."
        )


def _codec_after(
    model: FittedModel, tasks: Mapping[Hashable, Task], new: list[Hashable], support: Support
) -> TargetCodec:
    """Old tasks keep their scale; a new one gets it from its labels."""
    codec = TargetCodec(dict(tasks))
    fresh = TargetCodec({name: tasks[name] for name in new})
    if new:
        weights = support.weights
        if weights is not None and weights.shape[1] > 1:
            weights = weights[:, [support.targets.names.index(name) for name in new]]
        fresh.fit(support.targets.select(new), weights)
    for source in (model.codec, fresh):
        for index, task in enumerate(source.layout.tasks):
            at = [t.name for t in codec.layout.tasks].index(task.name)
            codec.center[at], codec.scale[at] = source.center[index], source.scale[index]
            codec.temperature[at] = source.temperature[index]
    return codec


def _groups_after(model: FittedModel, support: Support) -> tuple[np.ndarray | None, Tensor | None]:
    """All task ids, new ones behind, and each row's position; None where none is needed."""
    if model.groups is None or support.ids is None or not model.uses_groups:
        return model.groups, None
    labelled = support.ids[support.targets.labelled()]
    fresh = unique_ids(labelled[~pd.Index(labelled).isin(pd.Index(model.groups))])
    groups = np.concatenate([model.groups, fresh]).astype(object)
    return groups, group_index(groups, support.ids)


def _known(group: Tensor, n_known: int) -> Tensor:
    return torch.where(group < n_known, group, -1)


def _rows(
    estimator: Settings,
    model: FittedModel,
    codec: TargetCodec,
    new: list[Hashable],
    support: Support,
    group: Tensor | None,
) -> RowDataset:
    """The support as tensors, with a column for every task; those that y lacks have no label."""
    targets = support.targets.completed(list(codec.tasks))
    weights = support.weights
    if weights is not None and weights.shape[1] > 1:
        where = {name: i for i, name in enumerate(support.targets.names)}
        weights = np.stack(
            [weights[:, where[n]] if n in where else np.ones(len(weights)) for n in codec.tasks],
            axis=1,
        )
    values, mask = codec.encode(targets)
    weight = label_weights(
        codec.layout, values, mask, weights, _class_weight(estimator, codec, new), None,
        needs_labels=False,
    )  # fmt: skip
    weight = mask.float() if weight is None else weight
    return RowDataset(model.inputs.transform(support.table), values, weight, group)


def _class_weight(estimator: Settings, codec: TargetCodec, new: list[Hashable]) -> Any:
    """Class weights of the new tasks; a few rows of a known one may lack some of its classes."""
    given = estimator.class_weight
    by_name = given if isinstance(given, Mapping) else dict.fromkeys(new, given)
    found = {
        name: by_name[name]
        for name in new
        if codec.tasks[name].is_classification and by_name.get(name) is not None
    }
    return found or None


def _labelled(support: Support) -> list[Hashable]:
    targets = support.targets
    return [n for n, c in zip(targets.names, targets.columns, strict=True) if c.notna().any()]


@dataclass
class _Padded:
    rows: Tensor
    real: Tensor


def _padded(group: Tensor, groups: list[int]) -> _Padded:
    """The rows of each group, of shape (n_groups, n_rows), and which of them are no padding."""
    members = [torch.nonzero(group == g).flatten() for g in groups]
    rows = torch.nn.utils.rnn.pad_sequence(members, batch_first=True)
    lengths = torch.tensor([len(m) for m in members])
    return _Padded(rows, (torch.arange(rows.shape[1]) < lengths[:, None]).float())


def _columns(layout: TaskLayout, probes: Mapping[int, Probe]) -> list[int]:
    return [c for index in probes for c in range(layout.n_outputs)[layout.outputs_of(index)]]


def _fill(correction: SharedCorrection | GroupCorrection, probes: Mapping[int, Probe]) -> None:
    weight = torch.cat([probe.weight for probe in probes.values()], dim=2)
    bias = torch.cat([probe.bias for probe in probes.values()], dim=2)
    if isinstance(correction, SharedCorrection):
        weight, bias = weight[0], bias[0]
    correction.weight.data.copy_(weight)
    correction.bias.data.copy_(bias)


def _container_after(model: FittedModel, has_new: bool) -> Container:
    """Several named targets need a frame."""
    if not has_new or model.container in ("pandas_frame", "polars"):
        return model.container
    return "polars" if model.container == "polars_series" else "pandas_frame"
