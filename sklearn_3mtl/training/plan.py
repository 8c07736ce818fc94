"""How a network is trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from sklearn_3mtl.training.rates import Rate

__all__ = ["TrainingPlan"]


@dataclass(frozen=True)
class TrainingPlan:
    """How a network is trained.

    Attributes
    ----------
    optimizer : type[torch.optim.Optimizer]
        The optimizer's class.
    lr, weight_decay : float
        Learning rate, and decay of the network's parameters.
    schedule : callable
        Maps the share of training that is done to a factor of the learning rate.
    max_epochs, batch_size : int
        Epochs at most; rows per batch, or episodes per meta-batch.
    early_stopping : bool
        Whether rows are held out to choose the epoch by.
    validation_fraction : float
        The share of rows, or of tasks, that is held out.
    patience : int
        Epochs without a better validation loss after which training ends.
    callbacks : tuple of skorch callbacks, or of pairs (name, callback)
        The user's own.
    device : torch.device
        Where it is trained.
    verbose : int
        0 prints nothing.
    rate : str
        The parameter that sets the learning rate, for messages.
    frozen : tuple of nn.Module
        Parts of the network that act as in prediction while the others train.
    rates : mapping of parameter name to rate, or None
        For each parameter its share of the learning rate, and when it begins to move. None: all
        of the rate, from the start.
    """

    optimizer: type[torch.optim.Optimizer]
    lr: float
    weight_decay: float
    schedule: Callable[[float], float]
    max_epochs: int
    batch_size: int
    device: torch.device
    early_stopping: bool = False
    validation_fraction: float = 0.1
    patience: int = 1
    callbacks: tuple[object, ...] = ()
    verbose: int = 0
    rate: str = "lr"
    frozen: Sequence[nn.Module] = ()
    rates: Mapping[str, Rate] | None = None
