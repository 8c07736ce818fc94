"""The labelled rows that a model adapts on, and the tasks and task ids that they bring."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd
from torch import Tensor

from sklearn_3mtl.adapting.plan import AdaptPlan
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.support import Support
from sklearn_3mtl.fitted.task_ids import group_index, unique_ids
from sklearn_3mtl.fitting.weights import label_weights
from sklearn_3mtl.rows.loader import RowDataset
from sklearn_3mtl.settings.types import ClassWeight

__all__ = ["codec_after", "groups_after", "new_tasks", "support_rows"]


def codec_after(
    model: FittedModel, tasks: Mapping[Hashable, Task], support: Support
) -> TargetCodec:
    """The codec after an adaptation: known tasks keep their scale, new ones get it from labels."""
    codec, new = TargetCodec(dict(tasks)), new_tasks(model, tasks)
    known = list(model.codec.layout.tasks)
    for at, task in enumerate(codec.layout.tasks):
        if task.name not in new:
            index = known.index(task)
            codec.center[at], codec.scale[at] = model.codec.center[index], model.codec.scale[index]
            codec.temperature[at] = model.codec.temperature[index]
        elif not task.is_classification:
            weight = None if support.weights is None else support.weights[task.name]
            codec.learn(at, support.labels[task.name], weight)
    return codec


def new_tasks(model: FittedModel, tasks: Mapping[Hashable, Task]) -> list[Hashable]:
    """The names of the tasks that a model doesn't know."""
    return [name for name, task in tasks.items() if task is not model.codec.tasks.get(name)]


def groups_after(model: FittedModel, support: Support) -> tuple[np.ndarray | None, Tensor | None]:
    """All task ids, the new ones last, and each row's position; None where ids are not used."""
    if model.groups is None or support.ids is None or not model.reads_ids:
        return model.groups, None
    labelled = support.ids[support.labelled_rows()]
    fresh = unique_ids(labelled[~pd.Index(labelled).isin(pd.Index(model.groups))])
    groups = np.concatenate([model.groups, fresh]).astype(object)
    return groups, group_index(groups, support.ids)


def support_rows(
    plan: AdaptPlan,
    codec: TargetCodec,
    support: Support,
    group: Tensor | None,
    new: Sequence[Hashable] = (),
) -> RowDataset:
    """The support with a column for every task; a task that it lacks has no label."""
    values, mask = codec.scaled(support.numbers(codec))
    class_weight = _class_weight(plan.class_weight, codec, new)
    weights = support.weights_in_columns(codec)
    weight = label_weights(
        codec.layout, values, mask, weights, class_weight, None, needs_labels=False
    )
    weight = mask.float() if weight is None else weight
    return RowDataset(support.inputs, values, weight, group)


def _class_weight(
    given: ClassWeight | None, codec: TargetCodec, new: Sequence[Hashable]
) -> Mapping[Hashable, object] | None:
    """Class weights, for new tasks only: few rows of a known task may lack some of its classes."""
    by_name = given if isinstance(given, Mapping) else dict.fromkeys(new, given)
    found = {
        name: by_name[name]
        for name in new
        if codec.tasks[name].is_classification and by_name.get(name) is not None
    }
    return found or None
