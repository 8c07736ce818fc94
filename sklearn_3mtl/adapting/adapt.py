"""The steps of `adapt`: read the rows, choose the way to use them, keep the result."""

from __future__ import annotations

import copy
from collections.abc import Hashable
from dataclasses import replace

import numpy as np

from sklearn_3mtl.adapting.plan import make_adapt_plan
from sklearn_3mtl.adapting.routes import route_of
from sklearn_3mtl.adapting.tasks_after import TaskReader, TasksAfter, named_as_in_fit
from sklearn_3mtl.data.targets import check_targets_length
from sklearn_3mtl.fitted.fitted import Fitted
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.support import Support
from sklearn_3mtl.fitted.task_ids import default_id_of, read_task_ids
from sklearn_3mtl.fitting.data import FitInput
from sklearn_3mtl.fitting.weights import check_sample_weight
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.settings.types import TaskKinds

__all__ = ["adapt_fitted", "id_of_rows_without_id"]

# The parameters that are read by `adapt`, so that they may be set after `fit`.
OF_ADAPTING = ("strategy", "head", "adapt_parts", "adapt_lr", "adapt_steps", "optimizer")


def adapt_fitted(
    settings: Settings, before: Fitted, given: FitInput, reader: TaskReader, after: TasksAfter
) -> Fitted:
    """Adapt a fitted estimator to new labelled rows; the earlier result stays unchanged.

    Parameters
    ----------
    settings : Settings
        The estimator's present parameters. The network keeps the shape that it has.
    before : Fitted
        The result of the fit, or of an earlier adaptation.
    given : FitInput
        The arguments of `adapt`; X has the columns of `fit`'s X.
    reader : TaskReader
        Reads tasks from labels.
    after : TasksAfter
        Which tasks the result predicts.
    """
    model, table = before.model, given.table
    targets = named_as_in_fit(model, given.targets)
    check_targets_length(targets, table.n_rows)
    weights = check_sample_weight(given.sample_weight, targets)
    plan = make_adapt_plan(settings)
    route = route_of(plan, model)
    tasks = route.tasks(model, targets, reader, after)
    ids, default_id = _ids(model, given)
    if not targets.labelled().any():
        raise ValueError("y has no label: adapt needs at least one.")
    inputs = model.transform(table)
    support = Support.of(inputs, targets, tasks, weights, ids)
    adapted, forgetting = route.adapt(plan, model, support, tasks)
    changed = {name: getattr(settings, name) for name in OF_ADAPTING}
    changed["task_kinds"] = _kinds_after(settings, model, adapted)
    adapted = replace(
        after.in_container(adapted, targets),
        default_id=default_id,
        settings=model.settings.with_values(changed),
    )
    return Fitted(adapted, copy.copy(before.history), before.columns, forgetting)


def _kinds_after(settings: Settings, before: FittedModel, after: FittedModel) -> TaskKinds | None:
    """The parameter `task_kinds` after an adaptation.

    Tasks of the fit keep the kinds that it had; for tasks that are new, the present kinds are
    added.
    """
    now = settings.task_kinds or {}
    added = {n: now[n] for n in after.codec.tasks if n in now and n not in before.codec.tasks}
    return {**(before.settings.task_kinds or {}), **added} if added else before.settings.task_kinds


def id_of_rows_without_id(model: FittedModel) -> Hashable | None:
    """The task id that `adapt` gives to rows without one; None where the model has no ids."""
    if model.groups is None or model.default_id is not None:
        return model.default_id
    return default_id_of(model.groups)


def _ids(model: FittedModel, given: FitInput) -> tuple[np.ndarray | None, Hashable | None]:
    """The rows' task ids, and the id that the adapted model gives to rows without one."""
    if model.groups is None:
        if given.task is not None:
            raise ValueError("`task` was passed, but the estimator was fitted without task ids.")
        return None, model.default_id
    default_id = id_of_rows_without_id(model)
    column = None if model.ids_given else model.settings.task
    ids, _ = read_task_ids(given.table, column, given.task)
    ids = np.full(given.table.n_rows, default_id, dtype=object) if ids is None else ids
    used = bool((ids == default_id).any())
    return ids, default_id if used else model.default_id
