"""Labels for a scikit-learn model, and the network's outputs from what the model predicts."""

from __future__ import annotations

import inspect
from typing import NamedTuple, cast

import numpy as np
import torch
from scipy.special import softmax
from sklearn.base import is_classifier, is_regressor
from sklearn.pipeline import Pipeline

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.prior.base import Estimator, Matrix, PriorModel

__all__ = ["TaskScale", "certain", "outputs_of", "refuse_other_kind", "weight_options"]


class TaskScale(NamedTuple):
    """A task, and the scale of its outputs.

    Attributes
    ----------
    task : Task
        The task.
    center, scale : float
        What is subtracted from a number, and what the result is divided by.
    """

    task: Task
    center: float
    scale: float

    def seen_by(self, kind: PriorModel) -> TaskScale:
        """The scale of the numbers that a model predicts; 0 and 1 if they are standardised."""
        return self if kind.in_units else TaskScale(self.task, 0.0, 1.0)

    def labels(self, kind: PriorModel, numbers: np.ndarray) -> np.ndarray:
        """Labels for a model from numbers, or from positions among the task's classes."""
        if self.task.classes is not None:
            return _classes(self.task)[numbers.astype(np.intp)]
        return numbers if kind.in_units else (numbers - self.center) / self.scale


def _classes(task: Task) -> np.ndarray:
    """What a model sees in the place of each class: its label, or its position."""
    classes = cast(np.ndarray, task.classes)
    plain = np.asarray(classes.tolist())
    same = plain.dtype.kind in "biufU" and plain.tolist() == classes.tolist()
    # A classifier of scikit-learn takes fractions for numbers to predict.
    is_fraction = plain.dtype.kind == "f" and bool((plain % 1 != 0).any())
    return plain if same and not is_fraction else np.arange(len(classes))


def outputs_of(model: Estimator, X: Matrix, of: TaskScale, n_labels: int) -> np.ndarray:
    """The outputs that the network would have to give for a model's predictions.

    Parameters
    ----------
    model : scikit-learn estimator
        The fitted model.
    X : matrix with n rows
        What it reads.
    of : TaskScale
        The task and its scale.
    n_labels : int
        On how many labels it was fitted. It can't be surer of a class than with one error in twice
        as many rows.

    Returns
    -------
    outputs : float64 ndarray of shape (n_samples, n_outputs)
        Standardised numbers, or logits of classes.

    Raises
    ------
    ValueError
        If the model predicts NaN, infinity or another shape.
    """
    n_rows, task = X.shape[0], of.task
    if task.classes is None:
        found = np.asarray(model.predict(X), dtype=np.float64)
        if found.size != n_rows:
            raise ValueError(f"it predicts shape {found.shape} for {n_rows} rows")
        values = torch.from_numpy((found.reshape(n_rows) - of.center) / of.scale)
        outputs = task.kind_object.link(values).reshape(n_rows, 1).numpy()
    else:
        logs = _log_probabilities(model, X, of.task, n_labels)
        outputs = task.kind_object.outputs_of_log_probabilities(logs)
    if not np.isfinite(outputs).all():
        raise ValueError(f"its predictions are not finite in {_count(outputs)} of {n_rows} rows")
    return outputs


def _count(outputs: np.ndarray) -> int:
    return int((~np.isfinite(outputs)).any(axis=1).sum())


def _log_probabilities(model: Estimator, X: Matrix, task: Task, n_labels: int) -> np.ndarray:
    """The log-probability of each class, (n_samples, n_classes); an unknown class is improbable."""
    classes = _classes(task).tolist()
    known = np.asarray(getattr(model, "classes_", [])).tolist()
    strange = [label for label in known if label not in classes]
    if strange or not known:
        raise ValueError(f"its classes are {known!r}, those of the task {classes!r}")
    if hasattr(model, "predict_proba"):
        found = np.asarray(model.predict_proba(X), dtype=np.float64)
    elif hasattr(model, "decision_function"):
        scores = np.asarray(model.decision_function(X), dtype=np.float64)
        scores = np.column_stack([-scores, scores]) / 2 if scores.ndim == 1 else scores
        found = softmax(scores, axis=1)
        if found.shape[1] != len(known) or not _agree(found, model.predict(X), known):
            # Scores of pairs of classes, for example.
            found = _indicators(model.predict(X), known)
    else:
        found = _indicators(model.predict(X), known)
    if found.shape != (X.shape[0], len(known)):
        raise ValueError(f"it predicts shape {found.shape} for {X.shape[0]} rows")
    if not np.isfinite(found).all():
        raise ValueError(
            f"its probabilities are not finite in {_count(found)} of {len(found)} rows"
        )
    floor = _floor(n_labels)
    shares = np.full((len(found), len(classes)), floor)
    shares[:, [classes.index(label) for label in known]] = np.maximum(found, floor)
    logs: np.ndarray = np.log(shares / shares.sum(axis=1, keepdims=True))
    return logs


def certain(task: Task, position: int, n_labels: int) -> np.ndarray:
    """The outputs, (1, n_outputs), of a model that saw `n_labels` labels, all of one class."""
    shares = np.full((1, len(cast(np.ndarray, task.classes))), _floor(n_labels))
    shares[0, position] = 1.0
    found: np.ndarray = task.kind_object.outputs_of_log_probabilities(
        np.log(shares / shares.sum(axis=1, keepdims=True))
    )
    return found


def _floor(n_labels: int) -> float:
    return 1.0 / (2.0 * n_labels + 2.0)


def _indicators(predicted: np.ndarray, known: list[object]) -> np.ndarray:
    found: np.ndarray = np.asarray(predicted)[:, None] == np.asarray(known)
    return found.astype(np.float64)


def _agree(shares: np.ndarray, predicted: np.ndarray, known: list[object]) -> bool:
    """Whether the class of the highest share is the predicted one, ties and rounding aside."""
    same = np.asarray(known)[shares.argmax(axis=1)] == np.asarray(predicted)
    return bool(np.mean(same) > 0.9)


def refuse_other_kind(model: Estimator, task: Task, parameter: str) -> None:
    """Refuse a classifier for numbers, and a regressor for classes.

    Raises
    ------
    ValueError
        The message names `parameter` and the task.
    """
    fits = is_regressor(model) if task.classes is None else is_classifier(model)
    if not fits:
        wanted = "regressor" if task.classes is None else "classifier"
        raise ValueError(
            f"`{parameter}` should be a {wanted} for task {task.name!r}, which is {task.kind}. "
            f"Found {model!r}."
        )


def weight_options(
    model: Estimator, weight: np.ndarray | None, parameter: str
) -> dict[str, np.ndarray]:
    """The keyword arguments that pass the rows' weights to a model's `fit`.

    Raises
    ------
    ValueError
        If the model takes no weights. The message names `parameter`.
    """
    if weight is None:
        return {}
    steps, last = [], model
    while isinstance(last, Pipeline):
        name, last = last.steps[-1]
        steps.append(name)
    arguments = inspect.signature(last.fit).parameters
    if "sample_weight" in arguments or any(a.kind is a.VAR_KEYWORD for a in arguments.values()):
        return {"__".join([*steps, "sample_weight"]): weight}
    raise ValueError(
        f"`sample_weight` or `class_weight` was given, but {parameter}={model!r} takes no weights. "
        "Leave it out, or choose a model that takes weights."
    )
