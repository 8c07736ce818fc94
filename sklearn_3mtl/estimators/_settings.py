"""What an estimator is told."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from sklearn.base import BaseEstimator

from sklearn_3mtl.settings.constraints import CONSTRAINTS

__all__ = ["Settings"]


class Settings(BaseEstimator):
    """The parameters of every estimator."""

    _parameter_constraints = CONSTRAINTS

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
