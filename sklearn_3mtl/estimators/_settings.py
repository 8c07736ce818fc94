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
    # What an estimator without these parameters has in their place: parts that are absent.
    meta: Any = None
    episodes: str = "tasks"
    domain: Hashable | None = None
    domain_loss: Any = None
    domain_loss_weight: float = 1.0
    source: Any = None
    strategy: Any = None
    head: Any = None

    def __init__(
        self,
        *,
        task: Hashable | None = None,
        task_kinds: Mapping[Hashable, str] | None = None,
        categorical_features: Any = "from_dtype",
        modalities: Mapping[str, Any] | None = None,
        numeric_embedding: str | None = "piecewise_linear",
        backbone: Any = "mlp",
        hidden_layer_sizes: Any = "auto",
        activation: str = "silu",
        dropout: Any = "auto",
        n_estimators: Any = "auto",
        sharing: Any = "hard",
        heads: Any = "auto",
        fusion: str = "concat",
        balancing: Any = "equal",
        task_weight: Any = None,
        class_weight: Any = None,
        regression_loss: str = "squared_error",
        max_epochs: Any = "auto",
        batch_size: Any = "auto",
        lr: Any = "auto",
        weight_decay: Any = "auto",
        optimizer: Any = "adamw",
        lr_schedule: Any = "cosine",
        early_stopping: bool = True,
        validation_fraction: float = 0.1,
        n_iter_no_change: Any = "auto",
        callbacks: Any = None,
        warm_start: bool = False,
        adapt_parts: Any = "auto",
        adapt_lr: Any = "auto",
        adapt_steps: Any = "auto",
        device: Any = "auto",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.task = task
        self.task_kinds = task_kinds
        self.categorical_features = categorical_features
        self.modalities = modalities
        self.numeric_embedding = numeric_embedding
        self.backbone = backbone
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.n_estimators = n_estimators
        self.sharing = sharing
        self.heads = heads
        self.fusion = fusion
        self.balancing = balancing
        self.task_weight = task_weight
        self.class_weight = class_weight
        self.regression_loss = regression_loss
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.weight_decay = weight_decay
        self.optimizer = optimizer
        self.lr_schedule = lr_schedule
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.adapt_parts = adapt_parts
        self.adapt_lr = adapt_lr
        self.adapt_steps = adapt_steps
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def _keep(self, given: Mapping[str, Any]) -> None:
        """Set every parameter of the class, as it was given."""
        for name in self._get_param_names():
            setattr(self, name, given[name])

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
