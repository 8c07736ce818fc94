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
    """The codec, which turns labels into numbers and back, after an adaptation.

    Known tasks keep their scale; new tasks get it from their labels.
    """
    codec, new = TargetCodec(dict(tasks)), new_tasks(model, tasks)
    known, tasks_after = list(model.codec.layout.tasks), codec.layout.tasks
    place = {at: known.index(t) for at, t in enumerate(tasks_after) if t.name not in new}
    codec.copy_from(model.codec, place)
    for at, task in enumerate(tasks_after):
        if task.name in new and not task.is_classification:
            weight = None if support.weights is None else support.weights[task.name]
            codec.learn(at, support.labels[task.name], weight)
    return codec


def new_tasks(model: FittedModel, tasks: Mapping[Hashable, Task]) -> list[Hashable]:
    """The names of the tasks that a model doesn't know."""
    return [name for name, task in tasks.items() if task is not model.codec.tasks.get(name)]


def groups_after(model: FittedModel, support: Support) -> tuple[np.ndarray | None, Tensor | None]:
    """All task ids after an adaptation, the new ones last, and the position of each row's id.

    The positions are None where predictions don't depend on the ids.
    """
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
    """Turn the rows of `support` into tensors, with a column of labels for every task.

    A task without labels in `support` has labels of weight 0.
    """
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
    """The estimator's class weights for new tasks, by name; None without any.

    A known task gets none, because few rows may lack some of its classes.
    """
    by_name = given if isinstance(given, Mapping) else dict.fromkeys(new, given)
    found = {
        name: by_name[name]
        for name in new
        if codec.tasks[name].is_classification and by_name.get(name) is not None
    }
    return found or None
