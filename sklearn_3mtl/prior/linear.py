"""A linear model as prior: ridge or logistic regression."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import cast

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.prior.base import Estimator, Matrix, PriorRows
from sklearn_3mtl.prior.indicators import MANY_COLUMNS, IndicatorPrior

__all__ = ["LinearPrior"]

RIDGE_PENALTIES = np.logspace(-2, 4, 13)
# Every other one, where no closed form of leave-one-out chooses among them.
FEW_RIDGE_PENALTIES = RIDGE_PENALTIES[::2]
INVERSE_PENALTIES = np.logspace(-3, 1, 5)
MAX_ITERATIONS = 200
# The closed form of leave-one-out needs these.
FEWEST_ROWS = 3


class LinearPrior(IndicatorPrior):
    """Ridge regression, or logistic regression for classes; the penalty by cross-validation.

    It reads the numbers as the network does, an indicator for each category, all words of a text,
    and the vectors of other modalities.

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskRegressor
    >>> MultiTaskRegressor(prior="linear").prior
    'linear'
    """

    name = "linear"

    def candidates(self, task: Task, rows: PriorRows, X: Matrix, seed: int) -> list[Estimator]:
        """Ridge regressions, or logistic regressions for a task with classes."""
        found: list[RidgeCV] | list[Ridge] | list[LogisticRegression]
        if task.classes is not None:
            found = [LogisticRegression(C=c, max_iter=MAX_ITERATIONS) for c in INVERSE_PENALTIES]
        elif isinstance(X, np.ndarray) and X.shape[1] <= MANY_COLUMNS:
            found = [RidgeCV(RIDGE_PENALTIES)]
        else:
            found = [Ridge(penalty) for penalty in FEW_RIDGE_PENALTIES]
        return cast(list[Estimator], found)

    def fit(
        self, model: Estimator, X: Matrix, y: np.ndarray, options: Mapping[str, np.ndarray]
    ) -> Estimator:
        """Fit a model; whether it converged does not matter, because it is judged out of fold."""
        if isinstance(model, RidgeCV) and len(y) < FEWEST_ROWS:
            model = cast(Estimator, Ridge())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return super().fit(model, X, y, options)
