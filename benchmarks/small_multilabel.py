"""A dozen labels on a few hundred rows: emotions, birds and yeast of the Mulan multi-label sets.

200 and 400 random training rows, ten times each; the score is the mean ROC AUC over labels on all
other rows. Beside ours with its defaults: logistic regression with the penalty by cross-validation,
gradient boosting with 100 and 400 trees, a forest and ExtraTrees, each for every label, and the
forest of all labels together. Two splits are worked on at a time, so each fit has one core. Run as
``python benchmarks/small_multilabel.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from _labels import PerLabel, boosting_per_label, print_comparison
from _tables import data_folder
from sklearn.ensemble import (
    ExtraTreesClassifier,
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
        "logistic": PerLabel(make_pipeline(StandardScaler(), logistic)),
        **boosting_per_label(seed),
        "forest": PerLabel(RandomForestClassifier(random_state=seed)),
        "ExtraTrees": PerLabel(ExtraTreesClassifier(random_state=seed)),
        "forest, all labels": TogetherForest(seed),
    }


def main() -> None:
    """Print a table for each set and number of rows."""
    for name in ("emotions", "birds", "yeast"):
        X, Y = load(name)
        for n_rows in (200, 400):
            print(f"\n{name}, {n_rows} of {len(X)} rows, {Y.shape[1]} labels\n")
            splitter = ShuffleSplit(REPEATS, train_size=n_rows, random_state=0)
            print_comparison(models, X, Y, splitter)


if __name__ == "__main__":
    main()
