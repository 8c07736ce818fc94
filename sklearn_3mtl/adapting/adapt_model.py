"""A fitted model after an adaptation."""

from __future__ import annotations

from collections.abc import Hashable

import pandas as pd
import torch
from torch import Tensor

from sklearn_3mtl.adapting.corrected import corrected
from sklearn_3mtl.adapting.extracting import with_readout
from sklearn_3mtl.adapting.fine_tuning import fine_tune, make_strategy, movement
from sklearn_3mtl.adapting.support import (
    Support,
    codec_after,
    groups_after,
    labelled,
    support_rows,
)
from sklearn_3mtl.adapting.task_supports import with_classes, with_support
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._settings import Settings
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.task_ids import unique_ids
from sklearn_3mtl.rows.loader import RowDataset

__all__ = ["Support", "adapt_model"]


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
    if model.objective.draws_classes:
        return with_classes(estimator, model, support, tasks)
    if model.adapter is not None:
        return with_support(estimator, model, model.adapter.memory, support, tasks, new)
    if model.network.shape.net_per_group:
        raise ValueError(
            "sharing='none' gives each task id a net of its own: there is nothing that a new task "
            "could start from. Fit with sharing='hard' to adapt."
        )
    _refuse_ids_without_layers(estimator, model, support)
    strategy = make_strategy(estimator)
    codec = codec_after(model, tasks, new, support)
    if strategy is not None and strategy.reads_features:
        untouched = [name for name in tasks if name not in labelled(support)]
        return with_readout(estimator, model, codec, support), dict.fromkeys(untouched, 0.0)
    groups, group = groups_after(model, support)
    rows = support_rows(estimator, model, codec, new, support, group)
    adapted, before = corrected(model, codec, rows, group, groups)
    kept = [name for name in tasks if name not in new]
    old_tasks = [name for name in kept if name not in labelled(support)]
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


def _refuse_ids_without_layers(estimator: Settings, model: FittedModel, support: Support) -> None:
    """A new task id would otherwise move the predictions of all the others."""
    known_labels = [name for name in labelled(support) if name in model.codec.tasks]
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
