"""Binary labels with gaps: a classifier for each, and the mean AUC over them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import roc_auc_score


class PerLabel:
    """A clone of a classifier for each label, fitted on the rows that have it."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: Any, Y: pd.DataFrame) -> PerLabel:
        """Fit a classifier for each column of Y."""
        self.models = []
        for name in Y:
            there = Y[name].notna().to_numpy()
            labels = Y.loc[there, name].to_numpy()
            is_constant = len(np.unique(labels)) == 1
            self.models.append(None if is_constant else clone(self.model).fit(X[there], labels))
        return self

    def predict_proba(self, X: Any) -> list[np.ndarray]:
        """Class probabilities of each label."""
        half = np.full((len(X), 2), 0.5)
        return [half if model is None else model.predict_proba(X) for model in self.models]


def per_label(model: Any) -> PerLabel:
    """A clone of a classifier for each label."""
    return PerLabel(model)


def auc_of_labels(Y: pd.DataFrame, proba: Any) -> float:
    """Mean ROC AUC over the labels of which both classes are there."""
    proba = proba if isinstance(proba, list) else [proba]
    found = []
    for name, each in zip(Y, proba, strict=True):
        there = Y[name].notna().to_numpy()
        truth = Y.loc[there, name]
        if truth.nunique() == 2:
            found.append(roc_auc_score(truth, each[there, 1]))
    return float(np.mean(found))
