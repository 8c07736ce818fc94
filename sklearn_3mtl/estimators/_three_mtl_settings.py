"""The parameters of the estimators that do all of it: those of every other one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from sklearn_3mtl.estimators._transfer_settings import TransferSettings
from sklearn_3mtl.settings.constraints import THREE_MTL_CONSTRAINTS

__all__ = ["ThreeMTLSettings"]


class ThreeMTLSettings(TransferSettings):
    """Those of meta-learning, of transfer, and which of both are switched on."""

    _parameter_constraints = THREE_MTL_CONSTRAINTS

    def __init__(
        self,
        *,
        paradigm: str = "3mtl",
        task: Hashable | None = None,
        domain: Hashable | None = None,
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
        meta: Any = "ridge",
        inner_lr: Any = "auto",
        inner_steps: int = 5,
        episodes: str = "tasks",
        n_ways: int = 5,
        n_shots: Any = "auto",
        n_queries: int = 20,
        meta_batch_size: int = 16,
        min_task_rows: int = 5,
        max_support: int = 100,
        source: Any = None,
        strategy: Any = "auto",
        head: Any = None,
        domain_loss: Any = None,
        domain_loss_weight: float = 1.0,
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
        self._keep(locals())
