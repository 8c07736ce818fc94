"""Extremely randomised trees as prior."""

from __future__ import annotations

from typing import cast

from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.prior.base import Estimator, Matrix, PriorRows
from sklearn_3mtl.prior.indicators import IndicatorPrior

__all__ = ["ForestPrior"]

# With more labels or columns it takes too long to be fitted unless it is asked for.
FEWER_LABELS, MOST_COLUMNS = 3_000, 1_000
N_TREES, SMALLEST_LEAF = 30, 2


class ForestPrior(IndicatorPrior):
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
    keeps_folds = True

    def suits(self, task: Task, n_labels: int, n_columns: int) -> bool:
        """Whether the table is small."""
        return n_labels < FEWER_LABELS and n_columns <= MOST_COLUMNS

    def candidates(self, task: Task, rows: PriorRows, X: Matrix, seed: int) -> list[Estimator]:
        """A classifier for a task with classes, else a regressor."""
        cls = ExtraTreesRegressor if task.classes is None else ExtraTreesClassifier
        model = cls(N_TREES, min_samples_leaf=SMALLEST_LEAF, random_state=seed)
        return [cast(Estimator, model)]
