"""Multi-modal multi-task meta transfer learning of classes."""

from __future__ import annotations

from collections.abc import Hashable

from sklearn.base import ClassifierMixin

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._docs import documented
from sklearn_3mtl.estimators._kinds import classes_only
from sklearn_3mtl.estimators._meta_docs import META_ENTRIES
from sklearn_3mtl.estimators._three_mtl_docs import THREE_MTL_ENTRIES
from sklearn_3mtl.estimators._transfer_docs import TRANSFER_ENTRIES
from sklearn_3mtl.estimators._uniting import ThreeMTLMixin

__all__ = ["ThreeMTLClassifier"]


@documented(
    "classification", META_ENTRIES, TRANSFER_ENTRIES, THREE_MTL_ENTRIES, mixed="ThreeMTLEstimator"
)
class ThreeMTLClassifier(ClassifierMixin, ThreeMTLMixin):
    """Multi-modal multi-task meta transfer learning of classes.

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
    >>> from sklearn_3mtl import ThreeMTLClassifier
    >>> random = np.random.default_rng(0)
    >>> X = pd.DataFrame({"x": random.uniform(-1, 1, 300), "user": np.repeat(range(15), 20)})
    >>> y = np.where(X["x"] * random.normal(size=15)[X["user"]] > 0, "yes", "no")
    >>> est = ThreeMTLClassifier(task="user", max_epochs=2, random_state=0).fit(X, y)
    >>> user = est.adapt(pd.DataFrame({"x": [-1.0, 1.0]}), ["yes", "no"])
    >>> user.predict_proba(pd.DataFrame({"x": [-0.8, 0.8]})).shape
    (2, 2)
    """

    # Not the mixin's, which knows neither missing labels nor several kinds of tasks.
    score = ThreeMTLMixin.score

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        return classes_only(self, targets, "ThreeMTLEstimator")
