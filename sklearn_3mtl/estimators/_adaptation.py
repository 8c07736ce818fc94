"""A fitted model after an adaptation."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from sklearn_3mtl.data._columns import Container, TargetColumns
from sklearn_3mtl.data._tables import InputTable
from sklearn_3mtl.data.loader import RowDataset
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._adapted_network import Adaptation
from sklearn_3mtl.estimators._corrections import solve_corrections
from sklearn_3mtl.estimators._fine_tuning import fine_tune, make_strategy, movement
from sklearn_3mtl.estimators._groups import group_index, unique_ids
from sklearn_3mtl.estimators._model import FittedModel
from sklearn_3mtl.estimators._parameters import make_method
from sklearn_3mtl.estimators._readout import Readout
from sklearn_3mtl.estimators._settings import Settings
from sklearn_3mtl.estimators._task_adapter import TaskAdapter
from sklearn_3mtl.estimators._task_memory import TaskMemory
from sklearn_3mtl.estimators._weights import label_weights
from sklearn_3mtl.meta import META
from sklearn_3mtl.transfer import Blocks

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
        With task ids also for one that it does, as if the rows were of ids that it labels not.
    """
    known = model.codec.tasks
    new = [name for name, task in tasks.items() if task is not known.get(name)]
    if model.objective.exchangeable:
        return _with_classes(estimator, model, support, tasks)
    if model.adapter is not None:
        return _with_support(estimator, model, model.adapter.memory, support, tasks, new)
    if model.network.has_net_per_group:
        raise ValueError(
            "sharing='none' gives each task id a net of its own: there is nothing that a new task "
            "could start from. Fit with sharing='hard' to adapt."
        )
    _refuse_ids_without_layers(estimator, model, support)
    strategy = make_strategy(estimator)
    codec = _codec_after(model, tasks, new, support)
    if strategy is not None and strategy.reads_features:
        return _with_readout(estimator, model, codec, support), {}
    groups, group = _groups_after(model, support)
    rows = _rows(estimator, model, codec, new, support, group)
    before_group = None if group is None else _known(group, len(model.groups_or_empty))
    features, before = model.frozen(rows.inputs, before_group)
    order = codec.layout.outputs_in(model.codec.layout)
    blocks = Blocks.of_views(model.network.blocks, model.network.views)
    found = solve_corrections(codec, rows, features, before, order, blocks)
    record = Adaptation(
        n_before=model.codec.layout.n_outputs,
        n_base_groups=len(model.groups_or_empty) if model.uses_groups else None,
        n_groups=None if groups is None or not model.uses_groups else len(groups),
        order=order,
        shared=found.columns(found.shared),
        own=found.columns(found.own),
        groups=found.groups,
    )
    network = record.apply(model.network)
    found.fill(network)
    adapted = replace(
        model,
        codec=codec,
        network=network,
        groups=groups,
        container=_container_after(model, len(tasks) > len(model.names)),
        names=tuple(tasks),
        named=model.named or len(tasks) > len(model.names),
        adaptations=(*model.adaptations, record),
    )
    kept = [name for name in tasks if name not in new]
    old_tasks = [name for name in kept if name not in _labelled(support)]
    others = _as_others(model, rows, group)
    of_others = [] if others is None else [name for name in kept if name not in old_tasks]
    if not fine_tune(estimator, adapted, rows, strategy):
        return adapted, dict.fromkeys([*old_tasks, *of_others], 0.0)
    _, after = adapted.frozen(rows.inputs, group)
    moved = movement(model.codec, before, codec, after, old_tasks)
    if of_others:
        (_, before), (_, after) = (m.frozen(rows.inputs, others) for m in (model, adapted))
        moved |= movement(model.codec, before, codec, after, of_others)
    return adapted, moved


def _as_others(model: FittedModel, rows: RowDataset, group: Tensor | None) -> Tensor | None:
    """For each row a known task id that has no label among them, in turn; None where there is none.

    What they are predicted to be as rows of these ids may change where shared weights do.
    """
    if group is None:
        return None
    known = torch.arange(len(model.groups_or_empty))
    others = known[~torch.isin(known, rows.labelled_group())]
    return others[torch.arange(len(group)) % len(others)] if len(others) else None


def _with_support(
    estimator: Settings,
    model: FittedModel,
    memory: TaskMemory,
    support: Support,
    tasks: dict[Hashable, Task],
    new: list[Hashable],
) -> tuple[FittedModel, dict[Hashable, float]]:
    """The model that remembers a support more; each task adapts on its own when it is asked.

    A new target gets a correction of outputs that are 0, the same for all task ids.
    """
    adapted = _with_new_targets(estimator, model, support, tasks, new) if new else model
    groups, group = _groups_after(model, support)
    assert groups is not None
    if not set(_labelled(support)) - set(new):
        return adapted, dict.fromkeys(model.codec.tasks, 0.0)
    trained = model.codec.of(model.trained)
    rows = _rows(estimator, model, trained, [], _without(support, new), group)
    more = TaskMemory.of(rows, len(groups), len(rows), torch.Generator())
    adapter = TaskAdapter.of(estimator, memory.extended(more))
    return replace(adapted, groups=groups, adapter=adapter), {}


