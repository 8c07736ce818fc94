"""What one would do with a new task's few rows without meta-learning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from _shrunk import ShrunkIntercept
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import GridSearchCV, KFold

PENALTIES = np.logspace(-2, 6, 17)
# In standard deviations: a linear model of few rows, in a row that lies far out, may be off by more
# than all others together.
FARTHEST = 3.0
# Fewer rows hardly tell one penalty of classes from another.
FEWEST = 10


def numbers(X: pd.DataFrame) -> pd.DataFrame:
    """Categories one-hot, for linear models."""
    return pd.get_dummies(X, dtype=float)


def scaled(X: pd.DataFrame, train: np.ndarray) -> pd.DataFrame:
    """Columns in units of the training tasks' rows, outliers clipped."""
    spread = X[train].std().replace(0.0, 1.0)
    return ((X - X[train].mean()) / spread).clip(-FARTHEST, FARTHEST)


def own(X: pd.DataFrame, y: pd.Series, X_test: pd.DataFrame) -> np.ndarray:
    """A linear model of a task's own, on columns that are scaled."""
    if y.dtype.kind == "f":
        model: Any = RidgeCV(PENALTIES)
    elif y.nunique() == 1:
        return np.repeat(y.iloc[0], len(X_test))
    elif len(y) < FEWEST:
        model = LogisticRegression(max_iter=500)
    else:
        # Folds that lack a class are worth something still.
        model = GridSearchCV(
            LogisticRegression(max_iter=500), {"C": np.logspace(-3, 1, 5)}, scoring="accuracy",
            cv=KFold(3, shuffle=True, random_state=0), error_score=0.0,
        )  # fmt: skip
    return model.fit(X, y).predict(X_test)


def pooled_linear(
    X: pd.DataFrame, y: pd.Series, ids: pd.Series, train: np.ndarray, few: np.ndarray,
    test: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """A linear model of all tasks' rows, on columns that are scaled, and the few rows.

    Numbers: ridge regression of the training tasks plus a shrunk intercept for each task. Classes:
    logistic regression of all rows.
    """
    if y.dtype.kind != "f":
        both = train | few
        return LogisticRegression(max_iter=500).fit(X[both], y[both]).predict(X[test])
    model = ShrunkIntercept(RidgeCV(PENALTIES)).fit(X[train], y[train], ids[train])
    return model.adapt(X[few], y[few], ids[few]).predict(X[test], ids[test])


def constant(y: pd.Series, n_rows: int) -> np.ndarray:
    """The mean of a task's labels, or the most frequent one."""
    return np.repeat(y.mean() if y.dtype.kind == "f" else y.mode().iloc[0], n_rows)


def boosted(X: pd.DataFrame, y: pd.Series, seed: int, n_trees: int | None = None) -> Any:
    """Gradient boosting; text columns are categories. Without a number of trees, its defaults."""
    cls = HistGradientBoostingRegressor if y.dtype.kind == "f" else HistGradientBoostingClassifier
    options = {} if n_trees is None else {"max_iter": n_trees, "early_stopping": False}
    return cls(random_state=seed, categorical_features="from_dtype", **options).fit(X, y)
