"""The function `adapt`, which also takes a Pipeline."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike
from sklearn.base import is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sklearn_3mtl.estimators._base import is_other_model
from sklearn_3mtl.estimators._given import support_pair
from sklearn_3mtl.estimators.transfer import TransferClassifier, TransferRegressor

__all__ = ["adapt"]


def adapt(
    estimator: Any,
    X: ArrayLike | tuple[ArrayLike, ArrayLike],
    y: ArrayLike | None = None,
    **params: object,
) -> Any:
    """Adapt a fitted estimator, the last step of a fitted Pipeline, or any scikit-learn model.

    A model that is not of this library becomes the `source` of a TransferClassifier or
    TransferRegressor, which corrects what the model predicts as far as the rows are evidence for
    it: few rows shift or rescale the predictions, more rows change how they depend on X.

    Parameters
    ----------
    estimator : estimator of this library, Pipeline that ends in one, or scikit-learn model
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
        A new fitted estimator, or a new pipeline with the same transformers. Of a scikit-learn
        model: a TransferClassifier or TransferRegressor that reads the model's X.

    Raises
    ------
    TypeError
        If `estimator` is neither a classifier nor a regressor.

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
    if hasattr(estimator, "adapt"):
        return estimator.adapt(X, y, **params)
    if not hasattr(_innermost(estimator), "adapt"):
        return _corrected(estimator, X, y, **params)
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


def _innermost(estimator: object) -> object:
    """The last step of a Pipeline, or of a Pipeline that is the last step of one."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def _corrected(
    model: object, X: ArrayLike | tuple[ArrayLike, ArrayLike], y: ArrayLike | None, **params: Any
) -> TransferClassifier | TransferRegressor:
    """A correction of a fitted scikit-learn model, fitted on some rows."""
    if not is_other_model(model):
        raise TypeError(
            "adapt needs an estimator of this library, a Pipeline that ends in one, or a fitted "
            f"scikit-learn classifier or regressor. Found {type(model).__name__}."
        )
    check_is_fitted(model)
    X, y = support_pair(X, y)
    cls = TransferClassifier if is_classifier(model) else TransferRegressor
    return cls(source=FrozenEstimator(model), random_state=0).fit(X, y, **params)
