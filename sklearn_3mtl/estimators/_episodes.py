"""Which tasks an estimator draws episodes from, and which it validates on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.episode_loader import DrawnEpisodes, EpisodeDataset
from sklearn_3mtl.data.episodes import RowIndex, TaskEpisodes
from sklearn_3mtl.data.loader import RowDataset
from sklearn_3mtl.estimators._parameters import make_method, shot_range
from sklearn_3mtl.meta import META

__all__ = ["adapts_to_tasks", "task_episodes"]

# An epoch of episodes, whatever the number of rows; what a validation needs to say something.
BATCHES_PER_EPOCH, FEWEST_VALID_TASKS, VALID_EPISODES = 64, 10, 64


def adapts_to_tasks(estimator: Any, has_ids: bool) -> bool:
    """Whether each task's rows are a support that the estimator adapts on."""
    if estimator.meta is None or not has_ids:
        return False
    method: Any = make_method(estimator.meta, META)
    return not method.has_steps or estimator.inner_steps > 0


def task_episodes(
    estimator: Any, rows: RowDataset, n_tasks: int, seed: Seed
) -> tuple[EpisodeDataset, DrawnEpisodes | None]:
    """Episodes to train on, and those of held-out tasks to validate on or None.

    Parameters
    ----------
    estimator : Settings
        One with the parameters of episodes.
    rows : RowDataset
        All rows, with a group.
    n_tasks : int
        How many tasks there are.
    seed : Seed
        Seeds the choice of the held-out tasks and their episodes.
    """
    index = RowIndex.of(rows.labelled_group(), n_tasks)
    shots = shot_range(estimator.n_shots)
    large = (index.counts >= max(estimator.min_task_rows, 2)).nonzero()[:, 0]
    if not len(large):
        raise ValueError(
            f"No task has {max(estimator.min_task_rows, 2)} labelled rows, the fewest that "
            f"`min_task_rows`={estimator.min_task_rows!r} lets an episode be drawn from; the "
            f"largest of the {n_tasks} tasks has {int(index.counts.max())}. Lower it, or merge "
            "tasks."
        )
    train, valid = _split(large, estimator, seed)
    training = EpisodeDataset(
        rows, TaskEpisodes(index.select(train), shots, estimator.n_queries), BATCHES_PER_EPOCH
    )
    if not len(valid):
        return training, None
    held_out = TaskEpisodes(index.select(valid), shots, estimator.n_queries)
    generator = seed.child("validation episodes").generator()
    episodes = EpisodeDataset(rows, held_out, BATCHES_PER_EPOCH)
    return training, episodes.drawn(VALID_EPISODES, estimator.meta_batch_size, generator)


def _split(tasks: Tensor, estimator: Any, seed: Seed) -> tuple[Tensor, Tensor]:
    """Tasks to train on, and whole tasks to validate on: a new one is what is to be predicted."""
    if not estimator.early_stopping or len(tasks) < FEWEST_VALID_TASKS:
        return tasks, tasks[:0]
    n_valid = max(round(estimator.validation_fraction * len(tasks)), 2)
    random = np.random.default_rng(seed.child("validation split").value)
    order = tasks[torch.from_numpy(random.permutation(len(tasks)))]
    return order[n_valid:].sort().values, order[:n_valid].sort().values
