"""Reading saved estimators."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from sklearn_3mtl.estimators._keeping import keep_fitted
from sklearn_3mtl.estimators.meta import MetaClassifier, MetaLearner, MetaRegressor
from sklearn_3mtl.estimators.multitask import (
    MultiTaskClassifier,
    MultiTaskEstimator,
    MultiTaskRegressor,
)
from sklearn_3mtl.estimators.three_mtl import (
    ThreeMTLClassifier,
    ThreeMTLEstimator,
    ThreeMTLRegressor,
)
from sklearn_3mtl.estimators.transfer import (
    TransferClassifier,
    TransferEstimator,
    TransferRegressor,
)
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
    """Read an estimator that ``save`` wrote. No code from the file is run.

    Parameters
    ----------
    path : path-like
        The file.
    parts : mapping of parameter name to value, or None, default=None
        Values that a file cannot hold: your own modules, plug-ins and functions, by the name of the
        parameter that had them. None: there were none.
    trusted : sequence of str, default=()
        Full names of further types that may be built inside scikit-learn transformers. skops lists
        the types that it trusts by default.

    Returns
    -------
    estimator : estimator of the class that was saved
        It is fitted and on the CPU.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, of another format, or not written by this library, or if something
        is missing in `parts` or `trusted`. The message names it.

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
    saved = read_estimator(path, classes, dict(parts or {}), trusted)
    keep_fitted(saved.estimator, saved.fitted)
    return saved.estimator
