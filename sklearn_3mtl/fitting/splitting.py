"""Split rows into training and validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.rows.folds import MemberFolds, number_of_folds
from sklearn_3mtl.rows.loader import RowDataset
from sklearn_3mtl.rows.splits import validation_rows

__all__ = ["split_rows"]


def split_rows(
    dataset: RowDataset,
    layout: TaskLayout,
    stop_early: bool,
    fraction: float,
    kinds: Sequence[int],
    seed: Seed,
) -> tuple[RowDataset, RowDataset | None]:
    """Split rows into those to train on and those to validate on; None if all are for training.

    If the ensemble has several independent members, each of a kind holds out other rows. A held-out
    row still trains the other members. `kinds` is the kind of each independent member.
    """
    weight = dataset.weight
    mask = np.ones(dataset.values.shape, dtype=bool) if weight is None else weight.numpy() > 0
    labelled = np.flatnonzero(mask.any(axis=1))
    if not stop_early or len(labelled) < 2:
        return dataset.subset(torch.from_numpy(labelled)), None
    random = np.random.default_rng(seed.child("validation split").value)
    cells = _cells(dataset, layout, mask)
    if len(kinds) > 1:
        return _folds(dataset, cells, labelled, fraction, kinds, random)
    train, valid = validation_rows(cells, fraction, random)
    if not len(valid):
        return dataset.subset(torch.from_numpy(labelled)), None
    return dataset.subset(torch.from_numpy(train)), dataset.subset(torch.from_numpy(valid))


def _folds(
    dataset: RowDataset,
    cells: np.ndarray,
    labelled: np.ndarray,
    fraction: float,
    kinds: Sequence[int],
    random: np.random.Generator,
) -> tuple[RowDataset, RowDataset | None]:
    n_folds = number_of_folds(kinds)
    fold = np.full(len(cells), -1)
    left = cells.copy()
    wanted = min(fraction, 1 / n_folds) * len(labelled)
    for number in range(n_folds):
        rest = (left >= 0).any(axis=1).sum()
        _, valid = validation_rows(left, min(wanted / max(rest, 1), 1.0), random)
        fold[valid], left[valid] = number, -1
    held_out = np.flatnonzero(fold >= 0)
    everything = dataset.subset(torch.from_numpy(labelled))
    if not len(held_out):
        return everything, None
    folds = MemberFolds.of(torch.from_numpy(fold), kinds)
    everything = replace(everything, folds=folds)
    validation = replace(everything, rows=torch.from_numpy(held_out), held_out=True)
    return everything, validation


def _cells(dataset: RowDataset, layout: TaskLayout, mask: np.ndarray) -> np.ndarray:
    """Number the combination of task, class and task id of each label; -1 for a missing label.

    `validation_rows` draws rows so that each of these cells stays represented.
    """
    cells = np.zeros(mask.shape, dtype=np.int64)
    n_cells = 0
    for index, task in enumerate(layout.tasks):
        cells[:, index] = n_cells
        if task.classes is not None:
            cells[:, index] += dataset.values[:, index].numpy().astype(np.int64)
        n_cells += 1 if task.classes is None else len(task.classes)
    if dataset.group is not None:
        cells += dataset.group.numpy()[:, None] * n_cells
    return np.where(mask, cells, -1)
