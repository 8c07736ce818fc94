"""The metrics of one task, by kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics as sk

__all__ = [
    "CLASSIFICATION",
    "LOWER_IS_BETTER",
    "PROBABILITY",
    "REGRESSION",
    "Metric",
    "probability_score",
]

Metric = Callable[..., float]


def _rmse(y_true: np.ndarray, y_pred: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
    return float(sk.root_mean_squared_error(y_true, y_pred, sample_weight=sample_weight))


def _roc_auc(codes: np.ndarray, proba: np.ndarray, sample_weight: np.ndarray | None) -> float:
    n_classes = proba.shape[1]
    if len(np.unique(codes)) < n_classes:
        return np.nan
    if n_classes == 2:
        return float(sk.roc_auc_score(codes == 1, proba[:, 1], sample_weight=sample_weight))
    return float(
        sk.roc_auc_score(
            codes, proba, multi_class="ovr", labels=range(n_classes), sample_weight=sample_weight
        )
    )


def _log_loss(codes: np.ndarray, proba: np.ndarray, sample_weight: np.ndarray | None) -> float:
    labels = range(proba.shape[1])
    return float(sk.log_loss(codes, proba, labels=labels, sample_weight=sample_weight))


def probability_score(
    metric: str, labels: pd.Series, proba: Any, classes: Any, weight: np.ndarray | None
) -> float:
    """A score of probabilities, NaN where their columns are not the labels' classes."""
    codes = pd.Index(classes, tupleize_cols=False).get_indexer(pd.Index(labels))
    if proba.shape[1] != len(classes) or (codes < 0).any():
        return np.nan
    return PROBABILITY[metric](codes, proba, weight)


CLASSIFICATION: dict[str, Metric] = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": lambda t, p, sample_weight: float(
        sk.recall_score(t, p, average="macro", labels=np.unique(t), sample_weight=sample_weight)
    ),
    "f1_macro": lambda t, p, sample_weight: float(
        sk.f1_score(t, p, average="macro", labels=np.unique(t), sample_weight=sample_weight)
    ),
}
PROBABILITY: dict[str, Metric] = {"roc_auc": _roc_auc, "log_loss": _log_loss}
REGRESSION: dict[str, Metric] = {
    "r2": lambda t, p, sample_weight: (
        float(sk.r2_score(t, p, sample_weight=sample_weight)) if len(t) > 1 else np.nan
    ),
    "rmse": _rmse,
    "mae": lambda t, p, sample_weight: float(
        sk.mean_absolute_error(t, p, sample_weight=sample_weight)
    ),
}
LOWER_IS_BETTER = frozenset({"rmse", "mae", "log_loss"})
