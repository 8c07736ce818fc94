"""What each parameter may be."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from numbers import Integral, Real
from typing import Any

import torch
from sklearn.frozen import FrozenEstimator
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from torch import nn

from sklearn_3mtl.balancing import BALANCING, Balancing
from sklearn_3mtl.core.activations import ACTIVATIONS
from sklearn_3mtl.core.backbones import BACKBONES
from sklearn_3mtl.core.fusion import FUSION, Fusion
from sklearn_3mtl.core.numeric import NUMERIC_EMBEDDINGS
from sklearn_3mtl.meta import META, MetaMethod
from sklearn_3mtl.objective.losses import REGRESSION_LOSSES
from sklearn_3mtl.settings.names import OPTIMIZERS
from sklearn_3mtl.settings.paradigms import PARADIGMS
from sklearn_3mtl.settings.schedules import LR_SCHEDULES
from sklearn_3mtl.sharing import SHARING, Sharing
from sklearn_3mtl.transfer import DOMAIN_LOSSES, STRATEGIES, DomainLoss, TransferStrategy

__all__ = [
    "CONSTRAINTS",
    "META_CONSTRAINTS",
    "THREE_MTL_CONSTRAINTS",
    "TRANSFER_CONSTRAINTS",
]

_auto = StrOptions({"auto"})
_positive = Interval(Real, 0, None, closed="neither")
_non_negative = Interval(Real, 0, None, closed="left")
_count = Interval(Integral, 1, None, closed="left")
_fraction = Interval(Real, 0, 1, closed="neither")

CONSTRAINTS: dict[str, Any] = {
    "task": [Hashable, None],
    "task_kinds": [Mapping, None],
    "categorical_features": [StrOptions({"from_dtype"}), "array-like", None],
    "modalities": [Mapping, None],
    "numeric_embedding": [StrOptions(set(NUMERIC_EMBEDDINGS)), None],
    "backbone": [StrOptions(set(BACKBONES)), nn.Module],
    "hidden_layer_sizes": [_auto, "array-like", Integral],
    "activation": [StrOptions(set(ACTIVATIONS))],
    "dropout": [_auto, Interval(Real, 0, 1, closed="left")],
    "n_estimators": [_auto, _count],
    "sharing": [StrOptions(set(SHARING)), Sharing],
    "heads": [StrOptions({"auto", "column", "group"}), Mapping],
    "fusion": [StrOptions(set(FUSION)), Fusion],
    "balancing": [StrOptions(set(BALANCING)), Balancing],
    "task_weight": [Mapping, "array-like", None],
    "class_weight": [StrOptions({"balanced"}), Mapping, None],
    "regression_loss": [StrOptions(set(REGRESSION_LOSSES))],
    "max_epochs": [_auto, _count],
    "batch_size": [_auto, _count],
    "lr": [_auto, _positive],
    "weight_decay": [_auto, _non_negative],
    "optimizer": [StrOptions(set(OPTIMIZERS)), type],
    "lr_schedule": [StrOptions(set(LR_SCHEDULES)), callable],
    "early_stopping": ["boolean"],
    "validation_fraction": [_fraction],
    "n_iter_no_change": [_auto, _count],
    "callbacks": [list, tuple, None],
    "warm_start": ["boolean"],
    "adapt_parts": [str, list, tuple],
    "adapt_lr": [_auto, _positive],
    "adapt_steps": [_auto, Interval(Integral, 0, None, closed="left")],
    "device": [str, torch.device],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

_ABSENT = ("sharing", "adapt_parts")
META_CONSTRAINTS: dict[str, Any] = {
    **{name: allowed for name, allowed in CONSTRAINTS.items() if name not in _ABSENT},
    # The tasks' own parameters are what adapts, so no layer belongs to a task.
    "heads": [StrOptions({"column"}), Mapping],
    "meta": [StrOptions(set(META)), MetaMethod],
    "inner_lr": [_auto, _positive],
    "inner_steps": [Interval(Integral, 0, None, closed="left")],
    "episodes": [StrOptions({"tasks", "classes"})],
    "n_ways": [Interval(Integral, 2, None, closed="left")],
    "n_shots": [_auto, _count, tuple, list],
    "n_queries": [_count],
    "meta_batch_size": [_count],
    "min_task_rows": [_count],
    "max_support": [_count],
}

TRANSFER_CONSTRAINTS: dict[str, Any] = {
    **CONSTRAINTS,
    "domain": [Hashable, None],
    "source": [HasMethods("adapt"), FrozenEstimator, nn.Module, None],
    "strategy": [StrOptions(set(STRATEGIES)), TransferStrategy],
    "head": [HasMethods(["fit", "predict"]), None],
    "domain_loss": [StrOptions(set(DOMAIN_LOSSES)), DomainLoss, None],
    "domain_loss_weight": [_non_negative],
}

THREE_MTL_CONSTRAINTS: dict[str, Any] = {
    **META_CONSTRAINTS,
    **TRANSFER_CONSTRAINTS,
    "paradigm": [StrOptions(set(PARADIGMS))],
    "meta": [*META_CONSTRAINTS["meta"], None],
    "strategy": [*TRANSFER_CONSTRAINTS["strategy"], None],
}
