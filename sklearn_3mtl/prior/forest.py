"""Extremely randomised trees as prior."""

from __future__ import annotations

from typing import cast

from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.prior.base import Estimator, Matrix, PriorModel, PriorRows
from sklearn_3mtl.prior.indicators import indicator_matrix

__all__ = ["ForestPrior"]

# With more rows or columns, its time and its size outgrow those of the network.
FEWER_LABELS, MOST_COLUMNS = 3_000, 1_000
N_TREES, SMALLEST_LEAF = 30, 2


class ForestPrior(PriorModel):
    """scikit-learn's ExtraTrees: 30 trees with leaves of at least two rows.

    It reads what the linear model reads. New rows are predicted by the forests of the folds,
    averaged.

    References
    ----------
    Geurts, Ernst, Wehenkel, "Extremely randomized trees", Machine Learning 2006.

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskRegressor
    >>> MultiTaskRegressor(prior="forest").prior
    'forest'
    """

    name = "forest"
    matrix_name = "indicators"
    keeps_folds = True

    def suits(self, task: Task, n_labels: int, n_columns: int) -> bool:
        """Whether the table is small."""
        return n_labels < FEWER_LABELS and n_columns <= MOST_COLUMNS

    def matrix(self, rows: PriorRows) -> Matrix:
        """Numbers, indicators of categories, and words or vectors, side by side."""
        return indicator_matrix(rows)

    def candidates(self, task: Task, rows: PriorRows, X: Matrix, seed: int) -> list[Estimator]:
        """A classifier for a task with classes, else a regressor."""
        cls = ExtraTreesRegressor if task.classes is None else ExtraTreesClassifier
        model = cls(N_TREES, min_samples_leaf=SMALLEST_LEAF, random_state=seed)
        return [cast(Estimator, model)]
