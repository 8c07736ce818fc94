"""A skorch net that computes losses and scores on validation rows."""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping
from torch import Tensor

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.objective import SingleLevelObjective
from sklearn_3mtl.rows.batch import Batch
from sklearn_3mtl.rows.loader import Batches, JudgedRows, RowDataset, TrainingRows, ValidationRows
from sklearn_3mtl.training.calibration import best_temperature, divided
from sklearn_3mtl.training.listening import plain_batch
from sklearn_3mtl.training.pooling import pool
from sklearn_3mtl.training.scoring import column_scores, mean_over_tasks

__all__ = ["Calibration", "ValidatedNet"]

VALID_BATCH_ROWS = 1024


class Calibration(NamedTuple):
    """What the outputs of the members are divided by, and how much each of them counts.

    Attributes
    ----------
    temperature : tensor of shape (n_tasks,)
        The number by which each task's outputs are divided.
    shares : tensor of shape (n_tasks, n_members) or None, default=None
        The share of each member in a task's prediction. None: all have the same.
    """

    temperature: Tensor
    shares: Tensor | None = None


class ValidatedNet(NeuralNet):
    """A skorch net for several tasks that computes losses and scores after each epoch.

    Attributes
    ----------
    layout : TaskLayout
        The tasks, for their names in the history.
    valid_rows : ValidationRows or None
        The rows to validate on. None: there is no validation.
    domain_rows : RowDataset or None
        Rows on which the features of the domains are compared. None: there is no domain loss.
    generator : torch.Generator
        Draws the order of the training rows.
    stopped_ : bool
        A callback sets it to end training.
    valid_losses_ : tensor of shape (n_kinds, n_units) or None
        Validation losses of each kind of member after the last epoch; NaN for a task without a
        validation label.
    valid_gap_ : float
        How different the domains' features are after the last epoch, by the `gap` of the domain
        loss, times its weight.
    """

    module_: ThreeMTLNetwork
    criterion_: SingleLevelObjective
    layout: TaskLayout
    valid_rows: ValidationRows | None
    domain_rows: RowDataset | None
    generator: torch.Generator
    stopped_: bool
    valid_losses_: Tensor | None
    valid_gap_: float

    def get_iterator(
        self, dataset: TrainingRows | ValidationRows, training: bool = False
    ) -> Batches:
        """The batches of a data set: in random order for training, otherwise always the same."""
        if training:
            return cast(TrainingRows, dataset).batches(self.batch_size, self.generator)
        return dataset.in_order(VALID_BATCH_ROWS)

    def notify(self, method_name: str, **kwargs: object) -> None:
        """Notify all callbacks; a KeyboardInterrupt from skorch's EarlyStopping ends training."""
        getattr(self, method_name)(self, **kwargs)
        for _, callback in self.callbacks_:
            try:
                getattr(callback, method_name)(self, **kwargs)
            except KeyboardInterrupt:
                if not isinstance(callback, EarlyStopping):
                    raise
                self.stopped_ = True

    @torch.no_grad()
    def judge(self, valid: ValidationRows, listening: bool = False) -> JudgedRows:
        """Set `valid_losses_` and `valid_gap_` to those of the present weights.

        Returns
        -------
        rows : JudgedRows
            The validation rows with the network's outputs.
        """
        batches = self.get_iterator(valid)
        rows = valid.judged(self._validation_outputs(valid, batches, listening))
        temperature = self._best_temperature(rows, fine=False)
        calibrated = divided(rows.outputs, self.layout, temperature)
        batch = Batch({}, rows.values, rows.weight, rows.group)
        units, mass = self.criterion_.mean_losses(calibrated, batch)
        units = torch.where(units.isnan(), torch.inf, units)
        self.valid_losses_ = units if mass is None else torch.where(mass > 0, units, torch.nan)
        if self.domain_rows is not None:
            [batch] = self.domain_rows.in_order(len(self.domain_rows))
            self.valid_gap_ = self.criterion_.gap(self.criterion_.step(self.module_, batch, 1.0))
        return rows

    def _validate(self, valid: ValidationRows, listening: bool) -> None:
        rows = self.judge(valid, listening)
        outputs, values, weight = rows.outputs, rows.values, rows.weight
        assert self.valid_losses_ is not None
        self.history.record("valid_batch_count", len(self.get_iterator(valid)))
        self.history.record("valid_loss", float(self.valid_loss().mean()))
        self._record_columns("valid_loss", self.valid_losses_.mean(0))
        if self.domain_rows is not None:
            self.history.record("valid_domain_gap", self.valid_gap_)
        weight = torch.ones_like(values) if weight is None else weight
        scores = column_scores(self.layout, outputs, values, weight)
        for task, score in zip(self.layout.tasks, scores.tolist(), strict=True):
            self.history.record(f"valid_score/{task.name}", score)

    def valid_loss(self) -> Tensor:
        """The mean validation losses, (n_kinds,), by which epochs are compared.

        They are weighted by the tasks' weights. Tasks without a validation label are left out.
        """
        assert self.valid_losses_ is not None
        weight = self.criterion_.epoch_weight()
        return torch.stack([mean_over_tasks(losses, weight) for losses in self.valid_losses_])

    def _validation_outputs(
        self, valid: ValidationRows, batches: Batches, listening: bool
    ) -> Tensor:
        """The outputs of all members of the ensemble for all validation rows.

        Where members are judged on different rows, each reads its own; its outputs for the others
        are 0, and nobody reads them.
        """
        self._set_training(False)
        # One tensor for all batches: many small tensors would fragment the memory.
        network, done = self.module_, 0
        shape = (network.n_members, len(valid), self.layout.n_outputs)
        found = torch.zeros(shape, dtype=torch.float32, device=self.device)
        if not listening and not network.shape.members_share_weights:
            for batch, places in valid.by_member(VALID_BATCH_ROWS, network.n_nets):
                out = self.criterion_.outputs(network, batch)
                found.scatter_(1, places.unsqueeze(2).expand(-1, -1, shape[2]), out)
                done += places.shape[1]
            if done:
                return found
        for batch in batches:
            if listening:
                self.notify("on_batch_begin", batch=plain_batch(batch), training=False)
            out = self.criterion_.outputs(network, batch)
            found[:, done : done + out.shape[1]] = out
            done += out.shape[1]
            if listening:
                self.notify("on_batch_end", batch=plain_batch(batch), training=False, y_pred=out)
        return found

    @torch.no_grad()
    def calibrate(self) -> Calibration:
        """Fit temperatures on the validation rows, and weigh a prior and the kinds of members.

        A single kind of members gets a temperature. Of two kinds, the evidence weighs the members
        that start from the prior, and their corrections of it, so they need none; the temperature
        of the others becomes the factor of their outputs.
        """
        network, valid = self.module_, self.valid_rows
        if valid is None:
            return Calibration(torch.ones(len(self.layout)))
        batches = self.get_iterator(valid)
        outputs = self._validation_outputs(valid, batches, False)
        rows = valid.judged(outputs)
        temperature = self._best_temperature(rows)
        if network.shape.n_kinds == 1:
            return Calibration(temperature[0])
        calibrated = divided(rows.outputs, self.layout, temperature)
        losses = self.criterion_.losses
        factor, shares = pool(self.layout, losses, rows._replace(outputs=calibrated))
        assert network.prior is not None
        own = torch.stack([factor, 1.0 / temperature[1, self.layout.column_of_output]])
        of_member = torch.tensor(network.shape.kinds, device=factor.device)
        network.prior.multiply(own[of_member])
        each = shares[:, of_member] / of_member.bincount()[of_member]
        return Calibration(torch.ones_like(temperature[0]), each)

    def _best_temperature(self, rows: JudgedRows, *, fine: bool = True) -> Tensor:
        """The temperatures of each kind of members, (n_kinds, n_tasks): 1 for all but the last."""
        losses, (outputs, values, weight, *_) = self.criterion_.losses, rows
        last = best_temperature(self.layout, losses, outputs[-1], values, weight, fine=fine)
        found = last.new_ones(len(outputs), len(last))
        found[-1] = last
        assert self.valid_rows is not None
        if self.valid_rows.has_supports:
            # For regression, how far predictions may be from the mean depends on the size of a
            # task's support set, which may be larger than those of the few held-out tasks.
            found[:, self.layout.per_task(lambda kind: not kind.has_classes) > 0] = 1.0
        return found

    def _record_columns(self, prefix: str, losses: Tensor) -> None:
        """Record each task's loss in the history; with task ids, its mean over them."""
        per_column = losses.view(-1, len(self.layout)).nanmean(0).tolist()
        for task, loss in zip(self.layout.tasks, per_column, strict=True):
            self.history.record(f"{prefix}/{task.name}", loss)
