"""The parameters, typed and in groups; the default holds for estimators without the parameter."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike
from torch import nn

from sklearn_3mtl.balancing import Balancing
from sklearn_3mtl.core.fusion import Fusion
from sklearn_3mtl.meta import MetaMethod
from sklearn_3mtl.settings.types import (
    Auto,
    ClassWeight,
    Device,
    Heads,
    Modalities,
    OptimizerClass,
    Prior,
    RandomState,
    Schedule,
    TaskKinds,
    TaskWeight,
    Widths,
)
from sklearn_3mtl.sharing import Sharing
from sklearn_3mtl.transfer import DomainLoss, TransferStrategy

__all__ = [
    "AdaptingSettings",
    "DataSettings",
    "MetaSettings",
    "NetworkSettings",
    "ObjectiveSettings",
    "TrainingSettings",
    "TransferSettings",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class DataSettings:
    """The parameters that say what the columns of X and y are."""

    task: Hashable | None = None
    domain: Hashable | None = None
    task_kinds: TaskKinds | None = None
    categorical_features: Literal["from_dtype"] | ArrayLike | None = "from_dtype"
    modalities: Modalities | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkSettings:
    """The parameters of the network: encoders, fusion, backbone and heads."""

    numeric_embedding: str | None = "piecewise_linear"
    backbone: str | nn.Module = "mlp"
    hidden_layer_sizes: Widths | Auto = "auto"
    activation: str = "silu"
    dropout: float | Auto = "auto"
    n_estimators: int | Auto = "auto"
    sharing: str | Sharing = "hard"
    heads: Heads = "auto"
    fusion: str | Fusion = "concat"
    prior: Prior | None = "auto"


@dataclass(frozen=True, kw_only=True, eq=False)
class ObjectiveSettings:
    """The parameters of the loss that training minimises."""

    balancing: str | Balancing = "equal"
    task_weight: TaskWeight | None = None
    class_weight: ClassWeight | None = None
    regression_loss: str = "squared_error"


@dataclass(frozen=True, kw_only=True, eq=False)
class MetaSettings:
    """The parameters of meta-learning: episodes, and how a task adapts to few rows."""

    meta: str | MetaMethod | None = None
    inner_lr: float | Auto = "auto"
    inner_steps: int = 5
    episodes: str = "tasks"
    n_ways: int = 5
    n_shots: int | Sequence[int] | Auto = "auto"
    n_queries: int = 20
    meta_batch_size: int = 16
    min_task_rows: int = 5
    max_support: int = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class TransferSettings:
    """The parameters of transfer from a source network, and between domains."""

    source: object | None = None
    strategy: str | TransferStrategy | None = None
    head: object | None = None
    domain_loss: str | DomainLoss | None = None
    domain_loss_weight: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingSettings:
    """The parameters of training, such as optimizer, early stopping and device."""

    max_epochs: int | Auto = "auto"
    batch_size: int | Auto = "auto"
    lr: float | Auto = "auto"
    weight_decay: float | Auto = "auto"
    optimizer: str | OptimizerClass = "adamw"
    lr_schedule: str | Schedule = "cosine"
    early_stopping: bool = True
    validation_fraction: float = 0.1
    n_iter_no_change: int | Auto = "auto"
    callbacks: Sequence[object] | None = None
    warm_start: bool = False
    device: Device = "auto"
    random_state: RandomState | None = None
    verbose: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class AdaptingSettings:
    """The parameters that say what `adapt` trains, and how."""

    adapt_parts: str | Sequence[str] = "auto"
    adapt_lr: float | Auto = "auto"
    adapt_steps: int | Auto = "auto"
