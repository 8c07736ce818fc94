"""Classification that adapts to tasks of few rows."""

from __future__ import annotations

from collections.abc import Hashable

from sklearn.base import ClassifierMixin

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._base import BaseMultiTask
from sklearn_3mtl.estimators._docs import documented
from sklearn_3mtl.estimators._kinds import classes_only
from sklearn_3mtl.estimators._meta_docs import META_ENTRIES
from sklearn_3mtl.estimators._meta_settings import MetaSettings

__all__ = ["MetaClassifier"]


@documented("classification", META_ENTRIES, mixed="MetaLearner")
class MetaClassifier(ClassifierMixin, MetaSettings, BaseMultiTask):
    """Classification for many small tasks, and for a new one from few rows.

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
    >>> from sklearn_3mtl import MetaClassifier
    >>> random = np.random.default_rng(0)
    >>> X = pd.DataFrame({"x": random.uniform(-1, 1, 400), "user": np.repeat(range(20), 20)})
    >>> y = np.where(X["x"] * random.normal(size=20)[X["user"]] > 0, "yes", "no")
    >>> meta = MetaClassifier(task="user", meta="protonet", max_epochs=5, random_state=0)
    >>> user = meta.fit(X, y).adapt(pd.DataFrame({"x": [-1.0, 1.0]}), ["yes", "no"])
    >>> user.predict_proba(pd.DataFrame({"x": [-0.8, 0.0, 0.8]})).shape
    (3, 2)
    """

    # Not the mixin's, which knows neither missing labels nor several kinds of tasks.
    score = BaseMultiTask.score

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        return classes_only(self, targets, "MetaLearner")
