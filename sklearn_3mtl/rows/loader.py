"""Rows as tensors, and batches of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple, Protocol, Self

import torch
from torch import Tensor

from sklearn_3mtl.rows.batch import Batch
from sklearn_3mtl.rows.folds import MemberFolds

__all__ = [
    "BatchIterator",
    "Batches",
    "JudgedRows",
    "RowDataset",
    "TrainingRows",
    "ValidationRows",
]


class JudgedRows(NamedTuple):
    """The labels of held-out rows, and the network's outputs that are compared with them.

    Attributes
    ----------
    outputs : tensor of shape (n_kinds, n, n_outputs)
        The network's outputs, of each kind of member.
    values : tensor of shape (n, n_tasks)
        Labels.
    weight : tensor of shape (n, n_tasks) or None
        The weight of each label; None stands for ones.
    group : int64 tensor of shape (n,) or None
        The number of each row's group, which is its task id.
    prior : tensor of shape (n, n_outputs) or None, default=None
        The prior's outputs. None: there is no prior.
    """

    outputs: Tensor
    values: Tensor
    weight: Tensor | None
    group: Tensor | None
    prior: Tensor | None = None


class Batches(Protocol):
    """The batches of an epoch."""

    def __len__(self) -> int:
        """The number of batches."""

    def __iter__(self) -> Iterator[Batch]:
        """Iterate over the batches."""


class TrainingRows(Protocol):
    """The interface of data sets to train on."""

    def batches(self, batch_size: int, generator: torch.Generator) -> Batches:
        """The batches of an epoch, in a new random order."""

    def in_order(self, batch_size: int) -> Batches:
        """The batches for evaluation, the same in each call."""

    def by_unit(self, most: int) -> tuple[dict[str, Tensor], Tensor]:
        """The inputs of at most `most` rows, and the unit of each row.

        A unit is what an episode is made of, a task or a class. Without episodes all rows are of
        one.
        """

    def to(self, device: torch.device) -> Self:
        """The same data set on a device."""


class ValidationRows(Protocol):
    """The interface of data sets to validate on."""

    @property
    def has_supports(self) -> bool:
        """Whether tasks first adapt on support rows; then only query rows are validated on."""

    def __len__(self) -> int:
        """The number of rows to validate on."""

    def in_order(self, batch_size: int) -> Batches:
        """All batches, the same in each call."""

    def by_member(self, batch_size: int, n_nets: int) -> Iterator[tuple[Batch, Tensor]]:
        """Batches in which members read different rows, with their places; there may be none."""

    def judged(self, outputs: Tensor) -> JudgedRows:
        """Pair the outputs for all rows, (n_members, n, n_outputs), with their labels."""

    def to(self, device: torch.device) -> Self:
        """The same data set on a device."""


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
        The number of each row's group (task id). None where no layer depends on it.
    rows : int64 tensor or None, default=None
        The rows of the subset. None takes all.
    folds : MemberFolds or None, default=None
        Which rows are held out from which members of an ensemble. None where all members see all
        rows.
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
    folds: MemberFolds | None = None
    held_out: bool = False
    domain: Tensor | None = None

    has_supports: ClassVar[bool] = False

    def __len__(self) -> int:
        return len(self.values) if self.rows is None else len(self.rows)

    def subset(self, rows: Tensor) -> RowDataset:
        """The dataset of the rows with given numbers; weights are dropped if all of them are 1."""
        weight = self.weight
        if weight is not None and bool((weight[rows] == 1).all()):
            weight = None
        return replace(self, rows=rows, weight=weight)

    def batches(self, batch_size: int, generator: torch.Generator) -> BatchIterator:
        """The batches of an epoch, in a new random order."""
        return BatchIterator(self, batch_size, generator)

    def in_order(self, batch_size: int) -> BatchIterator:
        """The batches, in the rows' own order."""
        return BatchIterator(self, batch_size)

    def by_member(self, batch_size: int, n_nets: int) -> Iterator[tuple[Batch, Tensor]]:
        """Batches in which each member, with its nets, reads the rows that it is judged on.

        Inputs have shape (n_members * n_nets, b, ...), places (n_members, b). There are no batches
        if all members are judged on the same rows, or if layers depend on groups.
        """
        if self.folds is None or not self.held_out or self.group is not None:
            return
        rows = self._all_rows()
        for places in self.folds.places(rows).split(batch_size, dim=1):
            chosen = rows[places].repeat_interleave(n_nets, 0)
            inputs = {name: value[chosen] for name, value in self.inputs.items()}
            yield Batch(inputs, self.values[chosen[::n_nets]], None, None), places

    def by_unit(self, most: int) -> tuple[dict[str, Tensor], Tensor]:
        """The inputs of at most `most` rows, and zeros, because all rows are of one unit."""
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
            folds=None if self.folds is None else self.folds.to(device),
            domain=moved(self.domain),
        )

    def labels(self) -> tuple[Tensor, Tensor]:
        """Encoded labels of all rows, and their weights; ones where there are no weights."""
        rows = self._all_rows()
        values, weight = self.values.index_select(0, rows), self._weight(rows)
        return values, torch.ones_like(values) if weight is None else weight

    def judged(self, outputs: Tensor) -> JudgedRows:
        """Pair all rows' outputs with their labels.

        A row that was held out from one member of each kind gets the outputs of these members. Rows
        that were held out from all members are repeated, once with the outputs of each member.

        Parameters
        ----------
        outputs : tensor of shape (n_members, n, n_outputs)
            Every member's outputs.
        """
        rows = self._all_rows()
        values, weight = self.values.index_select(0, rows), self._weight(rows)
        group = None if self.group is None else self.group.index_select(0, rows)
        if self.folds is not None:
            own = self.inputs.get("prior")
            prior = None if own is None else own.index_select(0, rows)
            return JudgedRows(self.folds.judged(outputs, rows), values, weight, group, prior)
        m = len(outputs)
        if m > 1:
            values = values.repeat(m, 1)
            weight = None if weight is None else weight.repeat(m, 1)
            group = None if group is None else group.repeat(m)
        return JudgedRows(outputs.flatten(0, 1).unsqueeze(0), values, weight, group)

    def labelled_group(self) -> Tensor:
        """The number of each row's group (its task id); -1 for a row without a label."""
        assert self.group is not None
        if self.weight is None:
            return self.group
        return torch.where((self.weight > 0).any(1), self.group, -1)

    def _all_rows(self) -> Tensor:
        if self.rows is not None:
            return self.rows
        return torch.arange(len(self.values), device=self.values.device)

    def take(self, rows: Tensor) -> Batch:
        """Make a batch of the rows with given numbers."""
        inputs = {name: value.index_select(0, rows) for name, value in self.inputs.items()}
        group = None
        if self.group is not None:
            group = inputs["group"] = self.group.index_select(0, rows)
        domain = None if self.domain is None else self.domain.index_select(0, rows)
        values, weight = self.values.index_select(0, rows), self._weight(rows)
        return Batch(inputs, values, weight, group, domain=domain)

    def _weight(self, rows: Tensor) -> Tensor | None:
        """The weights of some rows' labels, of shape (B, n_tasks).

        If rows are held out from single members of the ensemble, it is (n_members, B, n_tasks).
        """
        weight = None if self.weight is None else self.weight.index_select(0, rows)
        if self.folds is None or self.held_out:
            return weight
        seen = self.folds.seen(rows).to(self.values.dtype).unsqueeze(2)
        return seen.expand(-1, -1, self.values.shape[1]) if weight is None else seen * weight


class BatchIterator:
    """Iterates over batches that are slices of tensors, in a new order for each epoch.

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
