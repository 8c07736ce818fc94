"""Batches for several domains: labelled rows, and with them rows without a label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from sklearn_3mtl.rows.batch import Batch, UnlabelledRows
from sklearn_3mtl.rows.loader import Batches, RowDataset, TrainingRows

__all__ = ["JointDataset"]


@dataclass(frozen=True)
class JointDataset:
    """Batches of labelled rows, each with the same number of unlabelled rows if there are enough.

    Parameters
    ----------
    labelled : TrainingRows
        Rows to train on, with the domain of each.
    unlabelled : RowDataset
        Rows of which only inputs and domains are used; there may be none.
    """

    labelled: TrainingRows
    unlabelled: RowDataset

    def batches(self, batch_size: int, generator: torch.Generator) -> JointIterator:
        """The batches of an epoch, in a new random order."""
        return JointIterator(self, self.labelled.batches(batch_size, generator), generator)

    def in_order(self, batch_size: int) -> Batches:
        """Batches of only the labelled rows, in their order."""
        return self.labelled.in_order(batch_size)

    def by_unit(self, most: int) -> tuple[dict[str, Tensor], Tensor]:
        """The inputs of at most `most` labelled rows, and the unit (task or class) of each."""
        return self.labelled.by_unit(most)

    def to(self, device: torch.device) -> JointDataset:
        """The same rows on a device."""
        return replace(
            self, labelled=self.labelled.to(device), unlabelled=self.unlabelled.to(device)
        )


class JointIterator:
    """Iterates over the batches of an epoch, with unlabelled rows added to each.

    Unlabelled rows are used several times if they are fewer than the labelled ones.
    """

    def __init__(
        self, dataset: JointDataset, labelled: Batches, generator: torch.Generator
    ) -> None:
        self.dataset, self.labelled, self.generator = dataset, labelled, generator

    def __len__(self) -> int:
        return len(self.labelled)

    def __iter__(self) -> Iterator[Batch]:
        rest, others = torch.empty(0, dtype=torch.int64), self.dataset.unlabelled
        n_others = len(others)
        for batch in self.labelled:
            n_rows = min(len(batch.values), n_others)
            if not n_rows:
                yield batch
                continue
            if len(rest) < n_rows:
                rest = torch.randperm(n_others, generator=self.generator)
            yield batch._replace(unlabelled=_unlabelled(others, rest[:n_rows]))
            rest = rest[n_rows:]


def _unlabelled(others: RowDataset, chosen: Tensor) -> UnlabelledRows:
    device = others.values.device
    rows = chosen.to(device) if others.rows is None else others.rows[chosen.to(device)]
    batch = others.take(rows)
    assert batch.domain is not None
    return UnlabelledRows(batch.inputs, batch.domain)
