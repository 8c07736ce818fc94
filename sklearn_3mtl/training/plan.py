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
        Learning rate, and weight decay of the network's parameters.
    schedule : callable
        Maps the fraction of training that is done to a factor of the learning rate.
    max_epochs, batch_size : int
        Largest number of epochs; number of rows per batch, or of episodes per meta-batch.
    early_stopping : bool
        Whether rows or tasks are held out to choose the best epoch.
    validation_fraction : float
        The fraction of rows, or of tasks, that is held out.
    patience : int
        Number of epochs without a better validation loss after which training ends.
    callbacks : tuple of skorch callbacks, or of pairs (name, callback)
        The user's callbacks.
    device : torch.device
        The device to train on.
    verbose : int
        0 shows no progress bar.
    rate : str
        Name of the parameter that sets the learning rate, for error messages.
    frozen : tuple of nn.Module
        Modules that stay in evaluation mode while the others are trained.
    rates : mapping of parameter name to rate, or None
        The fraction of the learning rate of each parameter, and when its training starts. None: all
        parameters are trained at the full rate from the start.
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
