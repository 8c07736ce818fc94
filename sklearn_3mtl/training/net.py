"""The skorch net that trains a network on an objective."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from time import perf_counter
from typing import TypedDict

import torch
from skorch.callbacks import Callback
from torch import Tensor

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.terms import Phase, Step
from sklearn_3mtl.objective import SingleLevelObjective
from sklearn_3mtl.rows.batch import Batch
from sklearn_3mtl.rows.loader import Batches, RowDataset, TrainingRows, ValidationRows
from sklearn_3mtl.training.ledger import EpochLedger
from sklearn_3mtl.training.listening import listens_to_batches, plain_batch
from sklearn_3mtl.training.plan import TrainingPlan
from sklearn_3mtl.training.rates import grouped_by_rate
from sklearn_3mtl.training.validation import ValidatedNet

__all__ = ["MultiTaskNet"]


class StepResult(TypedDict):
    """What is kept of an optimizer step: its loss, the loss of each unit, and the outputs.

    A unit is a task, or a task under one task id. The activations are not kept: those of the next
    step then take their place in the processor's cache.
    """

    loss: Tensor
    unit_losses: Tensor
    unit_mass: Tensor | None
    y_pred: Tensor | None


class MultiTaskNet(ValidatedNet):
    """A skorch net that trains a ThreeMTLNetwork on an objective.

    Its loop leaves out skorch's bookkeeping of batches: losses stay tensors until the epoch's end,
    and callbacks are told of batches only where one listens.

    Parameters
    ----------
    module : ThreeMTLNetwork
        The network, trained in place.
    criterion : SingleLevelObjective
        The objective.
    plan : TrainingPlan
        How it is trained. The parameters of the balancing rule do not decay.
    valid_rows : ValidationRows or None
        What to validate on after each epoch. None validates on nothing.
    generator : torch.Generator
        Draws the order of the rows.
    own_callbacks : list of (str, Callback)
        The library's callbacks, which run before the user's.
    callbacks : sequence of skorch callbacks, default=()
        The user's.
    domain_rows : RowDataset or None, default=None
        Rows on which the features of the domains are compared after each epoch. None: there is no
        domain loss.

    Attributes
    ----------
    stopped_ : bool
        Set by a callback to end training.
    valid_losses_ : tensor of shape (n_kinds, n_units) or None
        Validation losses of each kind of member after the last epoch; NaN for a task without a
        validation label.
    valid_gap_ : float
        What the terms of the objective added to the validation loss of the last epoch.
    """

    def __init__(
        self,
        module: ThreeMTLNetwork,
        criterion: SingleLevelObjective,
        plan: TrainingPlan,
        *,
        valid_rows: ValidationRows | None,
        generator: torch.Generator,
        own_callbacks: list[tuple[str, Callback]],
        callbacks: Sequence[object] = (),
        domain_rows: RowDataset | None = None,
    ) -> None:
        super().__init__(
            module,
            criterion,
            train_split=None,
            optimizer=plan.optimizer,
            lr=plan.lr,
            max_epochs=plan.max_epochs,
            batch_size=plan.batch_size,
            callbacks=list(callbacks),
            device=plan.device,
            verbose=0,
        )
        self.plan = plan
        self.layout = criterion.losses.layout
        self.valid_rows = valid_rows
        self.generator = generator
        self.own_callbacks = own_callbacks
        self.domain_rows = domain_rows
        self.stopped_ = False
        self.valid_losses_ = None
        self.valid_gap_ = 0.0

    def get_default_callbacks(self) -> list[tuple[str, Callback]]:
        """The library's callbacks in place of skorch's, which read per-batch records."""
        return self.own_callbacks

    def initialize_optimizer(self, triggered_directly: bool | None = None) -> MultiTaskNet:
        """Make the optimizer; the objective's own parameters get no weight decay.

        The objective's phases, further optimizer steps on each batch, are listed too.
        """
        accepted = inspect.signature(self.optimizer).parameters
        options: dict[str, float | bool] = {"lr": self.lr}
        rule = list(self.criterion_.parameters())
        groups = grouped_by_rate(self.module_, self.plan.rates)
        decays = [self.plan.weight_decay] * len(groups)
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

    def get_split_datasets(
        self, X: TrainingRows, y: object = None, **fit_params: object
    ) -> tuple[TrainingRows, ValidationRows | None]:
        """Return the rows to train on and those to validate on, which were split before."""
        return X, self.valid_rows

    def infer(self, x: dict[str, Tensor], **fit_params: object) -> Tensor:
        """Run the network on a batch's inputs."""
        outputs: Tensor = self.module_(**x)
        return outputs

    def fit_loop(
        self, X: TrainingRows, y: object = None, epochs: int | None = None, **fit_params: object
    ) -> MultiTaskNet:
        """Train for `epochs` epochs (None: `max_epochs`), or until a callback asks to stop."""
        datasets = {"dataset_train": X, "dataset_valid": self.valid_rows}
        train = self.get_iterator(X, training=True)
        self.first_epoch_ = len(self.history)
        listening = any(listens_to_batches(callback) for _, callback in self.callbacks_)
        for _ in range(self.max_epochs if epochs is None else epochs):
            start = perf_counter()
            self.notify("on_epoch_begin", **datasets)
            self.criterion_.before_epoch(self.module_, X)
            self._train_epoch(train, listening)
            if self.valid_rows is not None:
                self._validate(self.valid_rows, listening)
            self.history.record("dur", perf_counter() - start)
            self.notify("on_epoch_end", **datasets)
            if self.stopped_:
                break
        return self

    def train_step(
        self, batch: Batch, *, listening: bool = False, progress: float = 0.0
    ) -> StepResult:
        """Make one step of the optimizer on a batch, and the objective's further steps."""
        objective, network = self.criterion_, self.module_
        done: list[tuple[Step, Tensor]] = []

        def closure() -> Tensor:
            self._forget_gradients()
            step = objective.step(network, batch, progress)
            total = objective.total(step)
            total.backward()
            for parameter in self._only_in_phases:
                parameter.grad = None
            done[:] = [(step, total.detach())]
            if listening:
                self.notify(
                    "on_grad_computed",
                    named_parameters=list(self.get_all_learnable_params()),
                    batch=plain_batch(batch),
                    training=True,
                )
            return total

        self.optimizer_.step(closure)
        [(step, loss)] = done
        objective.after_step(step)
        for phase in self._phases:
            self._phase_step(phase, batch, progress)
        return {
            "loss": loss,
            "unit_losses": step.unit_losses.detach(),
            "unit_mass": step.unit_mass,
            "y_pred": step.outputs if listening else None,
        }

    def _phase_step(self, phase: Phase, batch: Batch, progress: float) -> None:
        """Make a further step (a phase) on a batch: on its own loss, for its own parameters."""
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

    def _train_epoch(self, batches: Batches, listening: bool) -> None:
        self._set_training(True)
        for part in self.plan.frozen:
            part.eval()
        ledger = EpochLedger(
            self.module_.n_members, self.criterion_.n_units, torch.device(self.device)
        )
        epochs_done, n_batches = len(self.history) - 1 - self.first_epoch_, len(batches)
        for number, batch in enumerate(batches):
            progress = (epochs_done + number / n_batches) / self.max_epochs
            if listening:
                self.notify("on_batch_begin", batch=plain_batch(batch), training=True)
            result = self.train_step(batch, listening=listening, progress=progress)
            n_rows, loss = batch.values.shape[0], result["loss"]
            ledger.add(result["unit_losses"], result["unit_mass"], n_rows, loss)
            if listening:
                self.history.record_batch("train_loss", float(loss))
                self.history.record_batch("train_batch_size", n_rows)
                self.notify("on_batch_end", batch=plain_batch(batch), training=True, **result)
        self.history.record("train_batch_count", ledger.n_batches)
        self.history.record("train_loss", ledger.mean_total() / self.module_.n_members)
        self._record_columns("train_loss", ledger.losses())
