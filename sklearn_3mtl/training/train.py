"""Train a network on rows, as a plan says."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback
from skorch.history import History

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.objective import SingleLevelObjective
from sklearn_3mtl.rows.loader import RowDataset, TrainingRows, ValidationRows
from sklearn_3mtl.training.callbacks import BestWeights, LearningRateSchedule, Progress
from sklearn_3mtl.training.net import MultiTaskNet
from sklearn_3mtl.training.plan import TrainingPlan
from sklearn_3mtl.training.validation import Calibration

__all__ = ["RowsOfTraining", "TrainingResult", "choose_device", "train"]

# No sensible training leads to a larger mean loss; training can diverge with a finite loss.
BEYOND_SENSE = 1e4


def choose_device(device: str | torch.device) -> torch.device:
    """The device of that name; ``"auto"`` is CUDA if it is available, else the CPU."""
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


@dataclass(frozen=True)
class RowsOfTraining:
    """The rows to train on, to validate on, and to compare the domains on.

    Attributes
    ----------
    training : TrainingRows
        The rows to train on.
    valid : ValidationRows or None
        The rows on which the best epoch is chosen. None: the last epoch is kept.
    domains : RowDataset or None
        Rows on which the features of the domains are compared after each epoch. None: there is no
        domain loss.
    """

    training: TrainingRows
    valid: ValidationRows | None = None
    domains: RowDataset | None = None


class TrainingResult(NamedTuple):
    """The results of a training apart from the weights.

    Attributes
    ----------
    history : History
        A record of each epoch, appended to those of an earlier training that was continued.
    interrupted : bool
        Whether the user stopped training with Ctrl-C.
    calibration : Calibration
        What each task's outputs are divided by, and how much each member of the ensemble counts.
    """

    history: History
    interrupted: bool
    calibration: Calibration


def train(
    network: ThreeMTLNetwork,
    objective: SingleLevelObjective,
    rows: RowsOfTraining,
    plan: TrainingPlan,
    seed: Seed,
    history: History | None = None,
) -> TrainingResult:
    """Train a network in place, and restore its best weights.

    Raises
    ------
    ValueError
        If training diverged.
    """
    device, layout = plan.device, objective.losses.layout
    best = BestWeights(plan.patience) if rows.valid is not None else None
    own: list[tuple[str, Callback]] = [
        ("divergence", StopAtDivergence(plan.rate)),
        ("lr_schedule", LearningRateSchedule(plan.schedule)),
    ]
    if best is not None:
        own.append(("best_weights", best))
    if plan.verbose:
        own.append(("progress", Progress()))
    net = MultiTaskNet(
        network,
        objective,
        plan,
        valid_rows=None if rows.valid is None else rows.valid.to(device),
        generator=seed.child("loader").generator(),
        own_callbacks=own,
        callbacks=[_fresh(callback) for callback in plan.callbacks],
        domain_rows=None if rows.domains is None else rows.domains.to(device),
    ).initialize()
    if history is not None:
        net.history = history
    interrupted = False
    try:
        net.notify("on_train_begin", X=rows.training, y=None)
        net.fit_loop(rows.training.to(device))
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
        net.notify("on_train_end", X=rows.training, y=None)
    if not _is_finite(net, rows.training):
        raise ValueError(_divergence(net, [task.name for task in layout.tasks], plan.rate))
    return TrainingResult(net.history, interrupted, net.calibrate())


class StopAtDivergence(Callback):
    """Ends training once a loss is NaN or infinite.

    It raises a ValueError. If tasks adapt and there are best weights of an earlier epoch, it warns
    instead and these weights are kept.

    Parameters
    ----------
    rate : str
        Name of the parameter that sets the learning rate, for the message.
    """

    def __init__(self, rate: str) -> None:
        self.rate = rate

    def on_epoch_end(
        self,
        net: MultiTaskNet,
        dataset_train: object = None,
        dataset_valid: object = None,
        **kwargs: object,
    ) -> None:
        """Check the epoch's losses."""
        last = net.history[-1]
        if np.isfinite(last["train_loss"]):
            return
        losses = {task.name: last[f"train_loss/{task.name}"] for task in net.layout.tasks}
        message = _divergence(net, [n for n, x in losses.items() if not np.isfinite(x)], self.rate)
        # With an inner loop, training may diverge suddenly after many good epochs.
        good = any(epoch.get("valid_loss_best", False) for epoch in net.history[:-1])
        if not (good and net.criterion_.adapts):
            raise ValueError(message)
        net.stopped_ = True
        warnings.warn(
            f"{message} The estimator keeps its best weights, those of an earlier epoch.",
            ConvergenceWarning,
            stacklevel=2,
        )


def _divergence(net: MultiTaskNet, names: Sequence[Hashable], rate: str) -> str:
    return (
        f"Training diverged in epoch {len(net.history)}: the loss of task(s) {names!r} is not "
        f"finite, or far too large. {net.criterion_.lower(rate, net.lr)}"
    )


def _is_finite(net: MultiTaskNet, rows: TrainingRows) -> bool:
    """Whether the losses of the final weights are finite and, if tasks adapt, not far too large.

    Needed because the losses of the last epoch were computed before its last step.
    """
    batch = next(iter(net.get_iterator(rows.to(torch.device(net.device)))))
    net.module_.eval()
    with torch.no_grad():
        outputs = net.criterion_.outputs(net.module_, batch)
        losses = net.criterion_.mean_losses(outputs, batch).losses
    if net.criterion_.adapts and bool((losses > BEYOND_SENSE).any()):
        return False
    return bool(losses.isfinite().all())


def _fresh(callback: object) -> object:
    """A copy of a user's callback, so that fit doesn't change the original."""
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
