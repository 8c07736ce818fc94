"""Set and read the fitted attributes of an estimator."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.validation import validate_data
from skorch.history import History

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.fitted import Fitted, InputColumns
from sklearn_3mtl.fitted.model import FittedModel

__all__ = ["FittedAttributes", "fitted_of", "has_classes", "keep_fitted", "read_columns"]


class FittedAttributes:
    """Declares the attributes that a fit sets; those in `SOMETIMES` may be absent."""

    if TYPE_CHECKING:
        _model: FittedModel
        tasks_: dict[Hashable, Task]
        groups_: np.ndarray
        classes_: np.ndarray | list[np.ndarray | None] | None
        chosen_: dict[str, object]
        forgetting_: dict[Hashable, float]
        history_: History
        n_iter_: int
        n_features_in_: int
        feature_names_in_: np.ndarray


# Not every fit sets these.
SOMETIMES = ("groups_", "classes_", "forgetting_", "feature_names_in_")


def has_classes(estimator: FittedAttributes) -> bool:
    """Whether the estimator has a classification task or, before a fit, might get one."""
    tasks = getattr(estimator, "tasks_", None)
    return tasks is None or any(task.is_classification for task in tasks.values())


def keep_fitted(estimator: FittedAttributes, fitted: Fitted) -> None:
    """Set an estimator's fitted attributes, and drop those of an earlier fit."""
    for stale in SOMETIMES:
        estimator.__dict__.pop(stale, None)
    model = fitted.model
    estimator._model = model
    estimator.tasks_ = model.codec.tasks
    if model.groups is not None:
        estimator.groups_ = model.groups
    if has_classes(estimator):
        classes = [task.classes for task in estimator.tasks_.values()]
        estimator.classes_ = classes[0] if len(classes) == 1 else classes
    estimator.chosen_ = model.all_chosen()
    estimator.history_ = fitted.history
    estimator.n_iter_ = len(fitted.history)
    estimator.n_features_in_ = fitted.columns.n
    if fitted.columns.names is not None:
        estimator.feature_names_in_ = fitted.columns.names
    if fitted.forgetting is not None:
        estimator.forgetting_ = fitted.forgetting


def fitted_of(estimator: FittedAttributes) -> Fitted:
    """The result of the last fit or `adapt`, collected from an estimator's attributes."""
    return Fitted(
        model=estimator._model,
        history=estimator.history_,
        columns=_columns(estimator),
        forgetting=getattr(estimator, "forgetting_", None),
    )


def read_columns(
    estimator: FittedAttributes, X: object, known: InputColumns | None = None
) -> InputColumns:
    """Read the number and names of the columns of X.

    If they differ from `known`, a ValueError is raised. The estimator is not changed.
    """
    # A new object of the same class: validate_data sets its attributes, and errors name the class.
    reader = type(estimator).__new__(type(estimator))
    if known is not None:
        reader.n_features_in_ = known.n
        if known.names is not None:
            reader.feature_names_in_ = known.names
    validate_data(reader, X, skip_check_array=True, reset=known is None)
    return _columns(reader)


def _columns(estimator: FittedAttributes) -> InputColumns:
    names = getattr(estimator, "feature_names_in_", None)
    return InputColumns(int(estimator.n_features_in_), names)
