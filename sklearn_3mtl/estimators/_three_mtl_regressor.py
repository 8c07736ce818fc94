"""Multi-modal multi-task meta transfer learning of numbers."""

from __future__ import annotations

from collections.abc import Hashable

from sklearn.base import RegressorMixin

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._docs import documented
from sklearn_3mtl.estimators._kinds import regressions_only
from sklearn_3mtl.estimators._meta_docs import META_ENTRIES
from sklearn_3mtl.estimators._three_mtl_docs import THREE_MTL_ENTRIES
from sklearn_3mtl.estimators._transfer_docs import TRANSFER_ENTRIES
from sklearn_3mtl.estimators._uniting import ThreeMTLMixin

__all__ = ["ThreeMTLRegressor"]


@documented(
    "regression", META_ENTRIES, TRANSFER_ENTRIES, THREE_MTL_ENTRIES, mixed="ThreeMTLEstimator"
)
class ThreeMTLRegressor(RegressorMixin, ThreeMTLMixin):
    """Multi-modal multi-task meta transfer learning of numbers.

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
    Pretrained on one target, then trained for tasks of few rows:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_3mtl import MultiTaskRegressor, ThreeMTLRegressor
    >>> random = np.random.default_rng(0)
    >>> X = pd.DataFrame({"x": random.uniform(-1, 1, 300), "store": np.repeat(range(15), 20)})
    >>> y = X["x"] * random.normal(size=15)[X["store"]]
    >>> source = MultiTaskRegressor(task="store", max_epochs=2, random_state=0).fit(X, y)
    >>> est = ThreeMTLRegressor(task="store", source=source, max_epochs=2, random_state=0)
    >>> est.fit(X, y).predict(X).shape
    (300,)
    """

    # Not the mixin's, which knows neither missing labels nor several kinds of tasks.
    score = ThreeMTLMixin.score

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        return regressions_only(self, targets, "ThreeMTLEstimator")
