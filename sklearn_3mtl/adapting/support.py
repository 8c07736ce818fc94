"""The labelled rows that a model adapts on, as tensors."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from torch import Tensor

from sklearn_3mtl.adapting.plan import AdaptPlan
from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.task_ids import group_index, unique_ids
from sklearn_3mtl.fitting.weights import label_weights
from sklearn_3mtl.rows.loader import RowDataset
from sklearn_3mtl.settings.types import ClassWeight

__all__ = [
    "Support",
    "codec_after",
    "groups_after",
    "labelled",
    "new_tasks",
    "support_rows",
    "weights_by_task",
    "without",
]


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


def codec_after(
    model: FittedModel, tasks: Mapping[Hashable, Task], support: Support
) -> TargetCodec:
    """Old tasks keep their scale; a new one gets it from its labels."""
    codec, new = TargetCodec(dict(tasks)), new_tasks(model, tasks)
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


def new_tasks(model: FittedModel, tasks: Mapping[Hashable, Task]) -> list[Hashable]:
    """The names of the tasks that a model doesn't know."""
    return [name for name, task in tasks.items() if task is not model.codec.tasks.get(name)]


def groups_after(model: FittedModel, support: Support) -> tuple[np.ndarray | None, Tensor | None]:
    """All task ids, new ones behind, and each row's position; None where none is needed."""
    if model.groups is None or support.ids is None or not model.reads_ids:
        return model.groups, None
    labelled = support.ids[support.targets.labelled()]
    fresh = unique_ids(labelled[~pd.Index(labelled).isin(pd.Index(model.groups))])
    groups = np.concatenate([model.groups, fresh]).astype(object)
    return groups, group_index(groups, support.ids)


def support_rows(
    plan: AdaptPlan,
    model: FittedModel,
    codec: TargetCodec,
    support: Support,
    group: Tensor | None,
    new: Sequence[Hashable] = (),
) -> RowDataset:
    """The support as tensors, with a column for every task; those that y lacks have no label."""
    targets = support.targets.completed(list(codec.tasks))
    weights = weights_by_task(codec, support)
    values, mask = codec.encode(targets)
    class_weight = _class_weight(plan.class_weight, codec, new)
    weight = label_weights(
        codec.layout, values, mask, weights, class_weight, None, needs_labels=False
    )
    weight = mask.float() if weight is None else weight
    return RowDataset(model.inputs.transform(support.table), values, weight, group)


def weights_by_task(codec: TargetCodec, support: Support) -> np.ndarray | None:
    """Sample weights in the order of all tasks."""
    weights = support.weights
    if weights is None or weights.shape[1] == 1:
        return weights
    where = {name: i for i, name in enumerate(support.targets.names)}
    ones = np.ones(len(weights))
    return np.stack([weights[:, where[n]] if n in where else ones for n in codec.tasks], axis=1)


def _class_weight(
    given: ClassWeight | None, codec: TargetCodec, new: Sequence[Hashable]
) -> Mapping[Hashable, object] | None:
    """Class weights of the new tasks; a few rows of a known one may lack some of its classes."""
    by_name = given if isinstance(given, Mapping) else dict.fromkeys(new, given)
    found = {
        name: by_name[name]
        for name in new
        if codec.tasks[name].is_classification and by_name.get(name) is not None
    }
    return found or None


def labelled(support: Support) -> list[Hashable]:
    """The targets with a label."""
    targets = support.targets
    return [n for n, c in zip(targets.names, targets.columns, strict=True) if c.notna().any()]


def without(support: Support, names: list[Hashable]) -> Support:
    """The support without some targets."""
    kept = [name for name in support.targets.names if name not in names]
    weights = support.weights
    if weights is not None and weights.shape[1] > 1:
        weights = weights[:, [support.targets.names.index(name) for name in kept]]
    return replace(support, targets=support.targets.select(kept), weights=weights)
