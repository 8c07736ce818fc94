"""What an estimator is told, and what it keeps of a fit."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from skorch.history import History

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitting.start import Start
from sklearn_3mtl.settings.constraints import CONSTRAINTS

__all__ = ["Settings", "columns_of", "fitted_attributes", "has_classes", "keep_fitted"]


class Settings(BaseEstimator):
    """The parameters of every estimator, and the attributes that a fit sets."""

    _parameter_constraints = CONSTRAINTS
    _model: FittedModel
    tasks_: dict[Hashable, Task]
    groups_: np.ndarray
    classes_: Any
    chosen_: dict[str, Any]
    forgetting_: dict[Hashable, float]
    history_: History
    n_iter_: int
    n_features_in_: int
    feature_names_in_: np.ndarray
    task: Hashable | None
    task_kinds: Mapping[Hashable, str] | None
    categorical_features: Any
    modalities: Mapping[str, Any] | None
    numeric_embedding: str | None
    backbone: Any
    hidden_layer_sizes: Any
    activation: str
    dropout: Any
    n_estimators: Any
    heads: Any
    fusion: str
    balancing: Any
    task_weight: Any
    class_weight: Any
    regression_loss: str
    max_epochs: Any
    batch_size: Any
    lr: Any
    weight_decay: Any
    optimizer: Any
    lr_schedule: Any
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: Any
    callbacks: Any
    warm_start: bool
    adapt_lr: Any
    adapt_steps: Any
    device: Any
    random_state: Any
    verbose: int
    # What an estimator without these parameters has in their place: parts that are absent.
    meta: Any = None
    episodes: str = "tasks"
    domain: Hashable | None = None
    domain_loss: Any = None
    domain_loss_weight: float = 1.0
    source: Any = None
    strategy: Any = None
    head: Any = None
    sharing: Any = "hard"
    adapt_parts: Any = "auto"

    def _start(self) -> Start | None:
        """What training starts from; None for weights that are drawn."""
        return None


def columns_of(estimator: Settings) -> list[Hashable]:
    """The columns of the X that it was fitted on; positions where they had no names."""
    return list(getattr(estimator, "feature_names_in_", range(estimator.n_features_in_)))


def fitted_attributes(estimator: Settings) -> dict[str, Any]:
    """What a fit has set, by name."""
    return {n: v for n, v in vars(estimator).items() if n == "_model" or n.endswith("_")}


def has_classes(estimator: Any) -> bool:
    """Whether the estimator has, or may come to have, a classification task."""
    tasks = getattr(estimator, "tasks_", None)
    return tasks is None or any(task.is_classification for task in tasks.values())


def keep_fitted(estimator: Settings, model: FittedModel, history: History) -> None:
    """Set the fitted attributes, and drop those of an earlier fit."""
    for stale in ("groups_", "classes_", "forgetting_"):
        estimator.__dict__.pop(stale, None)
    estimator._model = model
    estimator.tasks_ = model.codec.tasks
    if model.groups is not None:
        estimator.groups_ = model.groups
    if has_classes(estimator):
        classes = [task.classes for task in estimator.tasks_.values()]
        estimator.classes_ = classes[0] if len(classes) == 1 else classes
    estimator.chosen_ = dict(model.chosen)
    estimator.history_ = history
    estimator.n_iter_ = len(history)
