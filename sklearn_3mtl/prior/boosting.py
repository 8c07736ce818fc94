"""Gradient boosting as prior."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import cast

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import TargetEncoder

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.inputs.tabular import MISSING_CODE
from sklearn_3mtl.prior.base import Estimator, Matrix, PriorModel, PriorRows

__all__ = ["BoostingPrior"]

# HistGradientBoosting takes at most 255 categories of a column.
MAX_CODES = 255
# With more rows than this, trees are larger, and as many as held-out rows ask for.
MANY_ROWS = 10_000
# With more classes or columns, its time outgrows that of all else.
MOST_CLASSES, MOST_COLUMNS = 50, 1_000
# The columns of many categories; with fewer rows their means say nothing.
WIDE, FEWEST_FOR_MEANS, FOLDS_OF_MEANS = "wide", 50, 5
LARGE: dict[str, object] = {
    "early_stopping": True,
    "max_iter": 200,
    "max_leaf_nodes": 63,
    # With the default of 10, eight of ten sets that it was tried on were predicted worse.
    "n_iter_no_change": 20,
}


class BoostingPrior(PriorModel):
    """scikit-learn's HistGradientBoosting on the columns that the network reads.

    It has its defaults, but an L2 penalty of 1 on the leaves. With more than 10,000 rows, trees
    have 63 leaves, and held-out rows choose how many there are, at most 200.

    Missing numbers and categories are missing for it too. Of a column of more than 255 categories
    it reads the mean label of each category, by cross-fitting (TargetEncoder). Text and other
    modalities are read as the vectors that the network reads.

    New rows are predicted by the models of the folds, averaged, which takes no further fit. From a
    hundred rows on that is as good as a model of all rows. Of fewer than 60, a fold has too few for
    its leaves of at least 20 rows, and the prediction is next to constant.

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskRegressor
    >>> MultiTaskRegressor(prior="boosting").prior
    'boosting'
    """

    name = "boosting"
    keeps_folds = True

    def suits(self, task: Task, n_labels: int, n_columns: int) -> bool:
        """Whether there are at most 50 classes, each with trees of its own, and 1,000 columns."""
        few_classes = task.classes is None or len(task.classes) <= MOST_CLASSES
        return few_classes and n_columns <= MOST_COLUMNS

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
        sizes = np.array(tabular.cardinalities, dtype=int)
        places = len(tabular.numeric) + np.arange(len(sizes))
        wide = places[sizes > MAX_CODES].tolist()
        others = [column for column in range(X.shape[1]) if column not in wide]
        narrow = [others.index(column) for column in places[sizes <= MAX_CODES]]
        options = {
            "categorical_features": narrow or None,
            "early_stopping": False,
            # Without it, leaves of rows that are all but certain make rare classes diverge.
            "l2_regularization": 1.0,
            "random_state": seed,
            # The folds, which have fewer rows, do as the fit on all rows does.
            **(LARGE if X.shape[0] > MANY_ROWS else {}),
        }
        is_number = task.classes is None
        cls = HistGradientBoostingRegressor if is_number else HistGradientBoostingClassifier
        model = cls(**options)
        if wide:
            parts = [("others", "passthrough", others), (WIDE, _means(is_number, seed), wide)]
            model = Pipeline([("encode", ColumnTransformer(parts)), ("boosting", model)])
        return [cast(Estimator, model)]

    def fit(
        self, model: Estimator, X: Matrix, y: np.ndarray, options: Mapping[str, np.ndarray]
    ) -> Estimator:
        """Fit a model; a column without a value in these rows, which it refuses, becomes 0."""
        empty = np.isnan(cast(np.ndarray, X)).all(axis=0)
        counts = np.unique(y, return_counts=True)[1] if is_classifier(model) else None
        last = model
        if isinstance(model, Pipeline):
            last = model[-1]
            if len(y) < FEWEST_FOR_MEANS or (counts is not None and counts.max() < FOLDS_OF_MEANS):
                model.set_params(**{f"encode__{WIDE}": "drop"})
        if counts is not None and (counts.min() < 2 or len(counts) > len(y) / 10):
            # It can't hold out a tenth of the rows with every class among them.
            cast(BaseEstimator, last).set_params(early_stopping=False)
        with warnings.catch_warnings():
            # The encoder says that a class is rare.
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            return super().fit(model, np.where(empty, 0.0, X) if empty.any() else X, y, options)


def _means(is_number: bool, seed: int) -> TargetEncoder:
    """An encoder that reads the mean label of each category, from folds that a seed draws."""
    kind = "continuous" if is_number else "auto"
    if inspect.signature(TargetEncoder).parameters["shuffle"].default is True:
        # Before scikit-learn 1.9.
        return TargetEncoder(target_type=kind, random_state=seed)
    make = KFold if is_number else StratifiedKFold
    folds = make(FOLDS_OF_MEANS, shuffle=True, random_state=seed)
    return TargetEncoder(target_type=kind, cv=folds)
