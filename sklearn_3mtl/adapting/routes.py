"""The ways in which `adapt` uses new rows, and the choice of one for a model."""

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
        How far the predictions of each earlier task moved for the rows given to `adapt`. A task
        without a label among these rows is predicted for the rows' own task ids. If there are task
        ids, a task with labels is predicted for known ids that have no label among these rows.
    """

    model: FittedModel
    forgetting: dict[Hashable, float]


class Route(ABC):
    """Base class of the ways in which `adapt` uses new labelled rows."""

    def tasks(
        self, model: FittedModel, targets: TargetColumns, reader: TaskReader, after: TasksAfter
    ) -> dict[Hashable, Task]:
        """The tasks after the adaptation, by name, from those before and the columns of y."""
        return after.tasks(model.codec.tasks, targets, reader)

    @abstractmethod
    def adapt(
        self, plan: AdaptPlan, model: FittedModel, support: Support, tasks: dict[Hashable, Task]
    ) -> AdaptedModel:
        """Adapt a model to the labelled rows of `support`; `tasks` are those after it."""


def route_of(plan: AdaptPlan, model: FittedModel) -> Route:
    """Choose the way in which `adapt` uses new rows, as the plan and the model require."""
    if model.objective.draws_classes:
        return NewClasses()
    if model.adapter is not None:
        return MoreSupport(model.adapter)
    if plan.strategy is not None and plan.strategy.reads_features:
        return Extraction()
    return Corrections()


class NewClasses(Route):
    """For models of ``episodes="classes"``: the new rows' classes replace the earlier ones."""

    def tasks(
        self, model: FittedModel, targets: TargetColumns, reader: TaskReader, after: TasksAfter
    ) -> dict[Hashable, Task]:
        """The one target, with the classes that occur in its new labels."""
        return classes_of(model.codec.tasks, targets, reader)

    def adapt(
        self, plan: AdaptPlan, model: FittedModel, support: Support, tasks: dict[Hashable, Task]
    ) -> AdaptedModel:
        """Make a model that keeps the rows, and tells their classes apart by them."""
        return AdaptedModel(with_classes(plan, model, support, tasks), {})


class MoreSupport(Route):
    """For models whose tasks adapt when they are predicted: keep the new rows for that.

    The labelled rows that a task adapts on are its support; the new rows are added to it.

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
        """Add the rows to the tasks' supports, and fit linear outputs for new targets."""
        adapted, kept = with_support(plan, model, self.adapter.memory, support, tasks)
        return AdaptedModel(adapted, dict.fromkeys(kept, 0.0))


class Extraction(Route):
    """For ``strategy="extract"``: fit scikit-learn models to features of the frozen network."""

    def adapt(
        self, plan: AdaptPlan, model: FittedModel, support: Support, tasks: dict[Hashable, Task]
    ) -> AdaptedModel:
        """Fit a scikit-learn model to each task that has labels in `support`."""
        _refuse_what_has_no_start(plan, model, support)
        evidence = evidence_after(model, support)
        model, support = recall(model, support)
        codec = codec_after(model, tasks, support)
        untouched = [name for name in tasks if name not in support.labelled]
        adapted = with_readout(plan.head, model, codec, support)
        return AdaptedModel(replace(adapted, evidence=evidence), dict.fromkeys(untouched, 0.0))


class Corrections(Route):
    """The default: correct the outputs by linear layers on frozen features, then fine-tune."""

    def adapt(
        self, plan: AdaptPlan, model: FittedModel, support: Support, tasks: dict[Hashable, Task]
    ) -> AdaptedModel:
        """Fit linear corrections of the outputs, then train parts of the network if asked to."""
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
    """Give each row, in turn, a known task id that has no label among the rows.

    None where there is no such id.

    How far the predictions for these ids move shows what a change of shared weights does to them.
    """
    if group is None:
        return None
    known = torch.arange(len(model.groups_or_empty))
    others = known[~torch.isin(known, rows.labelled_group())]
    return others[torch.arange(len(group)) % len(others)] if len(others) else None


def _refuse_what_has_no_start(plan: AdaptPlan, model: FittedModel, support: Support) -> None:
    """Refuse models and new task ids that have no layer to adapt, and contradicting parameters."""
    if model.network.shape.net_per_group:
        raise ValueError(
            "sharing='none' gives each task id a net of its own: there is nothing that a new task "
            "could start from. Fit with sharing='hard' to adapt."
        )
    _refuse_ids_without_layers(plan, model, support)
    make_strategy(plan.settings)


def _refuse_ids_without_layers(plan: AdaptPlan, model: FittedModel, support: Support) -> None:
    """Refuse new task ids if no layer depends on the id.

    Adapting to them would move the predictions for all other ids.
    """
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
