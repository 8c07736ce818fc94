"""Numbers, carried over to other rows and other targets."""

from __future__ import annotations

from collections.abc import Hashable

from sklearn.base import RegressorMixin

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._docs import documented
from sklearn_3mtl.estimators._kinds import regressions_only
from sklearn_3mtl.estimators._transfer_docs import TRANSFER_ENTRIES
from sklearn_3mtl.estimators._transferring import TransferMixin

__all__ = ["TransferRegressor"]


@documented("regression", TRANSFER_ENTRIES, mixed="TransferEstimator")
class TransferRegressor(RegressorMixin, TransferMixin):
    """Numbers, carried over to other rows and other targets.

    `fit` learns on a source with plenty of labels, `adapt` uses that on a target with few: a new
    estimator of the target's columns. Where the target has no label at all, fit source and target
    together: `domain_loss` makes the features of the domains alike. With `source` another fitted
    estimator is what `fit` starts from.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_3mtl import TransferRegressor
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> source = TransferRegressor(max_epochs=5, random_state=0).fit(X, X[:, 0] * X[:, 1])
    >>> target = source.adapt(X[:10], 2 * X[:10, 0] * X[:10, 1] + 1)
    >>> target.predict(X[:2]).shape
    (2,)
    """

    # Not the mixin's, which knows neither missing labels nor several kinds of tasks.
    score = TransferMixin.score

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        return regressions_only(self, targets, "TransferEstimator")
