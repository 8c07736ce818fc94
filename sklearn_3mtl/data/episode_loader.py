"""Meta-batches as tensors, from rows and drawn episodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from sklearn_3mtl.data.episodes import Draw, EpisodeSampler
from sklearn_3mtl.data.loader import Batch, RowDataset, Supports

__all__ = ["DrawnEpisodes", "EpisodeDataset", "episode_batches"]

# The rows of small meta-batches are fetched for several of them at once, which costs as much as for
# one; more numbers than these would leave the cache before they are used.
NUMBERS_AT_ONCE, MOST_AT_ONCE = 2**16, 31


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
        return episode_batches(self.dataset.rows, islice(self._draws(), len(self)))

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
        batches = list(episode_batches(self.rows, self.draws))
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
        return episode_batches(self.dataset.rows, self.dataset.draws)


def episode_batches(rows: RowDataset, draws: Iterable[Draw]) -> Iterator[Batch]:
    """The meta-batch of each draw; its rows are the queries, episode after episode.

    The weights let each episode's mean loss count alike, however many labels it has.
    """
    width = rows.values[:1].numel() + sum(value[:1].numel() for value in rows.inputs.values())
    left = iter(draws)
    for first in left:
        each = width * (first.support.numel() + first.query.numel())
        some = [first, *islice(left, min(NUMBERS_AT_ONCE // max(each, 1), MOST_AT_ONCE))]
        full = bool(torch.cat([drawn.in_query.flatten() for drawn in some]).all())
        yield from map(partial(_batch, full), some, *_fetched(rows, some))


class _Rows(NamedTuple):
    """What the rows of a support or a query hold, one after the other."""

    inputs: dict[str, Tensor]
    values: Tensor
    weight: Tensor | None
    domain: Tensor | None

    def labels(self, chosen: Tensor, label: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Values of shape (T, R, C), and their weights if not all are 1."""
        values = self.values.view(*chosen.shape, -1)
        if label is not None:
            values = label.to(values.device).unsqueeze(2).float()
        return values, None if self.weight is None else self.weight.view(*chosen.shape, -1)


def _fetched(rows: RowDataset, draws: Sequence[Draw]) -> tuple[list[_Rows], list[_Rows]]:
    """The rows of each draw's support, and of its query, in one fetch of each tensor."""
    chosen = [part.flatten() for drawn in draws for part in (drawn.support, drawn.query)]
    numbers, sizes = torch.cat(chosen).to(rows.values.device), [len(part) for part in chosen]

    def parts(tensor: Tensor | None) -> Sequence[Any]:
        if tensor is None:
            return [None] * len(sizes)
        return tensor.index_select(0, numbers).split(sizes)

    names = list(rows.inputs)
    inputs = zip(*(parts(rows.inputs[name]) for name in names), strict=True)
    others = (parts(tensor) for tensor in (rows.values, rows.weight, rows.domain))
    found = [
        _Rows(dict(zip(names, own, strict=True)), *rest)
        for own, *rest in zip(inputs, *others, strict=True)
    ]
    return found[::2], found[1::2]


def _batch(full: bool, drawn: Draw, support: _Rows, query: _Rows) -> Batch:
    device = query.values.device
    values, weight = query.labels(drawn.query, drawn.query_label)
    if weight is not None or not (full or bool(drawn.in_query.all())):
        there = drawn.in_query.to(device).unsqueeze(2)
        weight = there.expand_as(values).float() if weight is None else weight * there
        count = (weight > 0).sum(1, keepdim=True)
        present = (count > 0).sum(0, keepdim=True).clamp_min(1)
        weight = weight * (count.sum(0, keepdim=True) / (present * count.clamp_min(1)))
        weight = weight.flatten(0, 1)
    own, own_weight = support.labels(drawn.support, drawn.support_label)
    there = drawn.in_support.to(device).unsqueeze(2)
    own_weight = there.expand_as(own).float() if own_weight is None else own_weight * there
    supports = Supports(support.inputs, own, own_weight)
    return Batch(query.inputs, values.flatten(0, 1), weight, None, supports, query.domain)


def _inputs(rows: RowDataset, chosen: Tensor) -> dict[str, Tensor]:
    flat = chosen.to(rows.values.device)
    return {name: value.index_select(0, flat) for name, value in rows.inputs.items()}
