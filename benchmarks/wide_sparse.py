"""Thousands of columns that are nearly all zero: molecules and the words of reviews.

tox21: the 1,024 Morgan bits of molecules, 12 assays with missing labels. Clothing: the words of
reviews as 0/1 columns (those in at least fifty reviews), and whether the item is recommended. Five
random 80/20 splits; the score is the mean ROC AUC over targets. Beside ours with its defaults:
logistic regression with the penalty by cross-validation, gradient boosting with 100 and 400 trees,
and a forest, each for every target. Two splits are worked on at a time, so each fit has one core.
Run as ``python benchmarks/wide_sparse.py``.
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
from scipy.sparse import csr_matrix
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_3mtl import MultiTaskClassifier

OURS = "ours"
SPLITTER = ShuffleSplit(5, test_size=0.2, random_state=0)
FEWEST_REVIEWS = 50


def tox21() -> tuple[np.ndarray, pd.DataFrame]:
    """Morgan bits and assays."""
    folder = data_folder("tox21")
    bits = np.unpackbits(np.load(folder / "morgan1024.npz")["bits"], axis=1)
    labels = pd.read_parquet(folder / "labels.parquet")
    tasks = [name for name in labels if labels[name].dtype == np.float32]
    return bits.astype(np.float32), labels[tasks]


def clothing() -> tuple[np.ndarray, pd.DataFrame]:
    """Words and recommendations."""
    frame = pd.read_parquet(data_folder("womens_clothing") / "womens_clothing.parquet")
    frame = frame[frame["review_text"].notna()]
    words = CountVectorizer(binary=True, min_df=FEWEST_REVIEWS, dtype=np.float32)
    X = words.fit_transform(frame["title"].fillna("") + " " + frame["review_text"])
    return X.toarray(), frame[["recommended"]].astype(float).reset_index(drop=True)


def models(seed: int) -> dict[str, Any]:
    """What is compared."""
    return {
        OURS: MultiTaskClassifier(random_state=seed),
        "logistic": per_label(
            make_pipeline(
                FunctionTransformer(csr_matrix),
                LogisticRegressionCV(Cs=np.logspace(-3, 1, 5), max_iter=300),
            )
        ),
        "boosting, 100 trees": per_label(HistGradientBoostingClassifier(random_state=seed)),
        "boosting, 400 trees": per_label(
            HistGradientBoostingClassifier(max_iter=400, random_state=seed)
        ),
        "forest": per_label(RandomForestClassifier(random_state=seed)),
    }


def one_split(
    X: np.ndarray, Y: pd.DataFrame, split: int, train: np.ndarray, test: np.ndarray
) -> dict[str, tuple[float, float]]:
    """Mean AUC and seconds of each model."""
    torch.set_num_threads(1)
    found = {}
    for name, model in models(split).items():
        start = time.perf_counter()
        model.fit(X[train], Y.iloc[train])
        seconds = time.perf_counter() - start
        found[name] = auc_of_labels(Y.iloc[test], model.predict_proba(X[test])), seconds
    return found


def main() -> None:
    """Print a table for each set."""
    for title, (X, Y) in {"tox21": tox21(), "clothing": clothing()}.items():
        print(f"\n{title}: {X.shape[0]} rows, {X.shape[1]} columns, {Y.shape[1]} target(s)\n")
        parts = Parallel(2)(
            delayed(one_split)(X, Y, split, *parts) for split, parts in enumerate(SPLITTER.split(X))
        )
        scores = pd.DataFrame([{name: each[0] for name, each in part.items()} for part in parts])
        seconds = pd.DataFrame([{name: each[1] for name, each in part.items()} for part in parts])
        rows = {
            name: {
                "AUC": scores[name].mean(),
                "ours - it": "" if name == OURS else paired(scores[OURS] - scores[name]),
                "seconds": seconds[name].mean(),
            }
            for name in scores
        }
        print_table(pd.DataFrame(rows).T)


if __name__ == "__main__":
    main()
