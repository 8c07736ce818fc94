"""Draw episodes: the support rows and query rows of many tasks at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

__all__ = ["ClassEpisodes", "Draw", "EpisodeSampler", "RowIndex", "TaskEpisodes"]


@dataclass(frozen=True)
class RowIndex:
    """The rows of each task, one task after the other.

    Parameters
    ----------
    rows : int64 tensor of shape (n,)
        Row numbers, grouped by task.
    starts, counts : int64 tensors of shape (n_tasks,)
        The position of each task's first row in `rows`, and its number of rows.
    """

    rows: Tensor
    starts: Tensor
    counts: Tensor

    @classmethod
    def of(cls, group: Tensor, n_tasks: int) -> RowIndex:
        """Index rows by task number; rows with a negative number are left out."""
        order = torch.argsort(group, stable=True)
        rows = order[int((group < 0).sum()) :]
        counts = torch.bincount(group[rows], minlength=n_tasks)
        return cls(rows, counts.cumsum(0) - counts, counts)

    def __len__(self) -> int:
        return len(self.counts)

    def select(self, tasks: Tensor) -> RowIndex:
        """The index of some of the tasks; it keeps the same `rows`."""
        return replace(self, starts=self.starts[tasks], counts=self.counts[tasks])

    def flat(self, most: int) -> tuple[Tensor, Tensor]:
        """Row numbers of at most `most` rows, spread evenly over all, and the task of each."""
        n = int(self.counts.sum())
        task = torch.repeat_interleave(self.counts)
        nth = torch.arange(n) - (self.counts.cumsum(0) - self.counts)[task]
        rows = self.rows[self.starts[task] + nth]
        kept = torch.arange(n) if n <= most else torch.arange(most) * n // most
        return rows[kept], task[kept]

    def shuffled(self, generator: torch.Generator) -> RowIndex:
        """The same tasks, with the rows of each in a new random order."""
        n = len(self.rows)
        # `rows` may also hold rows of tasks that `select` left out; these are between two bounds.
        bounds = torch.zeros(n + 1, dtype=torch.int64)
        bounds[torch.cat([self.starts, self.starts + self.counts])] = 1
        owner = bounds[:-1].cumsum(0)
        mixed = torch.randperm(n, generator=generator)
        # For 16-bit numbers NumPy uses a radix sort, which is five times faster.
        few = len(self) < 2**15
        keys = owner.index_select(0, mixed).numpy().astype(np.uint16 if few else np.int64)
        order = mixed.index_select(0, torch.from_numpy(np.argsort(keys, kind="stable")))
        return replace(self, rows=self.rows.index_select(0, order))


class Draw(NamedTuple):
    """The row numbers of a meta-batch of T episodes, padded to the same length.

    Attributes
    ----------
    support, query : int64 tensors of shapes (T, K) and (T, Q)
        Row numbers.
    in_support, in_query : bool tensors of the same shapes
        Which rows are not padding.
    support_label, query_label : int64 tensors of the same shapes, or None
        The label of each row within its episode. None: rows keep their own labels.
    """

    support: Tensor
    query: Tensor
    in_support: Tensor
    in_query: Tensor
    support_label: Tensor | None = None
    query_label: Tensor | None = None

    def split(self, n_episodes: int) -> Iterator[Draw]:
        """Split into meta-batches of `n_episodes` episodes each."""
        whole = (part.split(n_episodes) for part in self if part is not None)
        yield from map(Draw, *whole)


class EpisodeSampler(Protocol):
    """Draws meta-batches of episodes from units, which are the tasks or classes of an index.

    An episode is a task, or a choice of classes, with some rows to adapt on (support) and others to
    predict (query).
    """

    @property
    def index(self) -> RowIndex:
        """The rows of each unit (task or class)."""

    def epoch(self, n_episodes: int, generator: torch.Generator) -> Iterator[Draw]:
        """Draw the meta-batches of an epoch, of `n_episodes` episodes each."""

    def n_batches(self, n_episodes: int) -> int:
        """The number of meta-batches that `epoch` draws."""


@dataclass(frozen=True)
class TaskEpisodes:
    """Draws episodes that are tasks: some rows of a task are support, others query.

    Parameters
    ----------
    index : RowIndex
        The rows of each task; a task has at least two.
    shots : tuple of two ints
        The smallest and largest number of support rows, between which each episode draws a number.
    n_queries : int
        The largest number of query rows.
    """

    index: RowIndex
    shots: tuple[int, int]
    n_queries: int

    def n_batches(self, n_episodes: int) -> int:
        """The number of meta-batches that `epoch` draws.

        They are enough to draw each task once, and to draw about as many rows as exist.
        """
        n_rows = int(self.index.counts.sum())
        each = n_episodes * (self.shots[1] + self.n_queries)
        return max(-(-len(self.index) // n_episodes), -(-n_rows // each))

    def epoch(self, n_episodes: int, generator: torch.Generator) -> Iterator[Draw]:
        """Draw the meta-batches of an epoch: tasks by their numbers of rows, then rows of each."""
        index, n_batches = self.index.shuffled(generator), self.n_batches(n_episodes)
        n_episodes, (low, high) = min(n_episodes, len(index)), self.shots
        n_drawn = n_batches * n_episodes
        order = _in_proportion(index.counts, n_drawn, generator)
        shots = torch.randint(low, high + 1, (n_drawn,), generator=generator)
        drawn = draw(index.select(order), shots, high, self.n_queries, generator)
        yield from drawn.split(n_episodes)


@dataclass(frozen=True)
class ClassEpisodes:
    """Draws N-way K-shot episodes: each is a classification task with `n_ways` random classes.

    Parameters
    ----------
    index : RowIndex
        The rows of each class; a class has at least two.
    n_ways : int
        Number of classes in an episode.
    shots : tuple of two ints
        The smallest and largest number of support rows of a class. Each episode draws a number,
        which is the same for its classes.
    n_queries : int
        The largest number of query rows of a class.
    """

    index: RowIndex
    n_ways: int
    shots: tuple[int, int]
    n_queries: int

    def n_batches(self, n_episodes: int) -> int:
        """The number of meta-batches that `epoch` draws: they have about as many rows as exist."""
        each = n_episodes * self.n_ways * (self.shots[1] + self.n_queries)
        return -(-int(self.index.counts.sum()) // each)

    def epoch(self, n_episodes: int, generator: torch.Generator) -> Iterator[Draw]:
        """Draw the meta-batches of an epoch: classes for each episode, then rows of each class."""
        index, (low, high) = self.index.shuffled(generator), self.shots
        for _ in range(self.n_batches(n_episodes)):
            keys = torch.rand(n_episodes, len(index), generator=generator, dtype=torch.float32)
            classes = keys.topk(self.n_ways, dim=1).indices
            shots = torch.randint(low, high + 1, (n_episodes, 1), generator=generator)
            shots = shots.expand(-1, self.n_ways).flatten()
            drawn = draw(index.select(classes.flatten()), shots, high, self.n_queries, generator)
            label = torch.arange(self.n_ways)[:, None]
            support, query, in_support, in_query = (
                part.unflatten(0, (-1, self.n_ways)).flatten(1)
                for part in drawn[:4]
                if part is not None
            )
            support_label, query_label = (
                label.expand(-1, width).flatten().expand(n_episodes, -1)
                for width in (high, self.n_queries)
            )
            yield Draw(support, query, in_support, in_query, support_label, query_label)


def _in_proportion(counts: Tensor, n_drawn: int, generator: torch.Generator) -> Tensor:
    """Draw tasks in proportion to their numbers of rows (rounded up or down), in random order.

    If small tasks were drawn as often as large ones, the network would overfit their few rows.
    """
    tasks = torch.randperm(len(counts), generator=generator)
    ends = counts[tasks].cumsum(0)
    start = torch.rand(1, generator=generator, dtype=torch.float64)
    places = (torch.arange(n_drawn) + start) / n_drawn * ends[-1]
    # Rounding may put a place at the very end, which still belongs to the last task.
    chosen = torch.searchsorted(ends, places, right=True).clamp_max(len(counts) - 1)
    return tasks[chosen[torch.randperm(n_drawn, generator=generator)]]


def draw(
    index: RowIndex, shots: Tensor, most_shots: int, n_queries: int, generator: torch.Generator
) -> Draw:
    """Draw support and query rows of all tasks of an index.

    The rows of an episode are consecutive in the index, starting at a random place, so that no row
    is drawn twice. A task with fewer rows than asked for keeps at least one of them as query.

    Parameters
    ----------
    index : RowIndex
        The tasks. The rows of each should be in random order.
    shots : int64 tensor of shape (T,)
        The number of support rows of each task.
    most_shots, n_queries : int
        Width of the tensors of support and query rows.
    generator : torch.Generator
        Draws the starting places.
    """
    counts = index.counts[:, None]
    shots = torch.minimum(shots[:, None], counts - 1)
    share = torch.rand(counts.shape, generator=generator, dtype=torch.float32)
    place = (share * counts).long()
    nth = torch.arange(most_shots)
    support, in_support = nth.expand(len(index), -1), nth < shots
    nth = shots + torch.arange(n_queries)
    support, query = (
        index.rows.take(index.starts[:, None] + (place + number) % counts)
        for number in (support, nth)
    )
    return Draw(support, query, in_support, nth < counts)
