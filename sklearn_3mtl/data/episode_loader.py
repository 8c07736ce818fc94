"""Meta-batches as tensors, from rows and drawn episodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import ClassVar

import torch
from torch import Tensor

from sklearn_3mtl.data.episodes import Draw, EpisodeSampler
from sklearn_3mtl.data.loader import Batch, RowDataset, Supports

__all__ = ["DrawnEpisodes", "EpisodeDataset"]


@dataclass(frozen=True)
class EpisodeDataset:
    """Episodes drawn anew in each epoch.

    Parameters
    ----------
    rows : RowDataset
        All rows.
    sampler : EpisodeSampler
        Draws the episodes.
    n_batches : int
        How many meta-batches an epoch has, however many rows there are.
    """

    rows: RowDataset
    sampler: EpisodeSampler
    n_batches: int

    def batches(self, batch_size: int, generator: torch.Generator) -> EpisodeIterator:
        """Meta-batches of `batch_size` episodes."""
        return EpisodeIterator(self, batch_size, generator)

    def in_order(self, batch_size: int) -> EpisodeIterator:
        """The same, always the same ones."""
        return EpisodeIterator(self, batch_size, torch.Generator().manual_seed(0))

    def drawn(self, n_episodes: int, batch_size: int, generator: torch.Generator) -> DrawnEpisodes:
        """At least `n_episodes` episodes, drawn once."""
        draws: list[Draw] = []
        while sum(len(d.query) for d in draws) < n_episodes:
            draws += self.sampler.epoch(batch_size, generator)
        return DrawnEpisodes(self.rows, draws)

    def by_unit(self, most: int) -> tuple[dict[str, Tensor], Tensor]:
        """Inputs of at most so many of the rows that episodes are drawn from, and their units."""
        rows, unit = self.sampler.index.flat(most)
        return _inputs(self.rows, rows), unit.to(self.rows.values.device)

    def to(self, device: torch.device) -> EpisodeDataset:
        """The dataset with its rows on a device; what is drawn stays on the CPU."""
        return replace(self, rows=self.rows.to(device))


class EpisodeIterator:
    """The meta-batches of an epoch."""

    def __init__(
        self, dataset: EpisodeDataset, batch_size: int, generator: torch.Generator
    ) -> None:
        self.dataset, self.batch_size, self.generator = dataset, batch_size, generator

    def __len__(self) -> int:
        return self.dataset.n_batches

    def __iter__(self) -> Iterator[Batch]:
        for drawn in islice(self._draws(), len(self)):
            yield episode_batch(self.dataset.rows, drawn)

    def _draws(self) -> Iterator[Draw]:
        while True:
            yield from self.dataset.sampler.epoch(self.batch_size, self.generator)


@dataclass(frozen=True)
class DrawnEpisodes:
    """Episodes that stay the same, to validate on.

    Parameters
    ----------
    rows : RowDataset
        All rows.
    draws : sequence of Draw
        The meta-batches.
    """

    rows: RowDataset
    draws: Sequence[Draw]
    has_supports: ClassVar[bool] = True

    def __len__(self) -> int:
        return sum(drawn.query.numel() for drawn in self.draws)

    def in_order(self, batch_size: int) -> _Drawn:
        """The meta-batches as they were drawn; `batch_size` says nothing."""
        return _Drawn(self)

    def labels(self) -> tuple[Tensor, Tensor]:
        """Values and weights of all query rows as they come, padding with weight 0."""
        batches = [episode_batch(self.rows, drawn) for drawn in self.draws]
        values = torch.cat([batch.values for batch in batches])
        weights = [torch.ones_like(b.values) if b.weight is None else b.weight for b in batches]
        return values, torch.cat(weights)

    def judged(self, outputs: Tensor) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        """Pair all query rows' outputs with their labels; members follow each other."""
        values, weight = self.labels()
        if outputs.dim() == 2:
            return outputs, values, weight, None
        m = len(outputs)
        return outputs.flatten(0, 1), values.repeat(m, 1), weight.repeat(m, 1), None

    def to(self, device: torch.device) -> DrawnEpisodes:
        """The episodes with their rows on a device."""
        return replace(self, rows=self.rows.to(device))


class _Drawn:
    def __init__(self, dataset: DrawnEpisodes) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset.draws)

    def __iter__(self) -> Iterator[Batch]:
        for drawn in self.dataset.draws:
            yield episode_batch(self.dataset.rows, drawn)


def episode_batch(rows: RowDataset, drawn: Draw) -> Batch:
    """The meta-batch of a draw; its rows are the queries, episode after episode.

    The weights let each episode's mean loss count alike, however many labels it has.
    """
    device = rows.values.device
    values, weight = _labels(rows, drawn.query, drawn.query_label, device)
    if weight is not None or not bool(drawn.in_query.all()):
        there = drawn.in_query.to(device).unsqueeze(2)
        weight = there.expand_as(values).float() if weight is None else weight * there
        count = (weight > 0).sum(1, keepdim=True)
        present = (count > 0).sum(0, keepdim=True).clamp_min(1)
        weight = weight * (count.sum(0, keepdim=True) / (present * count.clamp_min(1)))
        weight = weight.flatten(0, 1)
    own, own_weight = _labels(rows, drawn.support, drawn.support_label, device)
    there = drawn.in_support.to(device).unsqueeze(2)
    own_weight = there.expand_as(own).float() if own_weight is None else own_weight * there
    support = Supports(_inputs(rows, drawn.support), own, own_weight)
    domain = None if rows.domain is None else rows.domain[drawn.query.flatten().to(device)]
    inputs = _inputs(rows, drawn.query)
    return Batch(inputs, values.flatten(0, 1), weight, None, support, domain)


def _inputs(rows: RowDataset, chosen: Tensor) -> dict[str, Tensor]:
    flat = chosen.flatten().to(rows.values.device)
    return {name: value.index_select(0, flat) for name, value in rows.inputs.items()}


def _labels(
    rows: RowDataset, chosen: Tensor, label: Tensor | None, device: torch.device
) -> tuple[Tensor, Tensor | None]:
    """Values of shape (T, R, C), and their weights if not all are 1."""

    def of_chosen(tensor: Tensor) -> Tensor:
        # index_select on flat rows is several times as fast as indexing by a matrix.
        flat = tensor.index_select(0, chosen.flatten().to(device))
        return flat.view(*chosen.shape, -1)

    values = of_chosen(rows.values) if label is None else label.to(device).unsqueeze(2).float()
    return values, None if rows.weight is None else of_chosen(rows.weight)
