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

from sklearn_3mtl.rows.batch import Batch
from sklearn_3mtl.rows.loader import RowDataset, TrainingRows, ValidationRows
from sklearn_3mtl.training.calibration import best_temperature, divided
from sklearn_3mtl.training.ledger import EpochLedger
from sklearn_3mtl.training.rates import Rate, grouped_by_rate
from sklearn_3mtl.training.scoring import column_scores

__all__ = ["MultiTaskNet"]

VALID_BATCH_ROWS = 1024
_BATCH_EVENTS = ("on_batch_begin", "on_batch_end", "on_grad_computed")


class MultiTaskNet(NeuralNet):
    """Trains a ThreeMTLNetwork on an objective from tensors.

    skorch's loop with the per-batch bookkeeping taken out: losses stay tensors until the epoch's
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
    valid_terms_ : tensor of shape (n_terms,) or None
        Validation losses of the last epoch, NaN for a task without a validation label.
    valid_gap_ : float
        How unlike the domains' features were after it, times the weight of the domain loss.
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
        self.valid_terms_: Tensor | None = None
        self.valid_gap_ = 0.0

    def get_default_callbacks(self) -> list[tuple[str, Callback]]:
        """The library's callbacks in place of skorch's, which read per-batch records."""
        return self.own_callbacks

    def initialize_optimizer(self, triggered_directly: bool | None = None) -> MultiTaskNet:
        """Make the optimizer; the balancing rule's parameters don't decay."""
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
            self.criterion_.settle(self.module_, X)
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
        step: dict[str, Any] = {}

        def closure() -> Tensor:
            # The optimizer's own method records itself for a profiler, at a small layer's cost.
            for group in self.optimizer_.param_groups:
                for parameter in group["params"]:
                    parameter.grad = None
            outputs, total, terms, mass = self.criterion_.on_batch(self.module_, batch)
            total.backward()
            step.update(loss=total.detach(), terms=terms.detach(), mass=mass, y_pred=outputs)
            if listening:
                named = list(self.get_all_learnable_params())
                self.notify(
                    "on_grad_computed", named_parameters=named, batch=_plain(batch), training=True
                )
            return total

        self.optimizer_.step(closure)
        self.criterion_.balancing.after_step(
            step["terms"], None if step["mass"] is None else step["mass"] > 0, self.criterion_.state
        )
        return step

    def _train_epoch(self, iterator: Any, listening: bool) -> None:
        self._set_training(True)
        for part in self.frozen:
            part.eval()
        ledger = EpochLedger(self.criterion_.n_terms, torch.device(self.device))
        alignment = self.criterion_.alignment
        for number, batch in enumerate(iterator):
            if alignment is not None:
                done = len(self.history) - 1 - self.first_epoch_ + number / len(iterator)
                alignment.progress = done / self.max_epochs
            if listening:
                self.notify("on_batch_begin", batch=_plain(batch), training=True)
            step = self.train_step(batch, listening=listening)
            n_rows = len(batch.values)
            ledger.add(step["terms"], step["mass"], n_rows, step["loss"])
            if listening:
                self.history.record_batch("train_loss", float(step["loss"]))
                self.history.record_batch("train_batch_size", n_rows)
                self.notify("on_batch_end", batch=_plain(batch), training=True, **step)
        self.history.record("train_batch_count", ledger.n_batches)
        self.history.record("train_loss", ledger.mean_total() / self.module_.n_members)
        self._record_columns("train_loss", ledger.terms())

    @torch.no_grad()
    def _validate(self, iterator: Any, listening: bool) -> None:
        outputs = self._validation_outputs(iterator, listening)
        outputs, values, weight, group = iterator.dataset.judged(outputs)
        temperature = self._best_temperature(outputs, values, weight, fine=False)
        calibrated = divided(outputs, self.layout, temperature)
        terms, mass = self.criterion_.terms(calibrated, values, weight, group)
        terms = torch.where(terms.isnan(), torch.inf, terms)
        self.valid_terms_ = terms if mass is None else torch.where(mass > 0, terms, torch.nan)
        self.history.record("valid_batch_count", len(iterator))
        self.history.record("valid_loss", float(self.valid_terms_.nanmean()))
        self._record_columns("valid_loss", self.valid_terms_)
        if self.domain_rows is not None:
            [batch] = self.domain_rows.in_order(len(self.domain_rows))
            z = self.module_.features(self.module_.encode(batch.inputs))
            self.valid_gap_ = self.criterion_.alignment.gap(z, batch.domain)
            self.history.record("valid_domain_gap", self.valid_gap_)
        weight = torch.ones_like(values) if weight is None else weight
        scores = column_scores(self.layout, outputs, values, weight)
        for task, score in zip(self.layout.tasks, scores.tolist(), strict=True):
            self.history.record(f"valid_score/{task.name}", score)

    def _validation_outputs(self, iterator: Any, listening: bool) -> Tensor:
        """The outputs of every member for all validation rows."""
        self._set_training(False)
        # Written into one tensor: small ones that outlive a batch would pin the heap.
        network = self.module_
        members = (network.n_members,) if network.n_members > 1 else ()
        rows, done = len(iterator.dataset), 0
        found = torch.empty(
            *members, rows, self.layout.n_outputs, dtype=torch.float32, device=self.device
        )
        for batch in iterator:
            if listening:
                self.notify("on_batch_begin", batch=_plain(batch), training=False)
            out = self.criterion_.outputs(network, batch)
            found[..., done : done + out.shape[-2], :] = out
            done += out.shape[-2]
            if listening:
                self.notify("on_batch_end", batch=_plain(batch), training=False, y_pred=out)
        return found

    @torch.no_grad()
    def temperature(self) -> Tensor:
        """The temperature of each task on the validation rows; ones without any."""
        if self.valid_rows is None:
            return torch.ones(len(self.layout))
        outputs = self._validation_outputs(self.get_iterator(self.valid_rows), False)
        outputs, values, weight, _ = self.valid_rows.judged(outputs)
        return self._best_temperature(outputs, values, weight)

    def _best_temperature(
        self, outputs: Tensor, values: Tensor, weight: Tensor | None, *, fine: bool = True
    ) -> Tensor:
        losses = self.criterion_.losses
        found = best_temperature(self.layout, losses, outputs, values, weight, fine=fine)
        assert self.valid_rows is not None
        if self.valid_rows.has_supports:
            # How far a number may leave the mean is for a task's own support to say: it may be
            # longer than those of the few tasks that were held out.
            found[self.layout.per_task(lambda kind: not kind.has_classes) > 0] = 1.0
        return found

    def _record_columns(self, prefix: str, terms: Tensor) -> None:
        """Record the loss of each column, the mean over groups where there are any."""
        per_column = terms.view(-1, len(self.layout)).nanmean(0).tolist()
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
