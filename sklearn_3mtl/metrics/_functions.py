"""The metrics of one task, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn import metrics as sk

from sklearn_3mtl.data.kinds import Kind

__all__ = ["METRICS", "Metric", "metrics_of", "score_of_labels", "score_of_probabilities"]

Score = Callable[..., float]


@dataclass(frozen=True)
class Metric:
    """A metric of one task.

    Attributes
    ----------
    function : callable (y_true, y_pred, sample_weight=None) -> float
        `y_pred` holds predicted labels, or class probabilities if `of_probabilities`.
    is_error : bool, default=False
        Whether lower is better.
    of_probabilities : bool, default=False
        Whether the metric is one of class probabilities. `y_true` then holds the positions of the
        classes.
    """

    function: Score
    is_error: bool = False
    of_probabilities: bool = False


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


def _r2(y_true: np.ndarray, y_pred: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
    if len(y_true) < 2:
        return np.nan
    return float(sk.r2_score(y_true, y_pred, sample_weight=sample_weight))


def _mae(y_true: np.ndarray, y_pred: np.ndarray, sample_weight: np.ndarray | None = None) -> float:
    return float(sk.mean_absolute_error(y_true, y_pred, sample_weight=sample_weight))


def _of_seen_classes(score: Score) -> Score:
    """Turn a score function into one that averages over the classes that occur in `y_true`."""

    def function(
        y_true: np.ndarray, y_pred: np.ndarray, sample_weight: np.ndarray | None = None
    ) -> float:
        seen = np.unique(y_true)
        return float(
            score(y_true, y_pred, average="macro", labels=seen, sample_weight=sample_weight)
        )

    return function


# The metrics that a kind may name.
METRICS: dict[str, Metric] = {
    "accuracy": Metric(sk.accuracy_score),
    "balanced_accuracy": Metric(_of_seen_classes(sk.recall_score)),
    "f1_macro": Metric(_of_seen_classes(sk.f1_score)),
    "roc_auc": Metric(_roc_auc, of_probabilities=True),
    "log_loss": Metric(_log_loss, is_error=True, of_probabilities=True),
    "r2": Metric(_r2),
    "rmse": Metric(_rmse, is_error=True),
    "mae": Metric(_mae, is_error=True),
}


def metrics_of(kind: Kind, *, of_probabilities: bool) -> list[str]:
    """The names of a kind's metrics that judge class probabilities, or else predicted labels."""
    return [name for name in kind.metrics if METRICS[name].of_probabilities == of_probabilities]


def score_of_labels(
    metric: str, labels: np.ndarray, guesses: np.ndarray, weight: np.ndarray | None, kind: Kind
) -> float:
    """Compute a metric, given by name, from the labels and predictions of one task."""
    if kind.has_classes and labels.dtype.kind == "f":
        # scikit-learn takes float labels with fractions as regression targets.
        codes = np.unique(np.concatenate([labels, guesses]), return_inverse=True)[1]
        labels, guesses = codes[: len(labels)], codes[len(labels) :]
    return METRICS[metric].function(labels, guesses, sample_weight=weight)


def score_of_probabilities(
    metric: str,
    labels: pd.Series,
    proba: np.ndarray,
    classes: np.ndarray | None,
    weight: np.ndarray | None,
) -> float:
    """Compute a metric, given by name, from the labels and class probabilities of one task.

    It is NaN if the columns of `proba` don't match `classes`, or a label is not among these.
    """
    assert classes is not None
    codes = pd.Index(classes, tupleize_cols=False).get_indexer(pd.Index(labels))
    if proba.shape[1] != len(classes) or (codes < 0).any():
        return np.nan
    return METRICS[metric].function(codes, proba, weight)
