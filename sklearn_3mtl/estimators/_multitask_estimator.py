"""Several tasks of mixed kinds."""

from __future__ import annotations

from collections.abc import Hashable

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tasks import Task, tasks_of
from sklearn_3mtl.estimators._base import BaseMultiTask
from sklearn_3mtl.estimators._docs import documented

__all__ = ["MultiTaskEstimator"]


@documented("mixed")
class MultiTaskEstimator(BaseMultiTask):
    """One network for several tasks of mixed kinds, labels of some missing.

    Each column of y is a task; its kind is inferred: floats with the values 0 and 1 only are
    binary, other floats regression, integers classification with at most 10 distinct values and
    regression with more, booleans, strings and categories classification. A missing label takes
    no part in training and scoring. Where the tasks are groups of rows (stores, patients), name
    the column of X that says which: `task`.

    Since the kinds are known after `fit` only, scikit-learn sees neither a classifier nor a
    regressor: ``cv=5`` makes a plain KFold.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_3mtl import MultiTaskEstimator
    >>> X = pd.DataFrame({"age": [20, 30, 40, 50], "city": ["a", "b", "a", "b"]})
    >>> Y_tasks = pd.DataFrame(
    ...     {"income": [1.5, 2.5, None, 4.5], "member": ["no", None, "yes", "yes"]}
    ... )
    >>> est = MultiTaskEstimator(max_epochs=5, random_state=0).fit(X, Y_tasks)
    >>> {name: task.kind for name, task in est.tasks_.items()}
    {'income': 'regression', 'member': 'binary'}
    >>> est.predict(X).columns.tolist()
    ['income', 'member']
    """

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        return tasks_of(targets, self.task_kinds, self.regression_loss)
