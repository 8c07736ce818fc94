"""Binary labels with gaps: classifiers for each, the mean AUC over labels, and its table."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from _tables import paired, print_table
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import ShuffleSplit


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


def boosting_per_label(seed: int) -> dict[str, PerLabel]:
    """Gradient boosting with 100 and 400 trees."""
    return {
        f"boosting, {n} trees": PerLabel(
            HistGradientBoostingClassifier(max_iter=n, random_state=seed)
        )
        for n in (100, 400)
    }


def _one_split(
    models: dict[str, Any], X: np.ndarray, Y: pd.DataFrame, train: np.ndarray, test: np.ndarray
) -> dict[str, tuple[float, float]]:
    """Mean AUC and seconds of each model."""
    torch.set_num_threads(1)
    # A label that all training rows agree on says nothing about a model.
    Y = Y.loc[:, Y.iloc[train].nunique() == 2]
    found = {}
    for name, model in models.items():
        start = time.perf_counter()
        model.fit(X[train], Y.iloc[train])
        seconds = time.perf_counter() - start
        found[name] = auc_of_labels(Y.iloc[test], model.predict_proba(X[test])), seconds
    return found


def print_comparison(
    models: Callable[[int], dict[str, Any]], X: np.ndarray, Y: pd.DataFrame, splitter: ShuffleSplit
) -> None:
    """Print a row for each model, of which the first is ours; two splits at a time."""
    parts = Parallel(2)(
        delayed(_one_split)(models(split), X, Y, *rows)
        for split, rows in enumerate(splitter.split(X))
    )
    scores = pd.DataFrame([{name: each[0] for name, each in part.items()} for part in parts])
    seconds = pd.DataFrame([{name: each[1] for name, each in part.items()} for part in parts])
    ours = scores.columns[0]
    rows = {
        name: {
            "AUC": scores[name].mean(),
            "ours - it": "" if name == ours else paired(scores[ours] - scores[name]),
            "seconds": seconds[name].mean(),
        }
        for name in scores
    }
    print_table(pd.DataFrame(rows).T)
