"""A linear model as prior: ridge or logistic regression."""

from __future__ import annotations

from typing import cast

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.inputs.tabular import UNSEEN_CODE
from sklearn_3mtl.prior.base import Estimator, Matrix, PriorModel, PriorRows, take_rows

__all__ = ["LinearPrior", "LogisticOfChosenPenalty", "RidgeOfChosenPenalty"]

RIDGE_PENALTIES = np.logspace(-2, 4, 13)
INVERSE_PENALTIES = np.logspace(-3, 2, 6)
# With more rows than this, the penalty is chosen on one fold instead of all of them.
FEW_ROWS, N_FOLDS = 2_000, 5
# With more columns than this, the closed form of leave-one-out takes longer than the folds.
MANY_COLUMNS = 1_000
MAX_ITERATIONS = 200


class LinearPrior(PriorModel):
    """Ridge regression, or logistic regression for classes; the penalty by cross-validation.

    It reads the numbers as the network does, an indicator for each category, all words of a text,
    and the vectors of other modalities.

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskRegressor
    >>> MultiTaskRegressor(prior="linear").prior
    'linear'
    """

    def matrix(self, rows: PriorRows) -> Matrix:
        """Numbers, indicators of categories, and words or vectors, side by side."""
        coded, embedded = rows.coded, rows.inputs.embedded
        parts: list[np.ndarray | sparse.csr_matrix] = [coded["numeric"].numpy().astype(np.float64)]
        if "categorical" in coded:
            codes = coded["categorical"].numpy()
            for column, size in enumerate(rows.inputs.tabular.cardinalities):
                parts.append(_indicators(codes[:, column], size))
        for name, inputs in embedded.items():
            terms = inputs.terms(rows.table, rows.start, rows.stop)
            parts.append(coded[name].flatten(1).numpy() if terms is None else terms)
        if all(isinstance(part, np.ndarray) for part in parts):
            return np.concatenate(cast(list[np.ndarray], parts), axis=1)
        return cast(Matrix, sparse.hstack(parts, format="csr", dtype=np.float64))

    def make(self, task: Task, rows: PriorRows, seed: int) -> Estimator:
        """Ridge regression, or logistic regression for a task with classes."""
        if task.classes is None:
            return cast(Estimator, RidgeOfChosenPenalty(seed))
        return cast(Estimator, LogisticOfChosenPenalty(seed))

    def kept(self, model: Estimator) -> Estimator:
        """The regression at the chosen penalty."""
        return cast(Estimator, cast(_ChosenPenalty, model).model_)


def _indicators(codes: np.ndarray, size: int) -> np.ndarray | sparse.csr_matrix:
    """An indicator column for each code except that of unseen categories, which is all zeros."""
    known = np.flatnonzero(codes != UNSEEN_CODE)
    ones = np.ones(len(known))
    found = sparse.csr_matrix((ones, (known, codes[known])), shape=(len(codes), size))
    return found.toarray() if size <= MANY_COLUMNS // 10 else found


class _ChosenPenalty(BaseEstimator):
    """A linear model whose penalty is the best on left-out rows.

    Parameters
    ----------
    seed : int
        Draws the folds.
    """

    model_: Ridge | RidgeCV | LogisticRegression

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def predict(self, X: Matrix) -> np.ndarray:
        """Predict labels."""
        found: np.ndarray = self.model_.predict(X)
        return found

    def _folds(self, n_rows: int) -> list[tuple[np.ndarray, np.ndarray]]:
        folds = list(
            KFold(min(N_FOLDS, n_rows), shuffle=True, random_state=self.seed).split(range(n_rows))
        )
        return folds if n_rows <= FEW_ROWS else folds[:1]


class RidgeOfChosenPenalty(_ChosenPenalty):
    """Ridge regression; its penalty is chosen by leave-one-out, or with many columns on folds."""

    _estimator_type = "regressor"

    def fit(
        self, X: Matrix, y: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> RidgeOfChosenPenalty:
        """Choose the penalty and fit the model."""
        if isinstance(X, np.ndarray) and X.shape[1] <= MANY_COLUMNS:
            self.model_ = RidgeCV(RIDGE_PENALTIES).fit(X, y, sample_weight)
            return self
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        errors = np.zeros(len(RIDGE_PENALTIES))
        for train, test in self._folds(len(y)):
            for number, penalty in enumerate(RIDGE_PENALTIES):
                model = Ridge(penalty).fit(take_rows(X, train), y[train], weight[train])
                residual = y[test] - model.predict(take_rows(X, test))
                errors[number] += (weight[test] * residual**2).sum()
        self.model_ = Ridge(float(RIDGE_PENALTIES[errors.argmin()])).fit(X, y, sample_weight)
        return self


class LogisticOfChosenPenalty(_ChosenPenalty):
    """Logistic regression; its penalty is chosen on folds."""

    _estimator_type = "classifier"

    def fit(
        self, X: Matrix, y: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> LogisticOfChosenPenalty:
        """Choose the penalty and fit the model."""
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        self.classes_, codes = np.unique(y, return_inverse=True)
        losses = np.zeros(len(INVERSE_PENALTIES))
        for train, test in self._folds(len(y)):
            test = test[np.isin(codes[test], codes[train])]
            if len(np.unique(codes[train])) < 2 or not len(test):
                continue
            model = LogisticRegression(max_iter=MAX_ITERATIONS, warm_start=True)
            for number, inverse in enumerate(INVERSE_PENALTIES):
                model.set_params(C=inverse).fit(take_rows(X, train), codes[train], weight[train])
                found = model.predict_proba(take_rows(X, test))
                losses[number] += log_loss(
                    codes[test], found, sample_weight=weight[test], labels=model.classes_,
                    normalize=False,
                )  # fmt: skip
        best = float(INVERSE_PENALTIES[losses.argmin()])
        self.model_ = LogisticRegression(C=best, max_iter=MAX_ITERATIONS)
        self.model_.fit(X, y, sample_weight)
        return self

    def predict_proba(self, X: Matrix) -> np.ndarray:
        """Predict the probability of each class."""
        found: np.ndarray = self.model_.predict_proba(X)
        return found
