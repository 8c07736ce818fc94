"""Draw episodes, tasks split into support and query rows, for training and for validation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.fitting.episodes import EpisodePlan
from sklearn_3mtl.rows.episode_loader import DrawnEpisodes, EpisodeDataset
from sklearn_3mtl.rows.episodes import RowIndex
from sklearn_3mtl.rows.loader import RowDataset
from sklearn_3mtl.training.plan import TrainingPlan

__all__ = ["EpisodesOfFit", "draw_episodes"]

# Meta-batches of an epoch, for any number of rows; the fewest tasks (or classes) of which some are
# held out; the number of validation episodes.
BATCHES_PER_EPOCH, FEWEST_VALID_TASKS, VALID_EPISODES = 64, 10, 64


class EpisodesOfFit(NamedTuple):
    """The episodes of a fit: tasks, or sets of classes, split into support and query rows.

    Attributes
    ----------
    training : EpisodeDataset
        Episodes to train on.
    valid : DrawnEpisodes or None
        Episodes of held-out tasks or classes. None: none are held out.
    every : EpisodeDataset
        Episodes of all tasks or classes that are large enough.
    """

    training: EpisodeDataset
    valid: DrawnEpisodes | None
    every: EpisodeDataset


def draw_episodes(
    plan: EpisodePlan, training: TrainingPlan, rows: RowDataset, n_units: int, seed: Seed
) -> EpisodesOfFit:
    """Hold out units (tasks or classes), and prepare the episodes of training and validation.

    Parameters
    ----------
    plan : EpisodePlan
        What an episode is: a task or some classes, with support and query rows.
    training : TrainingPlan
        How many units are held out.
    rows : RowDataset
        All rows, with the unit of each as its group.
    n_units : int
        How many units there are.
    seed : Seed
        Seeds the choice of the held-out units and their episodes.
    """
    kind = plan.kind
    index = RowIndex.of(rows.labelled_group(), n_units)
    fewest = kind.fewest(plan)
    large = (index.counts >= max(plan.min_task_rows, 2)).nonzero()[:, 0]
    if len(large) < fewest:
        raise ValueError(
            f"Episodes need {fewest} {kind.unit if fewest == 1 else kind.units} of at least "
            f"{max(plan.min_task_rows, 2)} labelled rows "
            f"(`min_task_rows`={plan.min_task_rows!r}). Found {len(large)} among the "
            f"{n_units} {kind.units}, of which the largest has {int(index.counts.max())}. Lower "
            f"`min_task_rows`{'' if fewest == 1 else ' or `n_ways`'}, or merge {kind.units}."
        )
    largest = int(index.counts.max())
    if plan.shots[0] >= largest:
        raise ValueError(
            f"`n_shots`={plan.n_shots!r} asks for at least {plan.shots[0]} support rows of each "
            f"{kind.unit} and one more as query, but the largest has {largest} labelled rows. "
            f"Lower it to {largest - 1} or less; the estimator can still adapt to more rows."
        )
    trained, held_out = _split(large, fewest, training, seed)
    to_train, every = (
        EpisodeDataset(rows, kind.sampler(plan, index.select(units)), BATCHES_PER_EPOCH)
        for units in (trained, large)
    )
    if not len(held_out):
        return EpisodesOfFit(to_train, None, every)
    generator = seed.child("validation episodes").generator()
    sampler = kind.sampler(plan, index.select(held_out))
    episodes = EpisodeDataset(rows, sampler, BATCHES_PER_EPOCH)
    drawn = episodes.drawn(VALID_EPISODES, plan.meta_batch_size, generator)
    return EpisodesOfFit(to_train, drawn, every)


def _split(units: Tensor, fewest: int, plan: TrainingPlan, seed: Seed) -> tuple[Tensor, Tensor]:
    """Split units (tasks or classes) into those to train on and those to validate on.

    None are held out without early stopping, or if there are too few.
    """
    n_valid = max(round(plan.validation_fraction * len(units)), 2, fewest)
    too_few = len(units) < FEWEST_VALID_TASKS or len(units) - n_valid < fewest
    if not plan.early_stopping or too_few:
        return units, units[:0]
    random = np.random.default_rng(seed.child("validation split").value)
    order = units[torch.from_numpy(random.permutation(len(units)))]
    return order[n_valid:].sort().values, order[:n_valid].sort().values
