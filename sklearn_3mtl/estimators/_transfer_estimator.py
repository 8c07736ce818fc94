"""Targets of mixed kinds, carried over to other rows and other targets."""

from __future__ import annotations

from collections.abc import Hashable

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tasks import Task, tasks_of
from sklearn_3mtl.estimators._docs import documented
from sklearn_3mtl.estimators._transfer_docs import TRANSFER_ENTRIES
from sklearn_3mtl.estimators._transferring import TransferMixin

__all__ = ["TransferEstimator"]


@documented("mixed", TRANSFER_ENTRIES, mixed="TransferEstimator")
class TransferEstimator(TransferMixin):
    """Targets of mixed kinds, carried over to other rows and other targets.

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
    >>> import pandas as pd
    >>> from sklearn_3mtl import TransferEstimator
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> Y = pd.DataFrame({"price": X[:, 0] + X[:, 1], "sold": X[:, 1] > 0})
    >>> source = TransferEstimator(max_epochs=5, random_state=0).fit(X, Y)
    >>> target = source.adapt(X[:20], pd.Series(2 * X[:20, 0], name="rent"))
    >>> target.predict(X[:2]).name
    'rent'
    """

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        return tasks_of(targets, self.task_kinds, self.regression_loss)
