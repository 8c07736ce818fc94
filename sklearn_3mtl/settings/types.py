"""Names for the types of parameters."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from torch import nn

from sklearn_3mtl.data.kinds import Kind

__all__ = [
    "Auto",
    "ClassWeight",
    "Device",
    "HeadSpec",
    "Heads",
    "Modalities",
    "OptimizerClass",
    "Prior",
    "RandomState",
    "Schedule",
    "TaskKinds",
    "TaskWeight",
    "Widths",
]

Auto = Literal["auto"]
# Numbers of hidden units, layer by layer; one number is one layer.
Widths = int | Sequence[int]
# A head: its hidden layers, or a module of the user's.
HeadSpec = Widths | nn.Module
Heads = str | Mapping[Hashable, HeadSpec]
# For each modality its columns, or a pair (encoder, columns).
Modalities = Mapping[str, object]
TaskKinds = Mapping[Hashable, str | Kind]
TaskWeight = Mapping[Hashable, float] | ArrayLike
# "balanced", weights of classes, or either for each task.
ClassWeight = str | Mapping[Hashable, object]
# A short name, or a scikit-learn model; or either for each task.
Prior = str | BaseEstimator | Mapping[Hashable, str | BaseEstimator | None]
OptimizerClass = type[torch.optim.Optimizer]
# From the share of training that is done to a factor of the learning rate.
Schedule = Callable[[float], float]
Device = str | torch.device
RandomState = int | np.random.RandomState
