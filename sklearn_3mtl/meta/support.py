"""The support sets of T tasks, padded to one length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from sklearn_3mtl.data.kinds import Likelihood
from sklearn_3mtl.data.layout import TaskLayout

__all__ = ["SupportSet"]


@dataclass(frozen=True)
class SupportSet:
    """The labelled rows that T tasks adapt on.

    Parameters
    ----------
    x : tensor of shape (..., T, K, d)
        Encoded inputs, K rows of each task; members of an ensemble in front.
    values, weight : tensors of shape (T, K, C)
        Labels and the weight of each, 0 for a missing one and for padding.
    losses : callable (outputs (..., n_outputs), values (..., C)) -> (..., C)
        The loss of every label; values may have fewer axes than outputs.
    layout : TaskLayout
        The columns, and the outputs of each.
    task_weight : tensor of shape (C,) or None, default=None
        A factor for each column's loss. None: ones.
    draws_classes : bool, default=False
        Whether classes were drawn for each task, so that an output stands for another class in
        each.
    offset : tensor of shape (..., T, K, n_outputs) or None, default=None
        What is added to the outputs before losses and residuals are taken. None: nothing.
    """

    x: Tensor
    values: Tensor
    weight: Tensor
    losses: Callable[[Tensor, Tensor], Tensor]
    layout: TaskLayout
    task_weight: Tensor | None = None
    draws_classes: bool = False
    offset: Tensor | None = None

    @property
    def n_tasks(self) -> int:
        """How many tasks there are."""
        return len(self.values)

    @cached_property
    def shares(self) -> Tensor:
        """The factor, (T, K, C), of each label's loss in the sum of losses.

        T is the number of tasks, K of rows of each, C of columns of y. The factor makes the sum
        over a column's labels their mean, and includes `task_weight`.
        """
        n_labels = (self.weight > 0).sum(1, keepdim=True)
        shares = self.weight / n_labels.clamp_min(1)
        return shares if self.task_weight is None else shares * self.task_weight

    def loss(self, outputs: Tensor) -> Tensor:
        """The mean loss of each column of each task, summed over columns, tasks and members.

        Parameters
        ----------
        outputs : tensor of shape (..., T, K, n_outputs)
            The outputs for the K support rows of each of T tasks.
        """
        return (self.losses(self._from_offset(outputs), self.values) * self.shares).sum()

    def _from_offset(self, outputs: Tensor) -> Tensor:
        return outputs if self.offset is None else outputs + self.offset

    @cached_property
    def column_of(self) -> Tensor:
        """The column of y, as a position, that each output belongs to."""
        return self.layout.column_of_output.to(self.values.device)

    @cached_property
    def is_logit(self) -> Tensor:
        """Which outputs are logits of classes, a bool tensor of shape (n_outputs,)."""
        found = self.layout.per_output(lambda block: block.kind.has_classes)
        return found.to(self.values.device)

    @cached_property
    def is_binary(self) -> Tensor:
        """Which outputs are the only logit of a binary column, a bool tensor (n_outputs,)."""
        found = self.layout.per_output(lambda b: b.kind.has_classes and b.width == 1)
        return found.to(self.values.device)

    @cached_property
    def output_weight(self) -> Tensor:
        """The weight of each label, repeated for each output of its column.

        The shape is (T, K, n_outputs), for K rows of each of T tasks.
        """
        return self.weight.index_select(-1, self.column_of)

    @cached_property
    def targets(self) -> Tensor:
        """The target of each output: the label if it is a number, or 1 for its class and else 0.

        The shape is (T, K, n_outputs), for K rows of each of T tasks.
        """
        return self.layout.targets(self.values)

    def residual(self, outputs: Tensor) -> Tensor:
        """The targets minus the predictions, which are numbers or probabilities of classes.

        Parameters
        ----------
        outputs : tensor of shape (..., T, K, n_outputs)
            The outputs for the K support rows of each of T tasks.
        """
        outputs = self._from_offset(outputs)
        mean = outputs
        for likelihood, is_own in self._means:
            found = likelihood.mean_of_columns(outputs, self.column_of, len(self.layout))
            mean = torch.where(is_own, found, mean)
        return self.targets - mean

    @cached_property
    def _means(self) -> list[tuple[Likelihood, Tensor]]:
        """The likelihoods whose mean is not the output itself, and which outputs have each."""
        found = []
        for block in self.layout.blocks:
            if not block.kind.likelihood.is_quadratic:
                is_own = torch.zeros(self.layout.n_outputs, dtype=torch.bool)
                is_own[block.outputs] = True
                found.append((block.kind.likelihood, is_own.to(self.values.device)))
        return found

    def of(self, tasks: Tensor) -> SupportSet:
        """The support sets of some of the tasks, given by position."""
        return replace(
            self,
            x=self.x.index_select(-3, tasks),
            values=self.values[tasks],
            weight=self.weight[tasks],
            offset=None if self.offset is None else self.offset.index_select(-3, tasks),
        )
