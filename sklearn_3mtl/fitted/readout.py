"""scikit-learn models that predict tasks in place of the network's heads."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from sklearn_3mtl.data.state import State
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.prior.predicting import refuse_other_kind, weight_options

__all__ = ["Readout"]

PENALTIES = np.logspace(-3, 4, 15)
# The largest absolute value of a logit: that of a probability of 0 or 1 would be infinite.
SUREST = 30.0


@dataclass(frozen=True)
class Readout:
    """A fitted scikit-learn model for each of some tasks, in place of the network's heads.

    The models read the features of the frozen network.

    Attributes
    ----------
    models : dict of task name to estimator
        The models.
    """

    models: dict[Hashable, Any]

    @classmethod
    def fit(
        cls,
        head: Any,
        codec: TargetCodec,
        features: np.ndarray,
        numbers: np.ndarray,
        weights: np.ndarray | None,
        names: Sequence[Hashable],
    ) -> Readout:
        """Fit a copy of a model on each task's labelled rows.

        Parameters
        ----------
        head : estimator or None
            The model. None: ridge regression and logistic regression on standardised features.
        codec : TargetCodec
            The tasks, with their scales.
        features : ndarray of shape (n_samples, n_features)
            The frozen features.
        numbers : ndarray of shape (n_samples, n_tasks)
            The labels, as ``TargetCodec.numbers`` returns them.
        weights : ndarray of shape (n_samples, n_tasks) or None
            Sample weights, in the order of y's columns.
        names : sequence of hashable
            The tasks to fit a model for.
        """
        values, mask = codec.scaled(numbers)
        models = {}
        for index, task in enumerate(codec.layout.tasks):
            if task.name not in names:
                continue
            rows = mask[:, index].numpy()
            weight = None
            if weights is not None:
                column = codec.layout.positions[index]
                # A scaler that takes no weights would count rows of weight 0.
                rows = rows & (weights[:, column] > 0)
                weight = weights[rows, column]
            model = _default(task) if head is None else clone(head)
            refuse_other_kind(model, task, "head")
            labels = task.kind_object.link(values[rows, index]).numpy()
            labels = labels.astype(np.float64 if task.classes is None else int)
            _refuse_too_few(labels, task)
            options = weight_options(model, weight, "head")
            models[task.name] = model.fit(features[rows], labels, **options)
        return cls(models)

    def without(self, names: Sequence[Hashable]) -> Readout | None:
        """The models of all tasks but these; None where no model is left."""
        left = {name: model for name, model in self.models.items() if name not in names}
        return Readout(left) if left else None

    def with_older(self, older: Readout | None, names: Sequence[Hashable]) -> Readout:
        """Add an older readout's models for those tasks in `names` that have none here."""
        kept = {} if older is None else {n: m for n, m in older.models.items() if n in names}
        return Readout({**kept, **self.models})

    def fill(self, outputs: np.ndarray, codec: TargetCodec, features: np.ndarray) -> None:
        """Overwrite the outputs, (n_samples, n_outputs), of the tasks that the models predict.

        Predicted numbers are standardised; class probabilities become logits.
        """
        for index, task in enumerate(codec.layout.tasks):
            if task.name in self.models:
                found = _outputs(self.models[task.name], task, features)
                outputs[:, codec.layout.outputs_of(index)] = found

    def state(self) -> State:
        """The models by their tasks' names, as a state that can be saved."""
        return State({"models": dict(self.models)})

    @classmethod
    def restore(cls, state: State, tasks: Mapping[Hashable, Task]) -> Readout:
        """Restore the models from what `state` returned.

        Raises
        ------
        ValueError
            If a model is not fitted, belongs to none of the tasks, or doesn't fit its task's kind.
        """
        models = state.entry("models", dict)
        for name, model in models.items():
            if name not in tasks:
                raise ValueError(f"it holds a model for {name!r}, which is none of its tasks")
            classes = tasks[name].classes
            refuse_other_kind(model, tasks[name], "head")
            check_is_fitted(model)
            known = getattr(model, "classes_", None)
            if classes is not None and not set(np.asarray(known)) <= set(range(len(classes))):
                raise ValueError(f"the model for {name!r} knows the classes {known!r}")
        return cls(models)


def _refuse_too_few(labels: np.ndarray, task: Task) -> None:
    instead = "strategy='auto' starts from the source's heads and works with fewer."
    if len(labels) < 2:
        raise ValueError(
            f"Task {task.name!r} has {len(labels)} label(s) of positive weight; "
            f"strategy='extract' needs two. {instead}"
        )
    if task.classes is not None and len(np.unique(labels)) < 2:
        raise ValueError(
            f"Task {task.name!r} has one class among the labels, {task.classes[labels[0]]!r}; "
            f"strategy='extract' needs two to fit a classifier. {instead}"
        )


def _outputs(model: Any, task: Task, features: np.ndarray) -> np.ndarray:
    if task.classes is None:
        return np.asarray(model.predict(features)).reshape(-1, 1)
    n_classes = len(task.classes)
    logits = np.full((len(features), n_classes), -SUREST)
    known = np.asarray(model.classes_, dtype=int)
    if hasattr(model, "predict_proba"):
        with np.errstate(divide="ignore"):
            found = np.log(model.predict_proba(features))
    else:
        found = np.asarray(model.decision_function(features))
        found = np.column_stack([-found / 2, found / 2]) if found.ndim == 1 else found
    logits[:, known] = np.clip(found, -SUREST, SUREST)
    return task.kind_object.outputs_of_log_probabilities(logits)


def _default(task: Task) -> Any:
    if task.classes is None:
        return make_pipeline(StandardScaler(), RidgeCV(PENALTIES))
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
