"""Multi-modal multi-task meta transfer learning, for targets of mixed kinds."""

from __future__ import annotations

from collections.abc import Hashable

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tasks import Task, tasks_of
from sklearn_3mtl.estimators._docs import documented
from sklearn_3mtl.estimators._meta_docs import META_ENTRIES
from sklearn_3mtl.estimators._three_mtl_docs import THREE_MTL_ENTRIES
from sklearn_3mtl.estimators._transfer_docs import TRANSFER_ENTRIES
from sklearn_3mtl.estimators._uniting import ThreeMTLMixin

__all__ = ["ThreeMTLEstimator"]


@documented("mixed", META_ENTRIES, TRANSFER_ENTRIES, THREE_MTL_ENTRIES, mixed="ThreeMTLEstimator")
class ThreeMTLEstimator(ThreeMTLMixin):
    """Multi-modal multi-task meta transfer learning, for targets of mixed kinds.

    Modalities pass through their encoders, pretrained ones where `modalities` names them, and are
    fused; a shared backbone and a head for each target follow. Where rows carry a task id, the
    network is trained so that a task adapts to few rows (`meta`). `source` and `domain_loss` carry
    over from elsewhere. Every part can be left out: `paradigm` names the usual selections.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    References
    ----------
    Upadhyay, Chhipa, Phlypo, Saini, Liwicki, "Sharing to learn and learning to share", arXiv
    2111.12146, figures 6 to 8.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_3mtl import ThreeMTLEstimator
    >>> random = np.random.default_rng(0)
    >>> X = pd.DataFrame({"age": random.uniform(20, 60, 300), "store": np.repeat(range(15), 20)})
    >>> X["review"] = np.where(X["age"] > 40, "fits well", "too small")
    >>> Y = pd.DataFrame({"rating": X["age"] / 10, "again": X["age"] > 40})
    >>> est = ThreeMTLEstimator(
    ...     task="store", modalities={"text": "review"}, max_epochs=2, random_state=0
    ... ).fit(X, Y)
    >>> new = X.iloc[:5].drop(columns="store")
    >>> est.adapt(new, Y.iloc[:5]).predict(new).columns.tolist()
    ['rating', 'again']
    """

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        return tasks_of(targets, self.task_kinds, self.regression_loss)
