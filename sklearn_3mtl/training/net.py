"""The one skorch NeuralNet subclass."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping
from torch import Tensor, nn

from sklearn_3mtl.core.terms import Phase
from sklearn_3mtl.rows.batch import Batch
from sklearn_3mtl.rows.loader import JudgedRows, RowDataset, TrainingRows, ValidationRows
from sklearn_3mtl.training.calibration import best_temperature, divided
from sklearn_3mtl.training.ledger import EpochLedger
from sklearn_3mtl.training.rates import Rate, grouped_by_rate
from sklearn_3mtl.training.scoring import column_scores

__all__ = ["MultiTaskNet"]

VALID_BATCH_ROWS = 1024
_BATCH_EVENTS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


class MultiTaskNet(NeuralNet):
    """Trains a ThreeMTLNetwork on an objective from tensors.

    skorch's loop without its bookkeeping of batches: losses stay tensors until the epoch's
    end, and callbacks are told of batches only where one listens.

    Parameters
    ----------
    module : ThreeMTLNetwork
        The network, trained in place.
    criterion : SingleLevelObjective
        The objective.
    layout : TaskLayout
        The tasks, for their names in the history.
    valid_rows : ValidationRows or None
        What to validate on after each epoch. None validates on nothing.
    generator : torch.Generator
        Draws the order of the rows.
    weight_decay : float
        Decay of the network's parameters; those of the balancing rule are not decayed.
    own_callbacks : list of (str, Callback)
        The library's callbacks, which run before the user's.
    frozen : sequence of nn.Module, default=()
        Parts of the module that act as in prediction while the others train.
    rates : mapping of parameter name to rate, or None, default=None
        The share of the learning rate, and from when on. None: all of it, from the start.
    domain_rows : RowDataset or None, default=None
        Rows by which it is judged how unlike the domains' features are. None where it makes no
        difference.
    **kwargs
        skorch's parameters.

    Attributes
    ----------
    stopped_ : bool
        Set by a callback to end training.
    valid_losses_ : tensor of shape (n_units,) or None
        Validation losses of the last epoch, NaN for a task without a validation label.
    valid_gap_ : float
        What the terms' `gap` added to the validation loss of the last epoch.
    """

    def __init__(
        self,
        module: nn.Module,
        criterion: nn.Module,
        *,
        layout: Any,
        valid_rows: ValidationRows | None,
        generator: torch.Generator,
        weight_decay: float,
        own_callbacks: list[tuple[str, Callback]],
        frozen: Sequence[nn.Module] = (),
        rates: Mapping[str, Rate] | None = None,
        domain_rows: RowDataset | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(module, criterion, train_split=None, **kwargs)
        self.layout = layout
        self.valid_rows = valid_rows
        self.generator = generator
        self.weight_decay = weight_decay
        self.own_callbacks = own_callbacks
        self.frozen = frozen
        self.rates = rates
        self.domain_rows = domain_rows
        self.stopped_ = False
        self.valid_losses_: Tensor | None = None
        self.valid_gap_ = 0.0

    def get_default_callbacks(self) -> list[tuple[str, Callback]]:
        """The library's callbacks in place of skorch's, which read per-batch records."""
        return self.own_callbacks

    def initialize_optimizer(self, triggered_directly: bool | None = None) -> MultiTaskNet:
        """Make the optimizer, and list the phases; the objective's parameters don't decay."""
        accepted = inspect.signature(self.optimizer).parameters
        options: dict[str, Any] = {"lr": self.lr}
        rule = list(self.criterion_.parameters())
        groups = grouped_by_rate(self.module_, self.rates)
        decays = [self.weight_decay] * len(groups)
        if rule:
            groups.append({"params": rule})
            decays.append(0.0)
        if "weight_decay" in accepted:
            for group, decay in zip(groups, decays, strict=True):
                group["weight_decay"] = decay
        if "fused" in accepted and torch.device(self.device).type in ("cpu", "cuda"):
            options["fused"] = True
        self.optimizer_ = self.optimizer(groups, **options)
        self._phases = self.criterion_.phases()
        self._only_in_phases = self.criterion_.parameters_of_phases()
        return self

    def get_split_datasets(self, X: TrainingRows, y: Any = None, **fit_params: Any) -> tuple:
        """The training and the validation rows, which were split before."""
        return X, self.valid_rows

    def get_iterator(self, dataset: Any, training: bool = False) -> Any:
        """Batches by slicing tensors."""
        if training:
            return dataset.batches(self.batch_size, self.generator)
        return dataset.in_order(VALID_BATCH_ROWS)

    def infer(self, x: dict[str, Tensor], **fit_params: Any) -> Tensor:
        """Run the network on a batch's inputs."""
        return self.module_(**x)

    def notify(self, method_name: str, **kwargs: Any) -> None:
        """Tell all callbacks; skorch's EarlyStopping asks for a stop by KeyboardInterrupt."""
        getattr(self, method_name)(self, **kwargs)
        for _, callback in self.callbacks_:
            try:
                getattr(callback, method_name)(self, **kwargs)
            except KeyboardInterrupt:
                if not isinstance(callback, EarlyStopping):
                    raise
                self.stopped_ = True

    def fit_loop(
        self, X: TrainingRows, y: Any = None, epochs: int | None = None, **fit_params: Any
    ) -> MultiTaskNet:
        """Train epoch after epoch until a callback asks to stop."""
        datasets = {"dataset_train": X, "dataset_valid": self.valid_rows}
        train = self.get_iterator(X, training=True)
        valid = None if self.valid_rows is None else self.get_iterator(self.valid_rows)
        self.first_epoch_ = len(self.history)
        listeners = [cb for _, cb in self.callbacks_ if _listens_to_batches(cb)]
        for _ in range(self.max_epochs if epochs is None else epochs):
            start = perf_counter()
            self.notify("on_epoch_begin", **datasets)
            self.criterion_.before_epoch(self.module_, X)
            self._train_epoch(train, bool(listeners))
            if valid is not None:
                self._validate(valid, bool(listeners))
            self.history.record("dur", perf_counter() - start)
            self.notify("on_epoch_end", **datasets)
            if self.stopped_:
                break
        return self

    def train_step(self, batch: Batch, **fit_params: Any) -> dict[str, Any]:
        """One step of the optimizer on a batch."""
        listening = fit_params.get("listening", False)
        progress = fit_params.get("progress", 0.0)
        objective, network = self.criterion_, self.module_
        taken: dict[str, Any] = {}

        def closure() -> Tensor:
            self._forget_gradients()
            step = objective.step(network, batch, progress)
            total = objective.total(step)
            total.backward()
            for parameter in self._only_in_phases:
                parameter.grad = None
            taken.update(loss=total.detach(), step=step, y_pred=step.outputs)
            if listening:
                named = list(self.get_all_learnable_params())
                self.notify(
                    "on_grad_computed", named_parameters=named, batch=_plain(batch), training=True
                )
            return total

        self.optimizer_.step(closure)
        objective.after_step(taken["step"])
        for phase in self._phases:
            self._phase_step(phase, batch, progress)
        return taken

    def _phase_step(self, phase: Phase, batch: Batch, progress: float) -> None:
        """One step on a phase's loss, of the parameters that it trains."""
        parameters = list(phase.parameters(self.module_))

        def closure() -> Tensor:
            self._forget_gradients()
            loss = phase.loss(self.criterion_.step(self.module_, batch, progress))
            found = torch.autograd.grad(loss, parameters, allow_unused=True)
            for parameter, gradient in zip(parameters, found, strict=True):
                parameter.grad = gradient
            return loss

        self.optimizer_.step(closure)

    def _forget_gradients(self) -> None:
        # The optimizer's own method records itself for a profiler, which costs as much as a layer.
        for group in self.optimizer_.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def _train_epoch(self, iterator: Any, listening: bool) -> None:
        self._set_training(True)
        for part in self.frozen:
            part.eval()
        ledger = EpochLedger(self.criterion_.n_units, torch.device(self.device))
        epochs_done, n_batches = len(self.history) - 1 - self.first_epoch_, len(iterator)
        for number, batch in enumerate(iterator):
            progress = (epochs_done + number / n_batches) / self.max_epochs
            if listening:
                self.notify("on_batch_begin", batch=_plain(batch), training=True)
            taken = self.train_step(batch, listening=listening, progress=progress)
            step, n_rows = taken["step"], len(batch.values)
            ledger.add(step.unit_losses.detach(), step.unit_mass, n_rows, taken["loss"])
            if listening:
                self.history.record_batch("train_loss", float(taken["loss"]))
                self.history.record_batch("train_batch_size", n_rows)
                self.notify("on_batch_end", batch=_plain(batch), training=True, **taken)
        self.history.record("train_batch_count", ledger.n_batches)
        self.history.record("train_loss", ledger.mean_total() / self.module_.n_members)
        self._record_columns("train_loss", ledger.losses())

    @torch.no_grad()
    def _validate(self, iterator: Any, listening: bool) -> None:
        rows = iterator.dataset.judged(self._validation_outputs(iterator, listening))
        outputs, values, weight, group = rows
        temperature = self._best_temperature(rows, fine=False)
        calibrated = divided(outputs, self.layout, temperature).unsqueeze(0)
        found = self.criterion_.mean_losses(calibrated, Batch({}, values, weight, group))
        units, mass = found.losses[0], None if found.mass is None else found.mass[0]
        units = torch.where(units.isnan(), torch.inf, units)
        self.valid_losses_ = units if mass is None else torch.where(mass > 0, units, torch.nan)
        self.history.record("valid_batch_count", len(iterator))
        self.history.record("valid_loss", float(self.valid_loss()))
        self._record_columns("valid_loss", self.valid_losses_)
        if self.domain_rows is not None:
            [batch] = self.domain_rows.in_order(len(self.domain_rows))
            self.valid_gap_ = self.criterion_.gap(self.criterion_.step(self.module_, batch, 1.0))
            self.history.record("valid_domain_gap", self.valid_gap_)
        weight = torch.ones_like(values) if weight is None else weight
        scores = column_scores(self.layout, outputs, values, weight)
        for task, score in zip(self.layout.tasks, scores.tolist(), strict=True):
            self.history.record(f"valid_score/{task.name}", score)

    def valid_loss(self) -> Tensor:
        """The mean validation loss, by which epochs are compared.

        Each task counts as much as its weight says; a task without a validation label counts not.
        """
        assert self.valid_losses_ is not None
        weight = self.criterion_.epoch_weight()
        if weight is None:
            return self.valid_losses_.nanmean()
        weight = weight.repeat(len(self.valid_losses_) // len(weight))
        there = ~self.valid_losses_.isnan() & (weight > 0)
        return (weight * self.valid_losses_)[there].sum() / weight[there].sum()

    def _validation_outputs(self, iterator: Any, listening: bool) -> Tensor:
        """The outputs of every member for all validation rows."""
        self._set_training(False)
        # Written into one tensor: small ones that outlive a batch would pin the heap.
        network = self.module_
        rows, done = len(iterator.dataset), 0
        shape = (network.n_members, rows, self.layout.n_outputs)
        found = torch.empty(shape, dtype=torch.float32, device=self.device)
        for batch in iterator:
            if listening:
                self.notify("on_batch_begin", batch=_plain(batch), training=False)
            out = self.criterion_.outputs(network, batch)
            found[:, done : done + out.shape[1]] = out
            done += out.shape[1]
            if listening:
                self.notify("on_batch_end", batch=_plain(batch), training=False, y_pred=out)
        return found

    @torch.no_grad()
    def temperature(self) -> Tensor:
        """The temperature of each task on the validation rows; ones without any."""
        if self.valid_rows is None:
            return torch.ones(len(self.layout))
        outputs = self._validation_outputs(self.get_iterator(self.valid_rows), False)
        return self._best_temperature(self.valid_rows.judged(outputs))

    def _best_temperature(self, rows: JudgedRows, *, fine: bool = True) -> Tensor:
        losses, (outputs, values, weight, _) = self.criterion_.losses, rows
        found = best_temperature(self.layout, losses, outputs, values, weight, fine=fine)
        assert self.valid_rows is not None
        if self.valid_rows.has_supports:
            # How far a number may leave the mean is for a task's own support to say: it may be
            # longer than those of the few tasks that were held out.
            found[self.layout.per_task(lambda kind: not kind.has_classes) > 0] = 1.0
        return found

    def _record_columns(self, prefix: str, losses: Tensor) -> None:
        """Record the loss of each column, the mean over groups where there are any."""
        per_column = losses.view(-1, len(self.layout)).nanmean(0).tolist()
        for task, loss in zip(self.layout.tasks, per_column, strict=True):
            self.history.record(f"{prefix}/{task.name}", loss)


def _plain(batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
    """The batch as skorch's callbacks know it: inputs and labels."""
    return batch.judged_inputs(), batch.values


def _listens_to_batches(callback: Callback) -> bool:
    """Whether a callback does something at a batch."""
    return any(
        getattr(type(callback), event) is not getattr(Callback, event) for event in _BATCH_EVENTS
    )
