"""Episodes: which rows are support and which are query, for many tasks in one draw."""

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
        Where each task's rows begin, and how many there are.
    """

    rows: Tensor
    starts: Tensor
    counts: Tensor

    @classmethod
    def of(cls, group: Tensor, n_tasks: int) -> RowIndex:
        """The index of rows whose tasks are given; rows of a negative task are left out."""
        order = torch.argsort(group, stable=True)
        rows = order[int((group < 0).sum()) :]
        counts = torch.bincount(group[rows], minlength=n_tasks)
        return cls(rows, counts.cumsum(0) - counts, counts)

    def __len__(self) -> int:
        return len(self.counts)

    def select(self, tasks: Tensor) -> RowIndex:
        """The index of some of the tasks, which share the rows."""
        return replace(self, starts=self.starts[tasks], counts=self.counts[tasks])

    def flat(self, most: int) -> tuple[Tensor, Tensor]:
        """Row numbers of at most so many rows, evenly from all tasks, and the task of each."""
        n = int(self.counts.sum())
        task = torch.repeat_interleave(self.counts)
        nth = torch.arange(n) - (self.counts.cumsum(0) - self.counts)[task]
        rows = self.rows[self.starts[task] + nth]
        kept = torch.arange(n) if n <= most else torch.arange(most) * n // most
        return rows[kept], task[kept]

    def shuffled(self, generator: torch.Generator) -> RowIndex:
        """The same tasks, the rows of each in a fresh order."""
        n = len(self.rows)
        # Rows of tasks that were selected away stand between two bounds too.
        bounds = torch.zeros(n + 1, dtype=torch.int64)
        bounds[torch.cat([self.starts, self.starts + self.counts])] = 1
        owner = bounds[:-1].cumsum(0)
        mixed = torch.randperm(n, generator=generator)
        # NumPy sorts numbers of 16 bits by their digits, in a fifth of the time.
        few = len(self) < 2**15
        keys = owner.index_select(0, mixed).numpy().astype(np.uint16 if few else np.int64)
        order = mixed.index_select(0, torch.from_numpy(np.argsort(keys, kind="stable")))
        return replace(self, rows=self.rows.index_select(0, order))


class Draw(NamedTuple):
    """A meta-batch of T episodes, padded to one length; a mask says what is padding.

    Attributes
    ----------
    support, query : int64 tensors of shapes (T, K) and (T, Q)
        Row numbers.
    in_support, in_query : bool tensors of the same shapes
        Which of them are there.
    support_label, query_label : int64 tensors of the same shapes, or None
        The label of each row within its episode. None where rows keep their own labels.
    """

    support: Tensor
    query: Tensor
    in_support: Tensor
    in_query: Tensor
    support_label: Tensor | None = None
    query_label: Tensor | None = None

    def split(self, n_episodes: int) -> Iterator[Draw]:
        """Meta-batches of some of the episodes each."""
        whole = (part.split(n_episodes) for part in self if part is not None)
        yield from map(Draw, *whole)


class EpisodeSampler(Protocol):
    """Draws meta-batches of tasks or classes, whose rows the index has."""

    @property
    def index(self) -> RowIndex:
        """The rows of each unit."""

    def epoch(self, n_episodes: int, generator: torch.Generator) -> Iterator[Draw]:
        """Draw the meta-batches of an epoch, of `n_episodes` episodes each."""

    def n_batches(self, n_episodes: int) -> int:
        """How many there are in an epoch."""


@dataclass(frozen=True)
class TaskEpisodes:
    """Each episode is a task: some of its rows are support, others query.

    Parameters
    ----------
    index : RowIndex
        The rows of each task, at least two.
    shots : tuple of two ints
        The fewest and the most rows of a support; an episode draws how many.
    n_queries : int
        Rows of a query at most.
    """

    index: RowIndex
    shots: tuple[int, int]
    n_queries: int

    def n_batches(self, n_episodes: int) -> int:
        """Enough for each task, and for about as many rows as there are."""
        n_rows = int(self.index.counts.sum())
        each = n_episodes * (self.shots[1] + self.n_queries)
        return max(-(-len(self.index) // n_episodes), -(-n_rows // each))

    def epoch(self, n_episodes: int, generator: torch.Generator) -> Iterator[Draw]:
        """Tasks are drawn in proportion to their rows, to within one time."""
        index, n_batches = self.index.shuffled(generator), self.n_batches(n_episodes)
        n_episodes, (low, high) = min(n_episodes, len(index)), self.shots
        n_drawn = n_batches * n_episodes
        order = _in_proportion(index.counts, n_drawn, generator)
        shots = torch.randint(low, high + 1, (n_drawn,), generator=generator)
        drawn = draw(index.select(order), shots, high, self.n_queries, generator)
        yield from drawn.split(n_episodes)


@dataclass(frozen=True)
class ClassEpisodes:
    """N-way K-shot: each episode tells apart some classes, as if it knew no others.

    Parameters
    ----------
    index : RowIndex
        The rows of each class, at least two.
    n_ways : int
        Classes of an episode.
    shots : tuple of two ints
        The fewest and the most support rows of a class; the classes of an episode have as many.
    n_queries : int
        Query rows of a class at most.
    """

    index: RowIndex
    n_ways: int
    shots: tuple[int, int]
    n_queries: int

    def n_batches(self, n_episodes: int) -> int:
        """Enough for about as many rows as there are."""
        each = n_episodes * self.n_ways * (self.shots[1] + self.n_queries)
        return -(-int(self.index.counts.sum()) // each)

    def epoch(self, n_episodes: int, generator: torch.Generator) -> Iterator[Draw]:
        """Draw classes, then rows of each."""
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
    """Tasks in a random order, each as often as its share of the rows says, or once more or less.

    Were small tasks drawn as often as large ones, their few rows would be learned by heart.
    """
    tasks = torch.randperm(len(counts), generator=generator)
    ends = counts[tasks].cumsum(0)
    start = torch.rand(1, generator=generator, dtype=torch.float64)
    places = (torch.arange(n_drawn) + start) / n_drawn * ends[-1]
    # A place that rounding put at the very end is the last task's.
    chosen = torch.searchsorted(ends, places, right=True).clamp_max(len(counts) - 1)
    return tasks[chosen[torch.randperm(n_drawn, generator=generator)]]


def draw(
    index: RowIndex, shots: Tensor, most_shots: int, n_queries: int, generator: torch.Generator
) -> Draw:
    """Support and query rows of all tasks of an index, whose order within tasks is random.

    The rows of an episode follow each other in that order, from a place of its own on: no row is
    drawn twice. A task with fewer rows than asked for keeps at least one of them for the query.

    Parameters
    ----------
    index : RowIndex
        The tasks.
    shots : int64 tensor of shape (T,)
        How many support rows each is to have.
    most_shots, n_queries : int
        Width of support and query.
    generator : torch.Generator
        Draws the places.
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
