"""Reading saved estimators."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from sklearn_3mtl.estimators._meta_classifier import MetaClassifier
from sklearn_3mtl.estimators._meta_learner import MetaLearner
from sklearn_3mtl.estimators._meta_regressor import MetaRegressor
from sklearn_3mtl.estimators._multitask_classifier import MultiTaskClassifier
from sklearn_3mtl.estimators._multitask_estimator import MultiTaskEstimator
from sklearn_3mtl.estimators._multitask_regressor import MultiTaskRegressor
from sklearn_3mtl.estimators._three_mtl_classifier import ThreeMTLClassifier
from sklearn_3mtl.estimators._three_mtl_estimator import ThreeMTLEstimator
from sklearn_3mtl.estimators._three_mtl_regressor import ThreeMTLRegressor
from sklearn_3mtl.estimators._transfer_classifier import TransferClassifier
from sklearn_3mtl.estimators._transfer_estimator import TransferEstimator
from sklearn_3mtl.estimators._transfer_regressor import TransferRegressor
from sklearn_3mtl.saving.estimator_file import read_estimator

__all__ = ["load_estimator"]

CLASSES = (
    MetaClassifier, MetaLearner, MetaRegressor,
    MultiTaskClassifier, MultiTaskEstimator, MultiTaskRegressor,
    ThreeMTLClassifier, ThreeMTLEstimator, ThreeMTLRegressor,
    TransferClassifier, TransferEstimator, TransferRegressor,
)  # fmt: skip


def load_estimator(
    path: str | os.PathLike[str],
    *,
    parts: Mapping[str, Any] | None = None,
    trusted: Sequence[str] = (),
) -> Any:
    """Read an estimator that ``save`` wrote; no code from the file is run.

    Parameters
    ----------
    path : path-like
        The file.
    parts : mapping of parameter name to value, or None, default=None
        The user's own modules, plug-ins and functions, which a file never holds: for each
        parameter that had one, the object. None where there were none.
    trusted : sequence of str, default=()
        Types of objects within scikit-learn estimators, by their full names, that may be built
        though skops doesn't know them to be harmless.

    Returns
    -------
    estimator : the class that was saved
        Fitted, on the CPU.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, foreign or of another version's format, or `parts` or `trusted`
        lacks something; the message names it.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from sklearn_3mtl import MultiTaskRegressor, load_estimator
    >>> est = MultiTaskRegressor(max_epochs=1, random_state=0).fit([[0.0], [1.0]], [0.0, 1.0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "est.3mtl"
    ...     est.save(path)
    ...     same = load_estimator(path)
    >>> bool((same.predict([[0.5]]) == est.predict([[0.5]])).all())
    True
    """
    classes = {cls.__name__: cls for cls in CLASSES}
    return read_estimator(path, classes, dict(parts or {}), trusted)
