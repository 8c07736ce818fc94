"""Fitted priors, and their outputs for new rows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.state import State
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.prior.base import Estimator, Matrix, PriorModel, PriorRows
from sklearn_3mtl.prior.plan import PriorPlan
from sklearn_3mtl.prior.predicting import TaskScale, outputs_of, refuse_other_kind

__all__ = ["FittedPrior", "TaskPrior"]


@dataclass(frozen=True)
class TaskPrior:
    """The prior of a task.

    Attributes
    ----------
    kind : PriorModel
        What the model reads.
    model : scikit-learn estimator
        The fitted model.
    of : TaskScale
        The task and its scale.
    """

    kind: PriorModel
    model: Estimator
    of: TaskScale


@dataclass(frozen=True)
class FittedPrior:
    """The fitted model of each task that has a prior.

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
        """The outputs for some rows, a float32 tensor of shape (n, n_outputs).

        Raises
        ------
        ValueError
            If a model fails or gives other predictions than it should. The message names the task.
        """
        found = np.zeros((rows.stop - rows.start, self.layout.n_outputs), dtype=np.float32)
        matrices: dict[int, Matrix] = {}
        for index, task in enumerate(self.layout.tasks):
            prior = self.tasks.get(task.name)
            if prior is None or not len(found):
                continue
            try:
                if id(prior.kind) not in matrices:
                    matrices[id(prior.kind)] = prior.kind.matrix(rows)
                own = outputs_of(prior.model, matrices[id(prior.kind)], prior.of)
            except Exception as error:
                raise ValueError(f"The prior of task {task.name!r} failed: {error}") from error
            found[:, self.layout.outputs_of(index)] = own
        return torch.from_numpy(found)

    def moved(self, place: Mapping[int, int]) -> FittedPrior:
        """The same for tables with other column positions; `place` maps old to new ones."""
        kinds = {id(own.kind): own.kind.moved(place) for own in self.tasks.values()}
        return replace(
            self, tasks={n: replace(own, kind=kinds[id(own.kind)]) for n, own in self.tasks.items()}
        )

    def state(self) -> State:
        """The models, by the tasks' names."""
        names = list(self.tasks)
        values = {
            "names": names,
            "models": [self.tasks[name].model for name in names],
            "n_labels": [self.tasks[name].of.n_labels for name in names],
            "columns": max((list(own.kind.columns) for own in self.tasks.values()), key=len),
        }
        scales = [(own.of.center, own.of.scale) for own in self.tasks.values()]
        return State.of(values, {"scales": np.array(scales, dtype=np.float64).reshape(-1, 2)})

    @classmethod
    def restore(cls, state: State, plan: PriorPlan, tasks: Mapping[Hashable, Task]) -> FittedPrior:
        """Restore the models from their state.

        Raises
        ------
        ValueError
            If a model is not fitted, or doesn't belong to one of the tasks.
        """
        names, models = state.entry("names", list), state.entry("models", list)
        n_labels, scales = state.entry("n_labels", list), state.array("scales", np.float64, 2)
        if set(names) != set(plan.models) or not (
            len(names) == len(models) == len(n_labels) == len(scales)
        ):
            raise ValueError(f"its priors are of {names!r}")
        found = {}
        for index, (name, model, count) in enumerate(zip(names, models, n_labels, strict=True)):
            refuse_other_kind(model, tasks[name], "prior")
            check_is_fitted(model)
            if type(count) is not int or count < 1:
                raise ValueError(f"its 'n_labels' is {n_labels!r}")
            center, scale = scales[index].tolist()
            of = TaskScale(tasks[name], center, scale, count)
            found[name] = TaskPrior(plan.models[name], model, of)
        return cls(TaskLayout(list(tasks.values())), found)
