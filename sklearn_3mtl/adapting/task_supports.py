"""Models whose tasks adapt on supports of their own, given more of them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import torch

from sklearn_3mtl.adapting.corrected import corrected
from sklearn_3mtl.adapting.support import (
    Support,
    codec_after,
    groups_after,
    labelled,
    support_rows,
    without,
)
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._settings import Settings
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.task_adapter import TaskAdapter
from sklearn_3mtl.fitted.task_memory import TaskMemory
from sklearn_3mtl.meta import META
from sklearn_3mtl.settings.constraints import make_method

__all__ = ["refuse_parts", "with_classes", "with_support"]


def with_support(
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
    refuse_parts(estimator)
    adapted = _with_new_targets(estimator, model, support, tasks, new) if new else model
    groups, group = groups_after(model, support)
    assert groups is not None
    if not set(labelled(support)) - set(new):
        return adapted, dict.fromkeys(model.codec.tasks, 0.0)
    trained = model.codec.of(model.trained)
    rows = support_rows(estimator, model, trained, [], without(support, new), group)
    more = TaskMemory.of(rows, len(groups), len(rows), torch.Generator())
    adapter = TaskAdapter.of(estimator, memory.extended(more))
    others = set(range(len(model.groups_or_empty))) - set(rows.labelled_group().tolist())
    kept = [name for name in model.codec.tasks if others or name not in labelled(support)]
    return replace(adapted, groups=groups, adapter=adapter), dict.fromkeys(kept, 0.0)


def refuse_parts(estimator: Settings) -> None:
    """Where tasks adapt as `meta` says, nothing else says how."""
    for name, neutral in (("strategy", "auto"), ("head", None), ("adapt_parts", "auto")):
        given = getattr(estimator, name)
        if given is not None and given != neutral:
            raise ValueError(
                f"meta={estimator.meta!r} and {name}={given!r} contradict each other: tasks adapt "
                "as `meta` says, its steps by `adapt_lr` and `adapt_steps`. Set "
                f"{name}={neutral!r}, or meta=None."
            )


def _with_new_targets(
    estimator: Settings,
    model: FittedModel,
    support: Support,
    tasks: dict[Hashable, Task],
    new: list[Hashable],
) -> FittedModel:
    codec = codec_after(model, tasks, new, support)
    rows = support_rows(estimator, model, codec, new, support, None)
    assert rows.weight is not None
    is_new = torch.tensor([task.name in new for task in codec.layout.tasks])
    rows = replace(rows, weight=rows.weight * is_new)
    return corrected(model, codec, rows, None, model.groups)[0]


def with_classes(
    estimator: Any, model: FittedModel, support: Support, tasks: dict[Hashable, Task]
) -> tuple[FittedModel, dict[Hashable, float]]:
    """The model that tells the classes of a support apart, and no others."""
    refuse_parts(estimator)
    codec = TargetCodec(tasks)
    codec.temperature = model.codec.temperature
    n_ways = model.objective.losses.layout.n_outputs
    method: Any = make_method(estimator.meta, META)
    if method.fixed_outputs and codec.layout.n_outputs > n_ways:
        raise ValueError(
            f"The support set has {codec.layout.n_outputs} classes, but an episode of fit had "
            f"`n_ways`={n_ways}, and meta={estimator.meta!r} has an output for each. Fit with "
            "n_ways as large, or with meta='ridge', 'protonet' or 'plda', which take any number."
        )
    group = torch.zeros(support.table.n_rows, dtype=torch.int64)
    rows = support_rows(estimator, model, codec, [], support, group)
    memory = TaskMemory.of(rows, 1, len(rows), torch.Generator())
    return replace(model, codec=codec, adapter=TaskAdapter.of(estimator, memory)), {}
