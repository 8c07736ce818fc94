"""A pooled model and an intercept per group, shrunk as the data say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import GroupKFold


class ShrunkIntercept:
    """A pooled model plus, for each group, the shrunk mean of its residuals.

    The residuals are those of cross-fitting by group. How much a group's mean is shrunk follows
    from the variances within and between groups, which the method of moments estimates.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: pd.DataFrame, y: pd.Series, groups: pd.Series) -> ShrunkIntercept:
        """Fit the model and the intercepts."""
        residual = pd.Series(0.0, X.index)
        for train, test in GroupKFold(5).split(X, y, groups):
            fitted = clone(self.model).fit(X.iloc[train], y.iloc[train])
            residual.iloc[test] = y.iloc[test] - np.ravel(fitted.predict(X.iloc[test]))
        self.model.fit(X, y)
        own = residual.groupby(groups.to_numpy())
        counts = own.size()
        within = ((residual - own.transform("mean")) ** 2).sum() / max(
            len(residual) - len(counts), 1
        )
        between = float(np.average(own.mean() ** 2, weights=counts))
        self.within = within
        self.between = max(between - within * len(counts) / len(residual), 1e-9)
        self.intercepts = pd.Series(dtype=float)
        return self._keep(residual, groups)

    def adapt(self, X: pd.DataFrame, y: pd.Series, groups: pd.Series) -> ShrunkIntercept:
        """Add the intercepts of further groups."""
        return self._keep(y - np.ravel(self.model.predict(X)), groups)

    def _keep(self, residual: pd.Series, groups: pd.Series) -> ShrunkIntercept:
        own = residual.groupby(groups.to_numpy())
        shrunk = own.sum() / (own.size() + self.within / self.between)
        self.intercepts = shrunk.combine_first(self.intercepts)
        return self

    def predict(self, X: pd.DataFrame, groups: pd.Series) -> np.ndarray:
        """Predict rows of known and unknown groups."""
        own = groups.map(self.intercepts).fillna(0.0).to_numpy()
        return np.ravel(self.model.predict(X)) + own
