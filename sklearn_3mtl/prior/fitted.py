"""Fitted priors, and their outputs for new rows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.state import State
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.prior.base import Estimator, Matrices, PriorModel, PriorRows
from sklearn_3mtl.prior.plan import PriorPlan
from sklearn_3mtl.prior.predicting import TaskScale, outputs_of, refuse_other_kind

__all__ = ["FittedPrior", "PriorPart", "TaskPrior"]


class PriorPart(NamedTuple):
    """A fitted model of a task's prior.

    Attributes
    ----------
    kind : PriorModel
        What the model reads.
    model : scikit-learn estimator
        The fitted model.
    share : float
        The factor of its outputs.
    n_labels : int
        On how many labels it was fitted.
    """

    kind: PriorModel
    model: Estimator
    share: float
    n_labels: int


@dataclass(frozen=True)
class TaskPrior:
    """The prior of a task: a constant, and weighted outputs of models.

    Attributes
    ----------
    of : TaskScale
        The task and its scale.
    parts : tuple of PriorPart
        The models; none if the evidence is against all of them.
    constant : tuple of n_outputs floats
        What is added to their outputs.
    losses : mapping of str to float
        The mean out-of-fold loss of each model by name; empty if the models were not weighed.
    """

    of: TaskScale
    parts: tuple[PriorPart, ...]
    constant: tuple[float, ...]
    losses: Mapping[str, float]

    def outputs(self, matrices: Matrices) -> np.ndarray:
        """The outputs for some rows, a float64 array of shape (n, n_outputs).

        Raises
        ------
        ValueError
            If a model fails or gives other predictions than it should. The message names the task.
        """
        rows = matrices.rows
        found = np.tile(np.array(self.constant), (rows.stop - rows.start, 1))
        for kind, model, share, n_labels in self.parts:
            try:
                own = outputs_of(model, matrices.of(kind), self.of.seen_by(kind), n_labels)
            except Exception as error:
                name = self.of.task.name
                raise ValueError(f"The prior of task {name!r} failed: {error}") from error
            found += share * own
        return found


@dataclass(frozen=True)
class FittedPrior:
    """The prior of each task that has one.

    Attributes
    ----------
    layout : TaskLayout
        The tasks that the network was trained on, in the order of its outputs.
    tasks : dict of task name to TaskPrior
        The priors.
    """

    layout: TaskLayout
    tasks: dict[Hashable, TaskPrior]

    def outputs(self, rows: PriorRows) -> Tensor:
        """The outputs for some rows, a float32 tensor of shape (n, n_outputs)."""
        matrices = Matrices(rows)
        found = np.zeros((rows.stop - rows.start, self.layout.n_outputs), dtype=np.float32)
        for index, task in enumerate(self.layout.tasks):
            if task.name in self.tasks and len(found):
                found[:, self.layout.outputs_of(index)] = self.tasks[task.name].outputs(matrices)
        return torch.from_numpy(found)

    @property
    def is_weighed(self) -> bool:
        """Whether the models were weighed by their out-of-fold predictions."""
        return any(prior.losses for prior in self.tasks.values())

    def weighed(self) -> dict[Hashable, dict[str, dict[str, float]]]:
        """For each task and each model: its share, and its mean out-of-fold loss.

        What is missing to 1 in the sum of the shares is that of a constant prediction.
        """
        found: dict[Hashable, dict[str, dict[str, float]]] = {}
        for name, prior in self.tasks.items():
            shares: dict[str, float] = {}
            for part in prior.parts:
                shares[part.kind.name] = shares.get(part.kind.name, 0.0) + part.share
            found[name] = {
                model: {"share": shares.get(model, 0.0), "loss": loss}
                for model, loss in prior.losses.items()
            }
        return found

    def moved(self, place: Mapping[int, int]) -> FittedPrior:
        """The same for tables with other column positions; `place` maps old to new ones."""
        kinds = {id(p.kind): p.kind.moved(place) for t in self.tasks.values() for p in t.parts}
        tasks = {
            name: replace(
                own, parts=tuple(part._replace(kind=kinds[id(part.kind)]) for part in own.parts)
            )
            for name, own in self.tasks.items()
        }
        return replace(self, tasks=tasks)

    def state(self) -> State:
        """The models, their shares and the tasks' scales, by the tasks' names."""
        own = list(self.tasks.values())
        columns = [list(part.kind.columns) for prior in own for part in prior.parts]
        values = {
            "names": list(self.tasks),
            "parts": [
                [(p.kind.name, p.model, p.share, p.n_labels) for p in prior.parts] for prior in own
            ],
            "constants": [prior.constant for prior in own],
            "losses": [dict(prior.losses) for prior in own],
            "columns": max(columns, key=len, default=[]),
        }
        scales = np.array([(p.of.center, p.of.scale) for p in own], dtype=np.float64)
        return State.of(values, {"scales": scales.reshape(-1, 2)})

    @classmethod
    def restore(cls, state: State, plan: PriorPlan, tasks: Mapping[Hashable, Task]) -> FittedPrior:
        """Restore the models from their state.

        Raises
        ------
        ValueError
            If a model is not fitted, or doesn't belong to one of the tasks.
        """
        names, parts = state.entry("names", list), state.entry("parts", list)
        constants, losses = state.entry("constants", list), state.entry("losses", list)
        scales = state.array("scales", np.float64, 2)
        sizes = {len(each) for each in (names, parts, constants, losses, scales)}
        # A task with fewer than two labels has no prior if the evidence decides about it.
        missing, unknown = set(plan.models) - set(names), set(names) - set(plan.models)
        if unknown or (missing and not plan.weighs) or len(sizes) > 1:
            raise ValueError(f"its priors are of {names!r}")
        found = {}
        for index, name in enumerate(names):
            task, (center, scale) = tasks[name], scales[index].tolist()
            kinds = {kind.name: kind for kind in plan.models[name]}
            own = tuple(PriorPart(kinds[p[0]], *p[1:]) for p in parts[index])
            for part in own:
                refuse_other_kind(part.model, task, "prior")
                check_is_fitted(part.model)
                if type(part.n_labels) is not int or type(part.share) is not float:
                    raise ValueError(f"its 'parts' is {parts!r}")
            constant = constants[index]
            if type(constant) is not tuple or len(constant) != task.n_outputs:
                raise ValueError(f"its 'constants' is {constants!r}")
            of = TaskScale(task, center, scale)
            found[name] = TaskPrior(of, own, constant, losses[index])
        return cls(TaskLayout(list(tasks.values())), found)
