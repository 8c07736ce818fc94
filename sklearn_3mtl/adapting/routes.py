"""The routes of `adapt`: the ways in which a fitted model uses new rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import replace
from typing import NamedTuple

import pandas as pd
import torch
from torch import Tensor

from sklearn_3mtl.adapting.corrected import corrected
from sklearn_3mtl.adapting.extracting import with_readout
from sklearn_3mtl.adapting.fine_tuning import fine_tune, movement
from sklearn_3mtl.adapting.plan import AdaptPlan, make_strategy
from sklearn_3mtl.adapting.recall import evidence_after, recall
from sklearn_3mtl.adapting.support import codec_after, groups_after, new_tasks, support_rows
from sklearn_3mtl.adapting.task_supports import with_classes, with_support
from sklearn_3mtl.adapting.tasks_after import TaskReader, TasksAfter, classes_of
from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.support import Support
from sklearn_3mtl.fitted.task_adapter import TaskAdapter
from sklearn_3mtl.fitted.task_ids import unique_ids
from sklearn_3mtl.rows.loader import RowDataset

__all__ = ["AdaptedModel", "Route", "route_of"]


class AdaptedModel(NamedTuple):
    """The model after an adaptation, and how far the predictions of earlier tasks moved.

    Attributes
    ----------
    model : FittedModel
        The adapted model; the earlier model is left unchanged.
    forgetting : dict of task name to float
        How far the predictions of earlier tasks for the support's rows moved. A task without a
        label in the support is predicted for the rows' own task ids. If there are task ids, a task
        with labels is predicted for known ids that have no label in the support.
    """

    model: FittedModel
    forgetting: dict[Hashable, float]


class Route(ABC):
    """One way to use new rows."""

    def tasks(
        self, model: FittedModel, targets: TargetColumns, reader: TaskReader, after: TasksAfter
    ) -> dict[Hashable, Task]:
        """The tasks after the adaptation."""
        return after.tasks(model.codec.tasks, targets, reader)

    @abstractmethod
    def adapt(
        self, plan: AdaptPlan, model: FittedModel, support: Support, tasks: dict[Hashable, Task]
    ) -> AdaptedModel:
        """The adapted model."""


def route_of(plan: AdaptPlan, model: FittedModel) -> Route:
    """Choose the way in which a model uses new rows."""
    if model.objective.draws_classes:
        return NewClasses()
    if model.adapter is not None:
        return MoreSupport(model.adapter)
    if plan.strategy is not None and plan.strategy.reads_features:
        return Extraction()
    return Corrections()


class NewClasses(Route):
    """The classes of the support replace the earlier classes."""

    def tasks(
        self, model: FittedModel, targets: TargetColumns, reader: TaskReader, after: TasksAfter
    ) -> dict[Hashable, Task]:
        """The one target with its new classes."""
        return classes_of(model.codec.tasks, targets, reader)

    def adapt(
        self, plan: AdaptPlan, model: FittedModel, support: Support, tasks: dict[Hashable, Task]
    ) -> AdaptedModel:
        """Keep the support in the model."""
        return AdaptedModel(with_classes(plan, model, support, tasks), {})


class MoreSupport(Route):
    """Tasks adapt when they are predicted: the new rows are added to their supports.

    Parameters
    ----------
    adapter : TaskAdapter
        The supports so far.
    """

    def __init__(self, adapter: TaskAdapter) -> None:
        self.adapter = adapter

    def adapt(
        self, plan: AdaptPlan, model: FittedModel, support: Support, tasks: dict[Hashable, Task]
    ) -> AdaptedModel:
        """Keep the support in the model, and solve for the outputs of new targets."""
        adapted, kept = with_support(plan, model, self.adapter.memory, support, tasks)
        return AdaptedModel(adapted, dict.fromkeys(kept, 0.0))


class Extraction(Route):
    """scikit-learn models are fitted to frozen features."""

    def adapt(
        self, plan: AdaptPlan, model: FittedModel, support: Support, tasks: dict[Hashable, Task]
    ) -> AdaptedModel:
        """Fit a model for each labelled task."""
        _refuse_what_has_no_start(plan, model, support)
        evidence = evidence_after(model, support)
        model, support = recall(model, support)
        codec = codec_after(model, tasks, support)
        untouched = [name for name in tasks if name not in support.labelled]
        adapted = with_readout(plan.head, model, codec, support)
        return AdaptedModel(replace(adapted, evidence=evidence), dict.fromkeys(untouched, 0.0))


class Corrections(Route):
    """Linear corrections on frozen features, then gradient steps on parts of the network."""

    def adapt(
        self, plan: AdaptPlan, model: FittedModel, support: Support, tasks: dict[Hashable, Task]
    ) -> AdaptedModel:
        """Solve for the corrections, then fine-tune."""
        _refuse_what_has_no_start(plan, model, support)
        evidence = evidence_after(model, support)
        model, support = recall(model, support)
        codec = codec_after(model, tasks, support)
        groups, group = groups_after(model, support)
        new = new_tasks(model, tasks)
        rows = support_rows(plan, codec, support, group, new)
        adapted, before = corrected(model, codec, rows, group, groups)
        kept = [name for name in tasks if name not in new]
        old_tasks = [name for name in kept if name not in support.labelled]
        others = _as_others(model, rows, group)
        of_others = [] if others is None else [name for name in kept if name not in old_tasks]
        tuned = fine_tune(plan, adapted, rows, list(model.codec.tasks))
        if tuned is None:
            adapted = replace(adapted, evidence=evidence)
            return AdaptedModel(adapted, dict.fromkeys([*old_tasks, *of_others], 0.0))
        _, after = tuned.frozen(rows.inputs, group)
        moved = movement(model.codec, before, codec, after, old_tasks)
        if of_others:
            (_, before), (_, after) = (m.frozen(rows.inputs, others) for m in (model, tuned))
            moved |= movement(model.codec, before, codec, after, of_others)
        # Corrections can't be solved for again once the network was trained on top of them.
        return AdaptedModel(replace(tuned, evidence=None), moved)


def _as_others(model: FittedModel, rows: RowDataset, group: Tensor | None) -> Tensor | None:
    """Give each row, in turn, a known task id without a label among the rows; None without any.

    How far the predictions for these ids move shows what a change of shared weights does to them.
    """
    if group is None:
        return None
    known = torch.arange(len(model.groups_or_empty))
    others = known[~torch.isin(known, rows.labelled_group())]
    return others[torch.arange(len(group)) % len(others)] if len(others) else None


def _refuse_what_has_no_start(plan: AdaptPlan, model: FittedModel, support: Support) -> None:
    """Refuse models and new task ids without layers to adapt, and contradicting parameters."""
    if model.network.shape.net_per_group:
        raise ValueError(
            "sharing='none' gives each task id a net of its own: there is nothing that a new task "
            "could start from. Fit with sharing='hard' to adapt."
        )
    _refuse_ids_without_layers(plan, model, support)
    make_strategy(plan.settings)


def _refuse_ids_without_layers(plan: AdaptPlan, model: FittedModel, support: Support) -> None:
    """Refuse new task ids if no layer depends on the id: all other ids' predictions would move."""
    known_labels = [name for name in support.labelled if name in model.codec.tasks]
    if model.groups is None or model.uses_groups or support.ids is None or not known_labels:
        return
    ids = support.ids[support.labelled_rows(known_labels)]
    fresh = unique_ids(ids[~pd.Index(ids).isin(pd.Index(model.groups))])
    if len(fresh):
        instead = "heads='auto'" if plan.method is None else "inner_steps >= 1"
        raise ValueError(
            f"heads={plan.settings.heads!r} gives a task id no parameters of its own: adapting to "
            f"the new id(s) {fresh.tolist()[:5]!r} would move the predictions of all other ids. "
            f"Fit with {instead} to adapt to new ids."
        )
