"""Rows as tensors, and batches of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple, Protocol, Self

import torch
from torch import Tensor

from sklearn_3mtl.rows.batch import Batch

__all__ = [
    "BatchIterator",
    "Batches",
    "JudgedRows",
    "RowDataset",
    "TrainingRows",
    "ValidationRows",
]


class JudgedRows(NamedTuple):
    """Held-out rows and what was predicted for them.

    Attributes
    ----------
    outputs : tensor of shape (n, n_outputs)
        The network's outputs.
    values : tensor of shape (n, n_tasks)
        Labels.
    weight : tensor of shape (n, n_tasks) or None
        The weight of each label; None stands for ones.
    group : int64 tensor of shape (n,) or None
        Each row's group.
    """

    outputs: Tensor
    values: Tensor
    weight: Tensor | None
    group: Tensor | None


class Batches(Protocol):
    """The batches of an epoch."""

    def __len__(self) -> int:
        """How many there are."""

    def __iter__(self) -> Iterator[Batch]:
        """They, in their order."""


class TrainingRows(Protocol):
    """What can be trained on."""

    def batches(self, batch_size: int, generator: torch.Generator) -> Batches:
        """The batches of an epoch, in a fresh order."""

    def in_order(self, batch_size: int) -> Batches:
        """Batches that are always alike."""

    def by_unit(self, most: int) -> tuple[dict[str, Tensor], Tensor]:
        """Inputs of at most so many rows, and the task or class that an episode has of each."""

    def to(self, device: torch.device) -> Self:
        """The same on a device."""


class ValidationRows(Protocol):
    """What can be validated on."""

    @property
    def has_supports(self) -> bool:
        """Whether tasks adapt before they are judged."""

    def __len__(self) -> int:
        """How many rows there are."""

    def in_order(self, batch_size: int) -> Batches:
        """All batches, always alike."""

    def judged(self, outputs: Tensor) -> JudgedRows:
        """The outputs of all rows and their labels."""

    def to(self, device: torch.device) -> Self:
        """The same on a device."""


@dataclass(frozen=True)
class RowDataset:
    """Rows of a table as tensors; a subset of rows shares the tensors.

    Parameters
    ----------
    inputs : dict of str to tensor with n rows
        What the encoders read.
    values : tensor of shape (n, n_tasks)
        Encoded labels.
    weight : tensor of shape (n, n_tasks) or None
        The weight of each label, 0 where it is missing. None stands for ones.
    group : int64 tensor of shape (n,) or None
        Each row's group. None where no layer depends on it.
    rows : int64 tensor or None, default=None
        The rows of the subset. None takes all.
    fold : int64 tensor of shape (n,) or None, default=None
        Which member of an ensemble each row is held out from, -1 for none. None where all members
        see all rows.
    n_members : int, default=1
        How many members there are.
    held_out : bool, default=False
        Whether the rows are for validation: each is judged by the member it was held out from.
    domain : int64 tensor of shape (n,) or None, default=None
        Each row's domain. None where no term of the loss depends on it.
    """

    inputs: dict[str, Tensor]
    values: Tensor
    weight: Tensor | None = None
    group: Tensor | None = None
    rows: Tensor | None = None
    fold: Tensor | None = None
    n_members: int = 1
    held_out: bool = False
    domain: Tensor | None = None

    has_supports: ClassVar[bool] = False

    def __len__(self) -> int:
        return len(self.values) if self.rows is None else len(self.rows)

    def subset(self, rows: Tensor) -> RowDataset:
        """The dataset of some rows; the labels' weights are left out where all are 1."""
        weight = self.weight
        if weight is not None and bool((weight[rows] == 1).all()):
            weight = None
        return replace(self, rows=rows, weight=weight)

    def batches(self, batch_size: int, generator: torch.Generator) -> BatchIterator:
        """Batches in a fresh order."""
        return BatchIterator(self, batch_size, generator)

    def in_order(self, batch_size: int) -> BatchIterator:
        """Batches in the rows' own order."""
        return BatchIterator(self, batch_size)

    def by_unit(self, most: int) -> tuple[dict[str, Tensor], Tensor]:
        """Inputs of at most so many rows, all of one unit."""
        rows = self._all_rows()[:most]
        inputs = {name: value.index_select(0, rows) for name, value in self.inputs.items()}
        return inputs, torch.zeros_like(rows)

    def to(self, device: torch.device) -> RowDataset:
        """The dataset on a device."""
        if device == self.values.device:
            return self

        def moved(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.to(device)

        return replace(
            self,
            inputs={name: value.to(device) for name, value in self.inputs.items()},
            values=self.values.to(device),
            weight=moved(self.weight),
            group=moved(self.group),
            rows=moved(self.rows),
            fold=moved(self.fold),
            domain=moved(self.domain),
        )

    def labels(self) -> tuple[Tensor, Tensor]:
        """Values and weights of all rows as a batch has them, the weights never None."""
        rows = self._all_rows()
        values, weight = self.values.index_select(0, rows), self._weight(rows)
        return values, torch.ones_like(values) if weight is None else weight

    def judged(self, outputs: Tensor) -> JudgedRows:
        """Pair all rows' outputs with their labels.

        A row that was held out from a member is judged by that member's outputs. Where rows were
        held out from all members, those of each member follow each other.

        Parameters
        ----------
        outputs : tensor of shape (n_members, n, n_outputs)
            Every member's outputs.
        """
        rows = self._all_rows()
        values, weight = self.values.index_select(0, rows), self._weight(rows)
        group = None if self.group is None else self.group.index_select(0, rows)
        if self.fold is not None:
            own = outputs[self.fold.index_select(0, rows), torch.arange(len(rows))]
            return JudgedRows(own, values, weight, group)
        m = len(outputs)
        if m > 1:
            values = values.repeat(m, 1)
            weight = None if weight is None else weight.repeat(m, 1)
            group = None if group is None else group.repeat(m)
        return JudgedRows(outputs.flatten(0, 1), values, weight, group)

    def labelled_group(self) -> Tensor:
        """Each row's group, -1 for a row without a label; the rows must have groups."""
        assert self.group is not None
        if self.weight is None:
            return self.group
        return torch.where((self.weight > 0).any(1), self.group, -1)

    def _all_rows(self) -> Tensor:
        if self.rows is not None:
            return self.rows
        return torch.arange(len(self.values), device=self.values.device)

    def take(self, rows: Tensor) -> Batch:
        """The batch of some rows of the tensors."""
        inputs = {name: value.index_select(0, rows) for name, value in self.inputs.items()}
        group = None
        if self.group is not None:
            group = inputs["group"] = self.group.index_select(0, rows)
        domain = None if self.domain is None else self.domain.index_select(0, rows)
        values, weight = self.values.index_select(0, rows), self._weight(rows)
        return Batch(inputs, values, weight, group, domain=domain)

    def _weight(self, rows: Tensor) -> Tensor | None:
        """Labels' weights of shape (B, n_tasks), or with folds (n_members, B, n_tasks)."""
        weight = None if self.weight is None else self.weight.index_select(0, rows)
        if self.fold is None or self.held_out:
            return weight
        fold = self.fold.index_select(0, rows)
        members = torch.arange(self.n_members, device=fold.device)[:, None]
        seen = (fold != members).to(self.values.dtype).unsqueeze(2)
        return seen.expand(-1, -1, self.values.shape[1]) if weight is None else seen * weight


class BatchIterator:
    """Batches that are slices of tensors; a fresh order for each epoch.

    Parameters
    ----------
    dataset : RowDataset
        The rows.
    batch_size : int
        Rows per batch; the last one may be smaller. A single row left over joins the batch before
        it where the order is drawn, since batch normalisation can't train on one row.
    generator : torch.Generator or None, default=None
        Draws the order. None keeps the rows' own.
    """

    def __init__(
        self, dataset: RowDataset, batch_size: int, generator: torch.Generator | None = None
    ) -> None:
        self.dataset, self.batch_size, self.generator = dataset, batch_size, generator

    def __len__(self) -> int:
        return len(self._sizes())

    def _sizes(self) -> list[int]:
        whole, rest = divmod(len(self.dataset), self.batch_size)
        sizes = [self.batch_size] * whole
        if rest == 1 and whole and self.generator is not None:
            sizes[-1] += 1
        elif rest:
            sizes.append(rest)
        return sizes

    def __iter__(self) -> Iterator[Batch]:
        rows = self.dataset.rows
        device = self.dataset.values.device
        if self.generator is not None:
            order = torch.randperm(len(self.dataset), generator=self.generator).to(device)
            rows = order if rows is None else rows[order]
        elif rows is None:
            rows = torch.arange(len(self.dataset), device=device)
        for batch_rows in rows.split(self._sizes()):
            yield self.dataset.take(batch_rows)
