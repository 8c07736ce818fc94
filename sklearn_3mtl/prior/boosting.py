"""Gradient boosting as prior."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.inputs.tabular import MISSING_CODE
from sklearn_3mtl.prior.base import Estimator, Matrix, PriorModel, PriorRows

__all__ = ["BoostingPrior"]

# HistGradientBoosting takes at most 255 categories of a column.
MAX_CODES = 255
# With more rows than this, trees are larger, and as many as held-out rows ask for.
MANY_ROWS = 10_000
LARGE: dict[str, object] = {"early_stopping": True, "max_iter": 200, "max_leaf_nodes": 63}


class BoostingPrior(PriorModel):
    """scikit-learn's HistGradientBoosting on the columns that the network reads.

    It has its defaults, but an L2 penalty of 1 on the leaves. With more than 10,000 rows, trees
    have 63 leaves, and held-out rows choose how many there are, at most 200.

    Missing numbers and categories are missing for it too. A column of more than 255 categories is
    read as numbers. Text and other modalities are read as the vectors that the network reads.

    New rows are predicted by the models of the folds, averaged, which is as good as a model of all
    rows and takes no further fit.

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskRegressor
    >>> MultiTaskRegressor(prior="boosting").prior
    'boosting'
    """

    name = "boosting"
    keeps_folds = True

    def matrix(self, rows: PriorRows) -> Matrix:
        """Numbers, codes of categories and vectors, side by side."""
        tabular, coded = rows.inputs.tabular, rows.coded
        n_columns = len(tabular.numeric)
        numeric = coded["numeric"].numpy()
        numbers = numeric[:, :n_columns].copy()
        # Behind the numbers stand the indicators of missing ones.
        for index, column in enumerate(tabular.gaps.tolist()):
            numbers[numeric[:, n_columns + index] > 0, column] = np.nan
        parts = [numbers]
        if "categorical" in coded:
            codes = coded["categorical"].numpy()
            parts.append(np.where(codes == MISSING_CODE, np.nan, codes).astype(np.float32))
        parts += [coded[name].flatten(1).numpy() for name in rows.inputs.embedded]
        return np.concatenate(parts, axis=1)

    def candidates(self, task: Task, rows: PriorRows, X: Matrix, seed: int) -> list[Estimator]:
        """A classifier for a task with classes, else a regressor."""
        tabular = rows.inputs.tabular
        narrow = np.flatnonzero(np.array(tabular.cardinalities, dtype=int) <= MAX_CODES)
        categorical = (len(tabular.numeric) + narrow).tolist() or None
        options = {
            "categorical_features": categorical,
            "early_stopping": False,
            # Without it, leaves of rows that are all but certain make rare classes diverge.
            "l2_regularization": 1.0,
            "random_state": seed,
            # The folds, which have fewer rows, do as the fit on all rows does.
            **(LARGE if X.shape[0] > MANY_ROWS else {}),
        }
        if task.classes is not None:
            return [cast(Estimator, HistGradientBoostingClassifier(**options))]
        return [cast(Estimator, HistGradientBoostingRegressor(**options))]

    def fit(
        self, model: Estimator, X: Matrix, y: np.ndarray, options: Mapping[str, np.ndarray]
    ) -> Estimator:
        """Fit a model; a column without a value in these rows, which it refuses, becomes 0."""
        empty = np.isnan(cast(np.ndarray, X)).all(axis=0)
        return super().fit(model, np.where(empty, 0.0, X) if empty.any() else X, y, options)
