"""A batch: the rows that a loss is taken on, and what comes with them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Batch", "Supports", "UnlabelledRows"]


class Supports(NamedTuple):
    """The labels of the rows that T tasks adapt on (support sets), padded to K rows each.

    Attributes
    ----------
    values, weight : tensors of shape (T, K, n_tasks)
        Labels, and the weight of each: 0 for a missing one and for padding.
    """

    values: Tensor
    weight: Tensor

    @property
    def n_rows(self) -> int:
        """The number of support rows of all tasks, T * K, padding included."""
        return self.values.shape[:2].numel()


class UnlabelledRows(NamedTuple):
    """Rows without a label that join a batch, for terms of the loss that need only inputs.

    Attributes
    ----------
    inputs : dict of str to tensor with U rows
        What the network reads, by name.
    domain : int64 tensor of shape (U,)
        Each row's domain.
    """

    inputs: dict[str, Tensor]
    domain: Tensor


class Batch(NamedTuple):
    """B rows on which the loss is computed, and the support rows that tasks adapt on first.

    Attributes
    ----------
    inputs : dict of str to tensor with B rows, or with T * K + B
        What the network reads, by name: where there are supports, their rows come first.
    values : tensor of shape (B, n_tasks)
        Labels.
    weight : tensor of shape (B, n_tasks) or (n_members, B, n_tasks), or None
        The weight of each label, 0 for a missing one. None stands for ones.
    group : int64 tensor of shape (B,) or None
        The number of each row's group, which is its task id.
    support : Supports or None
        The support sets of T tasks, of which each has B / T of the rows, one after the other. None
        where no task adapts first.
    domain : int64 tensor of shape (B,) or None
        Each row's domain. None where no term of the loss depends on it.
    unlabelled : UnlabelledRows or None
        Rows without labels, of which only inputs and domains are used. None where there are none.
    """

    inputs: dict[str, Tensor]
    values: Tensor
    weight: Tensor | None
    group: Tensor | None
    support: Supports | None = None
    domain: Tensor | None = None
    unlabelled: UnlabelledRows | None = None

    def judged_inputs(self) -> dict[str, Tensor]:
        """The inputs of the B rows on which the loss is computed, without support rows."""
        if self.support is None:
            return self.inputs
        return {name: value[self.support.n_rows :] for name, value in self.inputs.items()}

    def all_inputs(self) -> dict[str, Tensor]:
        """The inputs of the batch, followed by those of the rows without a label."""
        further = self.unlabelled
        if further is None:
            return self.inputs
        return {name: torch.cat([x, further.inputs[name]]) for name, x in self.inputs.items()}
