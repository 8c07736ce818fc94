"""Tasks of few rows with targets of mixed kinds."""

from __future__ import annotations

from collections.abc import Hashable

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tasks import Task, tasks_of
from sklearn_3mtl.estimators._base import BaseMultiTask
from sklearn_3mtl.estimators._docs import documented
from sklearn_3mtl.estimators._meta_docs import META_ENTRIES
from sklearn_3mtl.estimators._meta_settings import MetaSettings

__all__ = ["MetaLearner"]


@documented("mixed", META_ENTRIES, mixed="MetaLearner")
class MetaLearner(MetaSettings, BaseMultiTask):
    """Many small tasks, each with targets of any kinds, and a new one from few rows.

    The network is trained so that a task, once it has adapted to a few of its rows (its support),
    predicts its others (its query) well. A task that `fit` saw is predicted from its own rows, a
    new one from those that `adapt` is given; an unknown one with what all tasks share.

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
    >>> from sklearn_3mtl import MetaLearner
    >>> random = np.random.default_rng(0)
    >>> X = pd.DataFrame({"x": random.uniform(-1, 1, 400), "store": np.repeat(range(20), 20)})
    >>> sales = X["x"] * random.normal(size=20)[X["store"]]
    >>> Y = pd.DataFrame({"sales": sales, "open": np.where(sales > 0, "yes", "no")})
    >>> meta = MetaLearner(task="store", max_epochs=5, random_state=0).fit(X, Y)
    >>> new = pd.DataFrame({"x": [-1.0, 1.0]})
    >>> shop = meta.adapt(new, pd.DataFrame({"sales": [-2.0, 2.0], "open": ["no", "yes"]}))
    >>> shop.predict(new).columns.tolist()
    ['sales', 'open']
    """

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        return tasks_of(targets, self.task_kinds, self.regression_loss)
