"""Several classification tasks."""

from __future__ import annotations

from collections.abc import Hashable

from sklearn.base import ClassifierMixin

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._base import BaseMultiTask
from sklearn_3mtl.estimators._docs import documented
from sklearn_3mtl.estimators._kinds import classes_only

__all__ = ["MultiTaskClassifier"]


@documented("classification")
class MultiTaskClassifier(ClassifierMixin, BaseMultiTask):
    """One network for several classification tasks, labels of some missing.

    Each column of y is a task; two labels make it binary, more multiclass. scikit-learn's own
    scorers and its stratified splits refuse several targets with gaps: then use
    :class:`MultiTaskEstimator`, or ``cv=KFold(...)`` and ``scoring=task_scorer()``.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskClassifier
    >>> from sklearn_3mtl.datasets import make_multitask_classification
    >>> X, Y = make_multitask_classification(n_samples=80, n_classes=[2, 3, 2], random_state=0)
    >>> clf = MultiTaskClassifier(max_epochs=5, random_state=0).fit(X, Y)
    >>> [proba.shape for proba in clf.predict_proba(X)]
    [(80, 2), (80, 3), (80, 2)]
    """

    # Not the mixin's, which knows neither missing labels nor several kinds of tasks.
    score = BaseMultiTask.score

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        return classes_only(self, targets, "MultiTaskEstimator")
