"""From rows and parameters to a trained network."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback
from skorch.history import History
from torch import nn

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.objective import SingleLevelObjective
from sklearn_3mtl.rows.loader import RowDataset, TrainingRows, ValidationRows
from sklearn_3mtl.training import MultiTaskNet
from sklearn_3mtl.training.callbacks import BestWeights, LearningRateSchedule, Progress
from sklearn_3mtl.training.rates import Rate

__all__ = ["choose_device", "train"]

# A mean loss of standardised targets, or of classes, that no training of sense leads to: steps that
# diverged need not be infinite.
BEYOND_SENSE = 1e4


def choose_device(device: str | torch.device) -> torch.device:
    """The device of that name; ``"auto"`` is CUDA where there is one, else the CPU."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
        torch.empty(1, device=found)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"`device` should be 'auto' or a torch device of this machine. Found {device!r}: "
            f"{error}"
        ) from error
    return found


def train(
    network: ThreeMTLNetwork,
    objective: SingleLevelObjective,
    rows: TrainingRows,
    valid: ValidationRows | None,
    *,
    layout: TaskLayout,
    optimizer: type[torch.optim.Optimizer],
    lr: float,
    weight_decay: float,
    schedule: Callable[[float], float],
    max_epochs: int,
    batch_size: int,
    patience: int,
    callbacks: Sequence[Any],
    device: torch.device,
    verbose: int,
    seed: Seed,
    history: History | None,
    frozen: Sequence[nn.Module] = (),
    rate: str = "lr",
    rates: Mapping[str, Rate] | None = None,
    domain_rows: RowDataset | None = None,
) -> tuple[History, bool, np.ndarray]:
    """Train a network in place, and put its best weights back.

    Returns
    -------
    history : History
        A record per epoch, appended to those of `history`.
    interrupted : bool
        Whether the user stopped training with Ctrl-C.
    temperature : ndarray of shape (n_tasks,)
        What to divide each task's outputs by; ones without validation rows.

    Raises
    ------
    ValueError
        If a loss became NaN or infinite.
    """
    best = BestWeights(patience) if valid is not None else None
    own: list[tuple[str, Callback]] = [
        ("divergence", StopAtDivergence(rate)),
        ("lr_schedule", LearningRateSchedule(schedule)),
    ]
    if best is not None:
        own.append(("best_weights", best))
    if verbose:
        own.append(("progress", Progress()))
    net = MultiTaskNet(
        network,
        objective,
        layout=layout,
        valid_rows=None if valid is None else valid.to(device),
        generator=seed.child("loader").generator(),
        weight_decay=weight_decay,
        own_callbacks=own,
        frozen=frozen,
        rates=rates,
        domain_rows=None if domain_rows is None else domain_rows.to(device),
        optimizer=optimizer,
        lr=lr,
        max_epochs=max_epochs,
        batch_size=batch_size,
        callbacks=[_fresh(callback) for callback in callbacks],
        device=device,
        verbose=0,
    ).initialize()
    if history is not None:
        net.history = history
    interrupted = False
    try:
        net.notify("on_train_begin", X=rows, y=None)
        net.fit_loop(rows.to(device))
    except KeyboardInterrupt:
        interrupted = True
        if net.history and "train_loss" not in net.history[-1]:
            net.history.pop()
        kept = "the best weights so far" if best is not None else "its present weights"
        warnings.warn(
            f"fit was interrupted after {len(net.history)} epoch(s); the estimator keeps {kept}.",
            UserWarning,
            stacklevel=3,
        )
    finally:
        if best is not None:
            best.restore(net)
        net.notify("on_train_end", X=rows, y=None)
    if not _is_finite(net, rows):
        raise ValueError(_divergence(net, [task.name for task in layout.tasks], rate))
    return net.history, interrupted, net.temperature().cpu().numpy()


class StopAtDivergence(Callback):
    """Ends training once a loss is NaN or infinite: with an error, or with the best weights so far.

    Parameters
    ----------
    rate : str
        The parameter that sets the learning rate, for the message.
    """

    def __init__(self, rate: str) -> None:
        self.rate = rate

    def on_epoch_end(
        self, net: Any, dataset_train: Any = None, dataset_valid: Any = None, **kwargs: Any
    ) -> None:
        """Look at the epoch's losses."""
        last = net.history[-1]
        if np.isfinite(last["train_loss"]):
            return
        losses = {task.name: last[f"train_loss/{task.name}"] for task in net.layout.tasks}
        message = _divergence(net, [n for n, x in losses.items() if not np.isfinite(x)], self.rate)
        # An inner loop may leave the region of sense all at once, late in training.
        good = any(epoch.get("valid_loss_best", False) for epoch in net.history[:-1])
        if not (good and net.criterion_.adapts):
            raise ValueError(message)
        net.stopped_ = True
        warnings.warn(
            f"{message} The estimator keeps its best weights, those of an earlier epoch.",
            ConvergenceWarning,
            stacklevel=2,
        )


def _divergence(net: MultiTaskNet, names: list[Any], rate: str) -> str:
    return (
        f"Training diverged in epoch {len(net.history)}: the loss of task(s) {names!r} is not "
        f"finite, or beyond all sense. {net.criterion_.lower(rate, net.lr)}"
    )


def _is_finite(net: MultiTaskNet, rows: TrainingRows) -> bool:
    """Whether the final weights give losses of sense; each epoch's were taken before its steps."""
    batch = next(iter(net.get_iterator(rows.to(torch.device(net.device)))))
    net.module_.eval()
    with torch.no_grad():
        outputs = net.criterion_.outputs(net.module_, batch)
        losses = net.criterion_.mean_losses(outputs, batch).losses
    if net.criterion_.adapts and bool((losses > BEYOND_SENSE).any()):
        return False
    return bool(losses.isfinite().all())


def _fresh(callback: Any) -> Any:
    """A copy of a user's callback, so that fit changes nothing of the caller's."""
    if isinstance(callback, tuple | list) and len(callback) == 2:
        return callback[0], _fresh(callback[1])
    if isinstance(callback, type) and issubclass(callback, Callback):
        return callback
    if not isinstance(callback, Callback):
        raise ValueError(
            "`callbacks` should hold skorch callbacks, or pairs (name, callback). "
            f"Found {callback!r}."
        )
    return clone(callback)
