"""`adapt` of models whose tasks adapt by `meta`: it adds rows to those that tasks adapt on."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import torch

from sklearn_3mtl.adapting.corrected import corrected
from sklearn_3mtl.adapting.plan import AdaptPlan
from sklearn_3mtl.adapting.recall import evidence_after, recall
from sklearn_3mtl.adapting.support import codec_after, groups_after, new_tasks, support_rows
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.predictors import BySupports
from sklearn_3mtl.fitted.support import Support
from sklearn_3mtl.fitted.task_adapter import TaskAdapter
from sklearn_3mtl.fitted.task_memory import TaskMemory
from sklearn_3mtl.fitting.contradictions import refuse_parts

__all__ = ["with_classes", "with_support"]


def with_support(
    plan: AdaptPlan,
    model: FittedModel,
    memory: TaskMemory,
    support: Support,
    tasks: dict[Hashable, Task],
) -> tuple[FittedModel, list[Hashable]]:
    """Add rows to the tasks' supports, the labelled rows on which they adapt when predicted.

    A new target gets outputs that are linear in the features, the same for all task ids.

    Returns
    -------
    adapted : FittedModel
    kept : list of task names
        The earlier tasks whose predictions stay as they were, at least for some task id.
    """
    refuse_parts(plan.settings)
    trained = model.codec.of(model.trained)
    later = [name for name in support.labels if name not in trained.tasks]
    adapted = model
    if set(support.labelled) & set(later) or new_tasks(model, tasks):
        adapted = _with_later_targets(plan, model, support.select(later), tasks)
    groups, group = groups_after(model, support)
    assert groups is not None
    if set(support.labelled) <= set(later):
        return adapted, [name for name in model.codec.tasks if name not in support.labelled]
    own = support.select([name for name in support.labels if name not in later])
    rows = support_rows(plan, trained, own, group)
    more = TaskMemory.of(rows, len(groups), len(rows), torch.Generator())
    others = set(range(len(model.groups_or_empty))) - set(rows.labelled_group().tolist())
    kept = [name for name in model.codec.tasks if others or name not in support.labelled]
    predictor = _by_supports(plan, memory.extended(more))
    return replace(adapted, groups=groups, predictor=predictor), kept


def _by_supports(plan: AdaptPlan, memory: TaskMemory) -> BySupports:
    return BySupports(TaskAdapter.of(memory, plan.settings.adapt_lr, plan.settings.adapt_steps))


def _with_later_targets(
    plan: AdaptPlan, model: FittedModel, support: Support, tasks: dict[Hashable, Task]
) -> FittedModel:
    """Add outputs, linear in frozen features, for targets that came after the fit."""
    evidence = evidence_after(model, support)
    model, support = recall(model, support)
    codec = codec_after(model, tasks, support)
    rows = support_rows(plan, codec, support, None, new_tasks(model, tasks))
    adapted = corrected(model, codec, rows, None, model.groups)[0]
    return replace(adapted, evidence=evidence)


def with_classes(
    plan: AdaptPlan, model: FittedModel, support: Support, tasks: dict[Hashable, Task]
) -> FittedModel:
    """Make a model that tells apart the classes of the labels in `support`, and no others."""
    refuse_parts(plan.settings)
    codec = TargetCodec(tasks)
    codec.temperature = model.codec.temperature
    n_ways = model.objective.losses.layout.n_outputs
    fixed = plan.method is not None and plan.method.fixed_outputs
    if fixed and codec.layout.n_outputs > n_ways:
        raise ValueError(
            f"The support set has {codec.layout.n_outputs} classes, but an episode of fit had "
            f"`n_ways`={n_ways}, and meta={plan.settings.meta!r} has that many outputs. Fit with a "
            "larger n_ways, or with meta='ridge', 'protonet' or 'plda', which take any number."
        )
    group = torch.zeros(support.n_rows, dtype=torch.int64)
    rows = support_rows(plan, codec, support, group)
    memory = TaskMemory.of(rows, 1, len(rows), torch.Generator())
    return replace(model, codec=codec, predictor=_by_supports(plan, memory))
