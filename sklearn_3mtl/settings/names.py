"""Short names turned into the objects that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import torch

from sklearn_3mtl.balancing import Balancing
from sklearn_3mtl.core.fusion import Fusion
from sklearn_3mtl.meta import MetaMethod
from sklearn_3mtl.settings.schedules import LR_SCHEDULES
from sklearn_3mtl.settings.types import OptimizerClass, Schedule
from sklearn_3mtl.sharing import Sharing
from sklearn_3mtl.transfer import DomainLoss, TransferStrategy

__all__ = ["OPTIMIZERS", "make_method", "make_optimizer", "make_schedule"]

OPTIMIZERS: dict[str, OptimizerClass] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
}

Method = TypeVar("Method", Fusion, Sharing, Balancing, MetaMethod, DomainLoss, TransferStrategy)


def make_method(value: str | Method, registry: Mapping[str, type[Method]]) -> Method:
    """Make the object that a short name stands for; an instance is returned as it is."""
    return registry[value]() if isinstance(value, str) else value


def make_optimizer(value: str | OptimizerClass) -> OptimizerClass:
    """The optimizer class that a short name such as ``"adamw"`` stands for, or the given one."""
    cls = OPTIMIZERS[value] if isinstance(value, str) else value
    if not issubclass(cls, torch.optim.Optimizer):
        raise ValueError(
            f"`optimizer` should be one of {sorted(OPTIMIZERS)} or a subclass of "
            f"torch.optim.Optimizer. Found {cls!r}."
        )
    return cls


def make_schedule(value: str | Schedule) -> Schedule:
    """The learning-rate schedule that a short name stands for, or the function that was given.

    It maps the fraction of training that is done to a factor of the learning rate.
    """
    return LR_SCHEDULES[value] if isinstance(value, str) else value