def _with_new_targets(
    estimator: Settings,
    model: FittedModel,
    support: Support,
    tasks: dict[Hashable, Task],
    new: list[Hashable],
) -> FittedModel:
    codec = _codec_after(model, tasks, new, support)
    rows = _rows(estimator, model, codec, new, support, None)
    assert rows.weight is not None
    is_new = torch.tensor([task.name in new for task in codec.layout.tasks])
    rows = replace(rows, weight=rows.weight * is_new)
    features, before = model.frozen(rows.inputs, None)
    order = codec.layout.outputs_in(model.codec.layout)
    blocks = Blocks.of_views(model.network.blocks, model.network.views)
    found = solve_corrections(codec, rows, features, before, order, blocks)
    record = Adaptation(
        n_before=model.codec.layout.n_outputs,
        n_base_groups=None,
        n_groups=None,
        order=order,
        shared=found.columns(found.shared),
        own=[],
        groups=[],
    )
    network = record.apply(model.network)
    found.fill(network)
    return replace(
        model,
        codec=codec,
        network=network,
        container=_container_after(model, True),
        names=tuple(tasks),
        named=True,
        adaptations=(*model.adaptations, record),
    )


def _without(support: Support, names: list[Hashable]) -> Support:
    """The support without some targets."""
    kept = [name for name in support.targets.names if name not in names]
    weights = support.weights
    if weights is not None and weights.shape[1] > 1:
        weights = weights[:, [support.targets.names.index(name) for name in kept]]
    return replace(support, targets=support.targets.select(kept), weights=weights)


def _with_readout(
    estimator: Settings, model: FittedModel, codec: TargetCodec, support: Support
) -> FittedModel:
    """The model whose frozen features other models read."""
    codec.fit(support.targets.completed(list(codec.tasks)), _weights_by_task(codec, support))
    codec.temperature = np.ones(len(codec.tasks))
    if model.groups is not None:
        raise ValueError(
            "strategy='extract' fits one model on all rows, but the source knows task ids. Use "
            "strategy='auto' or 'fine_tune'."
        )
    features = model.features(support.table, None)
    targets = support.targets.completed(list(codec.tasks))
    weights = _weights_by_task(codec, support)
    readout = Readout.fit(estimator.head, codec, features, targets, weights)
    return replace(
        model, codec=codec, readout=readout, adaptations=(), network=model.network.without_adapted()
    )


def _with_classes(
    estimator: Any, model: FittedModel, support: Support, tasks: dict[Hashable, Task]
) -> tuple[FittedModel, dict[Hashable, float]]:
    """The model that tells the classes of a support apart, and no others."""
    codec = TargetCodec(tasks)
    codec.temperature = model.codec.temperature
    n_ways = model.objective.losses.layout.n_outputs
    method: Any = make_method(estimator.meta, META)
    if method.fixed_outputs and codec.layout.n_outputs > n_ways:
        raise ValueError(
            f"The support set has {codec.layout.n_outputs} classes, but an episode of fit had "
            f"`n_ways`={n_ways}, and meta={estimator.meta!r} has an output for each. Fit with "
            "n_ways as large, or with meta='ridge' or 'protonet', which take any number."
        )
    group = torch.zeros(support.table.n_rows, dtype=torch.int64)
    rows = _rows(estimator, model, codec, [], support, group)
    memory = TaskMemory.of(rows, 1, len(rows), torch.Generator())
    return replace(model, codec=codec, adapter=TaskAdapter.of(estimator, memory)), {}


def _refuse_ids_without_layers(estimator: Settings, model: FittedModel, support: Support) -> None:
    """A new task id would otherwise move the predictions of all the others."""
    known_labels = [name for name in _labelled(support) if name in model.codec.tasks]
    if model.groups is None or model.uses_groups or support.ids is None or not known_labels:
        return
    ids = support.ids[support.targets.select(known_labels).labelled()]
    fresh = unique_ids(ids[~pd.Index(ids).isin(pd.Index(model.groups))])
    if len(fresh):
        instead = "heads='auto'" if estimator.meta is None else "inner_steps >= 1"
        raise ValueError(
            f"heads={estimator.heads!r} gives a task id nothing of its own: adapting to the new "
            f"id(s) {fresh.tolist()[:5]!r} would move the predictions of all the others. Fit with "
            f"{instead} to adapt to new ids."
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
    after = list(codec.layout.tasks)
    for source in (model.codec, fresh):
        for index, task in enumerate(source.layout.tasks):
            if task not in after:
                continue
            at = after.index(task)
            codec.center[at], codec.scale[at] = source.center[index], source.scale[index]
            codec.temperature[at] = source.temperature[index]
    return codec


def _groups_after(model: FittedModel, support: Support) -> tuple[np.ndarray | None, Tensor | None]:
    """All task ids, new ones behind, and each row's position; None where none is needed."""
    if model.groups is None or support.ids is None or not model.reads_ids:
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
    weights = _weights_by_task(codec, support)
    values, mask = codec.encode(targets)
    weight = label_weights(
        codec.layout, values, mask, weights, _class_weight(estimator, codec, new), None,
        needs_labels=False,
    )  # fmt: skip
    weight = mask.float() if weight is None else weight
    return RowDataset(model.inputs.transform(support.table), values, weight, group)


def _weights_by_task(codec: TargetCodec, support: Support) -> np.ndarray | None:
    """Sample weights in the order of all tasks."""
    weights = support.weights
    if weights is None or weights.shape[1] == 1:
        return weights
    where = {name: i for i, name in enumerate(support.targets.names)}
    ones = np.ones(len(weights))
    return np.stack([weights[:, where[n]] if n in where else ones for n in codec.tasks], axis=1)


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


def _container_after(model: FittedModel, has_new: bool) -> Container:
    """Several named targets need a frame."""
    if not has_new or model.container in ("pandas_frame", "polars"):
        return model.container
    return "polars" if model.container == "polars_series" else "pandas_frame"
