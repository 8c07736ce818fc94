"""Callbacks: best weights with early stopping, learning-rate schedule and progress bar."""

from __future__ import annotations

from collections.abc import Callable

import torch
from skorch.callbacks import Callback
from torch import Tensor
from tqdm.auto import tqdm

from sklearn_3mtl.training.net import MultiTaskNet
from sklearn_3mtl.training.rates import scaled

__all__ = ["BestWeights", "LearningRateSchedule", "Progress"]


class BestWeights(Callback):
    """Keeps the weights of the epoch with the best validation loss, and stops training early.

    Separate networks are handled independently, as if each were trained alone. If a network has not
    improved for `patience` epochs, its best weights are final, while other networks still train.

    Parameters
    ----------
    patience : int
        Number of epochs without a better validation loss after which a network is finished.
    """

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def on_train_begin(
        self, net: MultiTaskNet, X: object = None, y: object = None, **kwargs: object
    ) -> None:
        """Forget the best epoch of an earlier training; a prior is the first to compare with."""
        self.best_loss_: Tensor | None = None
        self.best_: dict[str, Tensor] = {}
        if net.module_.prior is not None and net.valid_rows is not None:
            net.judge(net.valid_rows)
            self._compare(net)

    def on_epoch_end(
        self,
        net: MultiTaskNet,
        dataset_train: object = None,
        dataset_valid: object = None,
        **kwargs: object,
    ) -> None:
        """Keep weights with the best validation loss so far; stop after `patience` other epochs."""
        net.history.record("valid_loss_best", self._compare(net))
        if bool((self.waited_ >= self.patience).all()):
            net.stopped_ = True

    def _compare(self, net: MultiTaskNet) -> bool:
        """Keep the present weights of the nets whose validation loss is the best so far, if any."""
        assert net.valid_losses_ is not None
        # Of each net of each kind of members, numbered as `owners` does.
        loss = net.valid_losses_.flatten() if net.module_.n_nets > 1 else net.valid_loss()
        # Similar domains are part of the objective, so they count when epochs are compared.
        loss = loss + net.valid_gap_
        if self.best_loss_ is None:
            self.best_loss_ = torch.full_like(loss, torch.inf)
            self.waited_ = torch.zeros_like(loss, dtype=torch.int64)
            self.owners_ = net.module_.owners()
        # A finished network stays finished, because `waited_` then only grows.
        running = self.waited_ < self.patience
        # A task without a validation label has no best epoch, so its latest weights are kept.
        improved = ((loss < self.best_loss_) | loss.isnan()) & running
        self.best_loss_ = torch.where(improved & ~loss.isnan(), loss, self.best_loss_)
        self.waited_ = torch.where(improved, 0, self.waited_ + 1)
        if improved.any():
            self._keep(net, improved)
        return bool(improved.any())

    def _keep(self, net: MultiTaskNet, improved: Tensor) -> None:
        for name, value in _state(net).items():
            owners = self.owners_.get(name)
            if name not in self.best_ or owners is None:
                self.best_[name] = value.clone()
                continue
            mine = improved[owners.to(improved.device)]
            # If a layer has a single copy, its tensors have no axis of copies.
            mine = mine.view(()) if mine.numel() == 1 else mine
            self.best_[name] = torch.where(mine, value, self.best_[name])

    def restore(self, net: MultiTaskNet) -> None:
        """Restore the best weights of the network and the objective."""
        for name, value in _state(net).items():
            if name in self.best_:
                value.copy_(self.best_[name])


def _state(net: MultiTaskNet) -> dict[str, Tensor]:
    """The tensors of the network and the objective by name, detached."""
    state = dict(net.module_.state_dict())
    learned = net.criterion_.state_dict()
    state.update({f"objective.{name}": value for name, value in learned.items()})
    return {name: value.detach() for name, value in state.items()}


class LearningRateSchedule(Callback):
    """Multiplies the learning rate by a function of the training progress.

    Parameters
    ----------
    factor : callable float -> float
        Maps the progress, in [0, 1), to the factor.
    """

    def __init__(self, factor: Callable[[float], float]) -> None:
        self.factor = factor

    def on_train_begin(
        self, net: MultiTaskNet, X: object = None, y: object = None, **kwargs: object
    ) -> None:
        """Remember the number of epochs of an earlier training that is continued."""
        self.first_epoch_ = len(net.history)

    def on_epoch_begin(
        self,
        net: MultiTaskNet,
        dataset_train: object = None,
        dataset_valid: object = None,
        **kwargs: object,
    ) -> None:
        """Set the learning rates of the epoch."""
        done = len(net.history) - 1 - self.first_epoch_
        progress = done / net.max_epochs
        factor = self.factor(progress)
        for group in net.optimizer_.param_groups:
            wanted = scaled(group, factor, progress)
            # Set only rates that change, because a user's callback may have set others.
            if wanted != group.get("factor", 1.0):
                group["factor"], group["lr"] = wanted, net.lr * wanted
        net.history.record("lr", float(net.optimizer_.param_groups[0]["lr"]))


class Progress(Callback):
    """Shows a progress bar over epochs, with the losses."""

    def on_train_begin(
        self, net: MultiTaskNet, X: object = None, y: object = None, **kwargs: object
    ) -> None:
        """Open the bar."""
        self.bar_ = tqdm(total=net.max_epochs, desc="fit", unit="epoch")

    def on_epoch_end(
        self,
        net: MultiTaskNet,
        dataset_train: object = None,
        dataset_valid: object = None,
        **kwargs: object,
    ) -> None:
        """Advance the bar and show the losses."""
        last = net.history[-1]
        shown = {key: f"{last[key]:.4g}" for key in ("train_loss", "valid_loss") if key in last}
        self.bar_.set_postfix(shown, refresh=False)
        self.bar_.update()

    def on_train_end(
        self, net: MultiTaskNet, X: object = None, y: object = None, **kwargs: object
    ) -> None:
        """Close the bar."""
        self.bar_.close()
