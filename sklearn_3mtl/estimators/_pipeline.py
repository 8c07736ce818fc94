"""The function `adapt`, which also takes a Pipeline."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_3mtl.estimators._given import support_pair

__all__ = ["adapt"]


def adapt(
    estimator: Any,
    X: ArrayLike | tuple[ArrayLike, ArrayLike],
    y: ArrayLike | None = None,
    **params: object,
) -> Any:
    """Adapt a fitted estimator, or the last step of a fitted Pipeline.

    Parameters
    ----------
    estimator : estimator of this library, or Pipeline that ends in one
        It must be fitted, and is not changed.
    X : DataFrame or array-like of shape (n_samples, n_features), or tuple (X, y)
        Rows with the columns of the pipeline's `fit`. The transformers are not fitted again.
    y : DataFrame, Series or array-like, or None, default=None
        Labels. None: X is the tuple (X, y).
    **params
        Further arguments of the last step's `adapt`: `task`, `sample_weight`.

    Returns
    -------
    adapted : estimator or Pipeline
        A new fitted estimator, or a new pipeline with the same transformers.

    Raises
    ------
    TypeError
        If the last step has no method `adapt`.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_3mtl import MultiTaskRegressor, adapt
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> pipe = make_pipeline(StandardScaler(), MultiTaskRegressor(max_epochs=5, random_state=0))
    >>> _ = pipe.fit(X, pd.Series(X[:, 0], name="price"))
    >>> adapted = adapt(pipe, X[:20], pd.Series(X[:20, 1], name="rent"))
    >>> adapted.predict(X).shape
    (60, 2)
    """
    if not isinstance(estimator, Pipeline):
        if hasattr(estimator, "adapt"):
            return estimator.adapt(X, y, **params)
        raise TypeError(
            "adapt needs an estimator of this library, or a Pipeline that ends in one. "
            f"Found {type(estimator).__name__}."
        )
    last = estimator.steps[-1][1]
    check_is_fitted(last)
    X, y = support_pair(X, y)
    transformed = estimator[:-1].transform(X) if len(estimator.steps) > 1 else X
    adapted = adapt(last, transformed, y, **params)
    return Pipeline(
        [*estimator.steps[:-1], (estimator.steps[-1][0], adapted)],
        memory=estimator.memory,
        verbose=estimator.verbose,
    )
