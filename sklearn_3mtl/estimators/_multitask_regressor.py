"""Several regression tasks."""

from __future__ import annotations

from collections.abc import Hashable

from sklearn.base import RegressorMixin

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._base import BaseMultiTask
from sklearn_3mtl.estimators._docs import documented
from sklearn_3mtl.estimators._kinds import regressions_only

__all__ = ["MultiTaskRegressor"]


@documented("regression")
class MultiTaskRegressor(RegressorMixin, BaseMultiTask):
    """One network for several regression tasks, labels of some missing.

    Each column of y is a task, standardised inside; predictions are in the target's own units.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskRegressor
    >>> from sklearn_3mtl.datasets import make_multitask_regression
    >>> X, Y = make_multitask_regression(n_samples=80, n_tasks=2, missing=0.3, random_state=0)
    >>> MultiTaskRegressor(max_epochs=5, random_state=0).fit(X, Y).predict(X).shape
    (80, 2)
    """

    # Not the mixin's, which knows neither missing labels nor several kinds of tasks.
    score = BaseMultiTask.score

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        return regressions_only(self, targets, "MultiTaskEstimator")
