"""What an episode is: which rows belong together, and what is held out to validate on."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.task_memory import TaskMemory
from sklearn_3mtl.meta import META, MetaMethod
from sklearn_3mtl.rows.episode_loader import DrawnEpisodes, EpisodeDataset
from sklearn_3mtl.rows.episodes import ClassEpisodes, EpisodeSampler, RowIndex, TaskEpisodes
from sklearn_3mtl.rows.loader import RowDataset
from sklearn_3mtl.settings.constraints import make_method, shot_range

__all__ = ["EPISODES", "Episodes", "adapts", "draw_episodes"]

# An epoch of episodes, whatever the number of rows; what a validation needs to say something.
BATCHES_PER_EPOCH, FEWEST_VALID_TASKS, VALID_EPISODES = 64, 10, 64
# Of how many rows at most the classes of a fit are remembered: they are solved for together.
CLASS_ROWS = 2048


class Episodes:
    """``episodes="tasks"``: an episode is a task of the long layout."""

    # Whether an episode draws its own classes: an output then means nothing across episodes.
    exchangeable = False
    unit, units = "task", "tasks"
    # Of a task; a class that nothing is known of can't be told from others.
    fewest_shots = 0

    def has_any(self, has_ids: bool) -> bool:
        """Whether there is anything to draw episodes of."""
        return has_ids

    def tasks(
        self, estimator: Any, tasks: dict[Hashable, Task], has_ids: bool
    ) -> dict[Hashable, Task]:
        """The targets as episodes see them; refuses what can't be one."""
        return tasks

    def layout(self, estimator: Any, codec: TargetCodec) -> TaskLayout:
        """What the network puts out."""
        return codec.layout

    def fewest(self, estimator: Any) -> int:
        """How many units an episode has."""
        return 1

    def with_units(self, rows: RowDataset) -> RowDataset:
        """The rows, with the unit of each as its group."""
        return rows

    def sampler(self, estimator: Any, index: RowIndex, shots: tuple[int, int]) -> EpisodeSampler:
        """What draws episodes of these units."""
        return TaskEpisodes(index, shots, estimator.n_queries)

    def memory(
        self, estimator: Any, rows: RowDataset, n_units: int, generator: torch.Generator
    ) -> TaskMemory | None:
        """The supports that `fit` remembers, of each task; None for none."""
        return TaskMemory.of(rows, n_units, int(estimator.max_support), generator)


