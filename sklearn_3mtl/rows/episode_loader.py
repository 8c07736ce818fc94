"""Make meta-batches of tensors from rows and drawn episodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import ClassVar

import torch
from torch import Tensor

from sklearn_3mtl.rows.batch import Batch, Supports
from sklearn_3mtl.rows.episodes import Draw, EpisodeSampler
from sklearn_3mtl.rows.loader import JudgedRows, RowDataset

__all__ = ["DrawnEpisodes", "EpisodeDataset", "episode_batches"]

# The rows of several small meta-batches are fetched at once, which takes as long as for one. With
# more numbers than this, they would be gone from the processor's cache when they are used.
NUMBERS_AT_ONCE, MOST_AT_ONCE = 2**16, 31


@dataclass(frozen=True)
class EpisodeDataset:
    """Rows from which episodes (tasks with support and query rows) are drawn in each epoch.

    Parameters
    ----------
    rows : RowDataset
        All rows.
    sampler : EpisodeSampler
        Draws the episodes.
    n_batches : int
        Number of meta-batches in an epoch, for any number of rows.
    """

    rows: RowDataset
    sampler: EpisodeSampler
    n_batches: int

    def batches(self, batch_size: int, generator: torch.Generator) -> EpisodeIterator:
        """The meta-batches of an epoch, of `batch_size` newly drawn episodes each."""
        return EpisodeIterator(self, batch_size, generator)

    def in_order(self, batch_size: int) -> EpisodeIterator:
        """The meta-batches of an epoch, of `batch_size` episodes each, the same in each call."""
        return EpisodeIterator(self, batch_size, torch.Generator().manual_seed(0))

    def drawn(self, n_episodes: int, batch_size: int, generator: torch.Generator) -> DrawnEpisodes:
        """Draw at least `n_episodes` episodes once, to be used repeatedly."""
        draws: list[Draw] = []
        while sum(len(d.query) for d in draws) < n_episodes:
            draws += self.sampler.epoch(batch_size, generator)
        return DrawnEpisodes(self.rows, draws)

    def by_unit(self, most: int) -> tuple[dict[str, Tensor], Tensor]:
        """The inputs of at most `most` rows, and the unit (task or class) of each row."""
        rows, unit = self.sampler.index.flat(most)
        return _inputs(self.rows, rows), unit.to(self.rows.values.device)

    def to(self, device: torch.device) -> EpisodeDataset:
        """The dataset with its rows on a device; row numbers are still drawn on the CPU."""
        return replace(self, rows=self.rows.to(device))


class EpisodeIterator:
    """Iterates over the meta-batches of an epoch, whose episodes it draws."""

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
        """The meta-batches as they were drawn; `batch_size` is ignored."""
        return _Drawn(self)

    def by_member(self, batch_size: int, n_nets: int) -> Iterator[tuple[Batch, Tensor]]:
        """Nothing, because all members are judged on the same rows."""
        return iter(())

    def labels(self) -> tuple[Tensor, Tensor]:
        """Encoded labels of all query rows, and their weights; padding has weight 0."""
        batches = list(episode_batches(self.rows, self.draws))
        values = torch.cat([batch.values for batch in batches])
        weights = [torch.ones_like(b.values) if b.weight is None else b.weight for b in batches]
        return values, torch.cat(weights)

    def judged(self, outputs: Tensor) -> JudgedRows:
        """Pair the outputs for all query rows, (n_members, n, n_outputs), with their labels.

        The result has ``n_members * n`` rows: the labels are repeated for each member of the
        ensemble.
        """
        values, weight = self.labels()
        m = len(outputs)
        outputs = outputs.flatten(0, 1).unsqueeze(0)
        return JudgedRows(outputs, values.repeat(m, 1), weight.repeat(m, 1), None)

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
    """Make a batch of tensors from each meta-batch of row numbers; all have the same shapes.

    Query labels are weighted so that each episode counts the same, whatever its number of labels.
    """
    width = rows.values[:1].numel() + sum(value[:1].numel() for value in rows.inputs.values())
    left = iter(draws)
    for first in left:
        each = width * (first.support.numel() + first.query.numel())
        some = [first, *islice(left, min(NUMBERS_AT_ONCE // max(each, 1), MOST_AT_ONCE))]
        yield from _fetched(rows, some)


def _fetched(rows: RowDataset, draws: Sequence[Draw]) -> Iterator[Batch]:
    """Make the batches of some meta-batches; the rows of each tensor are fetched in one call."""
    device, n_own = rows.values.device, draws[0].support.numel()
    shape = (len(draws), *draws[0].support.shape)
    chosen = [part.flatten() for drawn in draws for part in (drawn.support, drawn.query)]
    numbers = torch.cat(chosen).to(device)

    def fetched(tensor: Tensor) -> Tensor:
        out: Tensor = tensor.index_select(0, numbers).unflatten(0, (len(draws), -1))
        return out

    def stacked(name: str) -> Tensor:
        return torch.stack([getattr(drawn, name) for drawn in draws]).to(device)

    values = fetched(rows.values)
    weight = None if rows.weight is None else fetched(rows.weight)
    own, judged = values[:, :n_own].unflatten(1, shape[1:]), values[:, n_own:]
    if draws[0].support_label is not None:
        own, judged = stacked("support_label").unsqueeze(3).float(), stacked("query_label").float()
        judged = judged.flatten(1).unsqueeze(2)
    own_weight = stacked("in_support").unsqueeze(3).expand_as(own).float()
    if weight is not None:
        own_weight = own_weight * weight[:, :n_own].unflatten(1, shape[1:])
    weights = _weights(stacked("in_query"), judged, None if weight is None else weight[:, n_own:])
    inputs = [fetched(value).unbind() for value in rows.inputs.values()]
    nothing = [None] * len(draws)
    domain = nothing if rows.domain is None else fetched(rows.domain)[:, n_own:].unbind()
    parts = (judged.unbind(), weights, own.unbind(), own_weight.unbind(), domain, *inputs)
    for judged_i, weight_i, own_i, own_weight_i, domain_i, *inputs_i in zip(*parts, strict=True):
        named = dict(zip(rows.inputs, inputs_i, strict=True))
        support = Supports(own_i, own_weight_i)
        yield Batch(named, judged_i, weight_i, None, support, domain_i)


def _weights(in_query: Tensor, judged: Tensor, weight: Tensor | None) -> Sequence[Tensor | None]:
    """The weights of each meta-batch's query labels; None if nothing is padded and all are 1."""
    if weight is None:
        full = in_query.flatten(1).all(1).tolist()
        if all(full):
            return [None] * len(full)
    else:
        full = [False] * len(weight)
    there = in_query.unsqueeze(3)
    each = judged if weight is None else weight
    each = each.unflatten(1, in_query.shape[1:])
    weights = there.expand_as(each).float() if weight is None else each * there
    count = (weights > 0).sum(2, keepdim=True).to(weights.dtype)
    present = (count > 0).sum(1, keepdim=True).clamp_min(1).to(weights.dtype)
    weights = weights * (count.sum(1, keepdim=True) / (present * count.clamp_min(1)))
    found = weights.flatten(1, 2).unbind()
    return [None if all_there else own for all_there, own in zip(full, found, strict=True)]


def _inputs(rows: RowDataset, chosen: Tensor) -> dict[str, Tensor]:
    flat = chosen.to(rows.values.device)
    return {name: value.index_select(0, flat) for name, value in rows.inputs.items()}
