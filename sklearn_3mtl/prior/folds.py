"""The folds of cross-fitting."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from sklearn_3mtl.data.tasks import Task

__all__ = ["Fold", "make_folds"]

# Positions of the rows that a model is fitted on, and of those that it predicts.
Fold = tuple[np.ndarray, np.ndarray]
N_FOLDS = 3


def make_folds(task: Task, labels: np.ndarray, groups: np.ndarray | None, seed: int) -> list[Fold]:
    """Divide labelled rows into three folds, or two if there are fewer rows or groups.

    Rows of one group stay together if there are several groups. Every fold has every class if the
    classes have enough rows.

    Parameters
    ----------
    task : Task
        The task.
    labels : ndarray of shape (n,)
        Numbers, or positions among the classes.
    groups : ndarray of shape (n,) or None
        The group of each row. None: there are none.
    seed : int
        Draws the folds.

    Raises
    ------
    ValueError
        If there are fewer than two rows.
    """
    n_rows = len(labels)
    if n_rows < 2:
        raise ValueError(
            f"Task {task.name!r} has {n_rows} sample(s) with a label of positive weight; `prior` "
            "needs two, to be fitted and tested on different ones. Set prior=None."
        )
    counts = np.unique(labels, return_counts=True)[1]
    has_classes = task.classes is not None and len(counts) > 1
    numbers = None if groups is None else np.unique(groups.astype(str), return_inverse=True)[1]
    options = {"shuffle": True, "random_state": seed}
    if numbers is not None and numbers.max() > 0:
        n_folds = min(N_FOLDS, int(numbers.max()) + 1)
        stratified = has_classes and counts.min() >= n_folds
        by_group = (StratifiedGroupKFold if stratified else GroupKFold)(n_folds, **options)
        # Stratified folds of few groups may be empty.
        folds = by_group.split(labels, labels, numbers)
        return [(train, test) for train, test in folds if len(train) and len(test)]
    n_folds = min(N_FOLDS, n_rows)
    stratified = has_classes and counts.min() >= n_folds
    by_row = (StratifiedKFold if stratified else KFold)(n_folds, **options)
    return list(by_row.split(labels, labels))