class ClassesAsEpisodes(Episodes):
    """``episodes="classes"``: an episode tells apart some classes of one target."""

    exchangeable = True
    unit, units = "class", "classes"
    fewest_shots = 1

    def has_any(self, has_ids: bool) -> bool:
        return True

    def tasks(
        self, estimator: Any, tasks: dict[Hashable, Task], has_ids: bool
    ) -> dict[Hashable, Task]:
        if has_ids:
            raise ValueError(
                "episodes='classes' and task ids contradict each other: an episode is either some "
                "classes or a task. Leave `task` out, or use episodes='tasks'."
            )
        if len(tasks) > 1 or not all(task.is_classification for task in tasks.values()):
            found = {name: task.kind for name, task in tasks.items()}
            raise ValueError(
                "episodes='classes' draws the classes of one target, so y should be one "
                f"classification target. Found {found!r}."
            )
        if estimator.class_weight is not None:
            raise ValueError(
                "`class_weight` and episodes='classes' contradict each other: the classes of an "
                "episode have as many rows. Set class_weight=None."
            )
        if not has_inner_loop(estimator):
            raise ValueError(
                "inner_steps=0 and episodes='classes' contradict each other: classes that were "
                "never seen can only be told apart after a step. Set inner_steps >= 1."
            )
        # Two classes have two outputs here: either may be any class of the next episode.
        return {
            name: replace(task, kind=task.kind_object.with_output_per_class())
            for name, task in tasks.items()
        }

    def layout(self, estimator: Any, codec: TargetCodec) -> TaskLayout:
        n_ways = int(estimator.n_ways)
        return TaskLayout([replace(t, classes=np.arange(n_ways)) for t in codec.tasks.values()])

    def fewest(self, estimator: Any) -> int:
        return int(estimator.n_ways)

    def with_units(self, rows: RowDataset) -> RowDataset:
        return replace(rows, group=rows.values[:, 0].long())

    def sampler(self, estimator: Any, index: RowIndex, shots: tuple[int, int]) -> EpisodeSampler:
        return ClassEpisodes(index, int(estimator.n_ways), shots, estimator.n_queries)

    def memory(
        self, estimator: Any, rows: RowDataset, n_units: int, generator: torch.Generator
    ) -> TaskMemory | None:
        method: MetaMethod = make_method(estimator.meta, META)
        if method.fixed_outputs and n_units > estimator.n_ways:
            return None
        most = min(int(estimator.max_support), max(CLASS_ROWS // n_units, 1))
        return TaskMemory.of(rows, n_units, most, generator).as_one_task()


EPISODES: dict[str, Episodes] = {"tasks": Episodes(), "classes": ClassesAsEpisodes()}


def has_inner_loop(estimator: Any) -> bool:
    """Whether the method uses a support at all."""
    method: MetaMethod = make_method(estimator.meta, META)
    return not method.has_steps or estimator.inner_steps > 0


def adapts(estimator: Any, has_ids: bool) -> bool:
    """Whether the estimator adapts on supports."""
    if estimator.meta is None or not EPISODES[estimator.episodes].has_any(has_ids):
        return False
    return has_inner_loop(estimator)


def draw_episodes(
    estimator: Any, rows: RowDataset, n_units: int, seed: Seed
) -> tuple[EpisodeDataset, DrawnEpisodes | None, EpisodeDataset]:
    """Episodes to train on, those of held-out units to validate on or None, and those of all units.

    Parameters
    ----------
    estimator : Settings
        One with the parameters of episodes.
    rows : RowDataset
        All rows, with their unit (task or class) as group.
    n_units : int
        How many units there are.
    seed : Seed
        Seeds the choice of the held-out units and their episodes.
    """
    kind = EPISODES[estimator.episodes]
    index = RowIndex.of(rows.labelled_group(), n_units)
    shots, fewest = shot_range(estimator.n_shots), kind.fewest(estimator)
    if shots[0] < kind.fewest_shots:
        raise ValueError(
            f"`n_shots`={estimator.n_shots!r} and episodes={estimator.episodes!r} contradict each "
            f"other: a {kind.unit} needs at least {kind.fewest_shots} support row."
        )
    large = (index.counts >= max(estimator.min_task_rows, 2)).nonzero()[:, 0]
    if len(large) < fewest:
        raise ValueError(
            f"Episodes need {fewest} {kind.unit if fewest == 1 else kind.units} of at least "
            f"{max(estimator.min_task_rows, 2)} labelled rows "
            f"(`min_task_rows`={estimator.min_task_rows!r}). Found {len(large)} among the "
            f"{n_units} {kind.units}, of which the largest has {int(index.counts.max())}. Lower "
            f"`min_task_rows`{'' if fewest == 1 else ' or `n_ways`'}, or merge {kind.units}."
        )
    largest = int(index.counts.max())
    if shots[0] >= largest:
        raise ValueError(
            f"`n_shots`={estimator.n_shots!r} asks for at least {shots[0]} support rows of each "
            f"{kind.unit} and one more as query, but the largest has {largest} labelled rows. "
            f"Lower it to {largest - 1} or less; the estimator adapts to longer supports too."
        )
    train, valid = _split(large, fewest, estimator, seed)
    training, every = (
        EpisodeDataset(rows, kind.sampler(estimator, index.select(units), shots), BATCHES_PER_EPOCH)
        for units in (train, large)
    )
    if not len(valid):
        return training, None, every
    held_out = kind.sampler(estimator, index.select(valid), shots)
    generator = seed.child("validation episodes").generator()
    episodes = EpisodeDataset(rows, held_out, BATCHES_PER_EPOCH)
    drawn = episodes.drawn(VALID_EPISODES, estimator.meta_batch_size, generator)
    return training, drawn, every


def _split(units: Tensor, fewest: int, estimator: Any, seed: Seed) -> tuple[Tensor, Tensor]:
    """Units to train on, and whole ones to validate on: a new one is what is to be predicted."""
    n_valid = max(round(estimator.validation_fraction * len(units)), 2, fewest)
    too_few = len(units) < FEWEST_VALID_TASKS or len(units) - n_valid < fewest
    if not estimator.early_stopping or too_few:
        return units, units[:0]
    random = np.random.default_rng(seed.child("validation split").value)
    order = units[torch.from_numpy(random.permutation(len(units)))]
    return order[n_valid:].sort().values, order[:n_valid].sort().values
