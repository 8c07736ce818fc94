"""Classes, carried over to other rows and other classes."""

from __future__ import annotations

from collections.abc import Hashable

from sklearn.base import ClassifierMixin

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._docs import documented
from sklearn_3mtl.estimators._kinds import classes_only
from sklearn_3mtl.estimators._transfer_docs import TRANSFER_ENTRIES
from sklearn_3mtl.estimators._transferring import TransferMixin

__all__ = ["TransferClassifier"]


@documented("classification", TRANSFER_ENTRIES, mixed="TransferEstimator")
class TransferClassifier(ClassifierMixin, TransferMixin):
    """Classes, carried over to other rows and other classes.

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
    A target without labels whose rows lie elsewhere:

    >>> import numpy as np
    >>> from sklearn_3mtl import TransferClassifier
    >>> random = np.random.default_rng(0)
    >>> X = random.normal(size=(200, 2))
    >>> y = np.where(X[:, 0] > 0, "yes", "no").astype(object)
    >>> site = np.repeat(["old", "new"], 100)
    >>> X[100:] += [0.5, 3.0]
    >>> y[100:] = None
    >>> est = TransferClassifier(domain_loss="dann", max_epochs=5, random_state=0)
    >>> est.fit(X, y, domain=site).predict(X[100:]).shape
    (100,)
    """

    # Not the mixin's, which knows neither missing labels nor several kinds of tasks.
    score = TransferMixin.score

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        return classes_only(self, targets, "TransferEstimator")
