"""A dozen labels on a few hundred rows: emotions, birds and yeast of the Mulan multi-label sets.

200 and 400 random training rows, ten times each; the score is the mean ROC AUC over labels on all
other rows. Beside ours with its defaults: logistic regression with the penalty by cross-validation,
gradient boosting with 100 and 400 trees, a forest and ExtraTrees, each for every label, and the
forest of all labels together. Two splits are worked on at a time, so each fit has one core. Run as
``python benchmarks/small_multilabel.py``.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import torch
from _labels import auc_of_labels, per_label
from _tables import data_folder, paired, print_table
from joblib import Parallel, delayed
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_3mtl import MultiTaskClassifier

OURS, REPEATS = "ours", 10


class TogetherForest:
    """A forest for all labels together."""

    def __init__(self, seed: int) -> None:
        self.model = RandomForestClassifier(random_state=seed)

    def fit(self, X: np.ndarray, Y: pd.DataFrame) -> TogetherForest:
        """Fit."""
        self.model.fit(X, Y)
        return self

    def predict_proba(self, X: np.ndarray) -> list[np.ndarray]:
        """Class probabilities of each label."""
        return self.model.predict_proba(X)


def load(name: str) -> tuple[np.ndarray, pd.DataFrame]:
    """Inputs and labels of a set."""
    arrays = np.load(data_folder("mulan_mll") / f"{name}.npz", allow_pickle=True)
    labels = pd.DataFrame(arrays["Y"].astype(int), columns=arrays["label_names"].astype(str))
    return arrays["X"].astype(np.float64), labels


def models(seed: int) -> dict[str, Any]:
    """What is compared."""
    logistic = LogisticRegressionCV(Cs=np.logspace(-3, 1, 5), max_iter=300)
    return {
        OURS: MultiTaskClassifier(random_state=seed),
        "logistic": per_label(make_pipeline(StandardScaler(), logistic)),
        "boosting, 100 trees": per_label(HistGradientBoostingClassifier(random_state=seed)),
        "boosting, 400 trees": per_label(
            HistGradientBoostingClassifier(max_iter=400, random_state=seed)
        ),
        "forest": per_label(RandomForestClassifier(random_state=seed)),
        "ExtraTrees": per_label(ExtraTreesClassifier(random_state=seed)),
        "forest, all labels": TogetherForest(seed),
    }


def one_split(
    X: np.ndarray, Y: pd.DataFrame, split: int, train: np.ndarray, test: np.ndarray
) -> dict[str, tuple[float, float]]:
    """Mean AUC and seconds of each model."""
    torch.set_num_threads(1)
    # A label that all training rows agree on says nothing about a model.
    Y = Y.loc[:, Y.iloc[train].nunique() == 2]
    found = {}
    for name, model in models(split).items():
        start = time.perf_counter()
        model.fit(X[train], Y.iloc[train])
        seconds = time.perf_counter() - start
        found[name] = auc_of_labels(Y.iloc[test], model.predict_proba(X[test])), seconds
    return found


def main() -> None:
    """Print a table for each set and number of rows."""
    for name in ("emotions", "birds", "yeast"):
        X, Y = load(name)
        for n_rows in (200, 400):
            print(f"\n{name}, {n_rows} of {len(X)} rows, {Y.shape[1]} labels\n")
            splits = ShuffleSplit(REPEATS, train_size=n_rows, random_state=0).split(X)
            parts = Parallel(2)(
                delayed(one_split)(X, Y, split, *rows) for split, rows in enumerate(splits)
            )
            scores = pd.DataFrame([{n: each[0] for n, each in part.items()} for part in parts])
            seconds = pd.DataFrame([{n: each[1] for n, each in part.items()} for part in parts])
            rows = {
                n: {
                    "AUC": scores[n].mean(),
                    "ours - it": "" if n == OURS else paired(scores[OURS] - scores[n]),
                    "seconds": seconds[n].mean(),
                }
                for n in scores
            }
            print_table(pd.DataFrame(rows).T)


if __name__ == "__main__":
    main()
