"""Thousands of columns that are nearly all zero: molecules and the words of reviews.

tox21: the 1,024 Morgan bits of molecules, 12 assays with missing labels. Clothing: the words of
reviews as 0/1 columns (those in at least fifty reviews), and whether the item is recommended. Five
random 80/20 splits; the score is the mean ROC AUC over targets. Beside ours with its defaults:
logistic regression with the penalty by cross-validation, gradient boosting with 100 and 400 trees,
and a forest, each for every target. Two splits are worked on at a time, so each fit has one core.
Run as ``python benchmarks/wide_sparse.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from _labels import PerLabel, boosting_per_label, print_comparison
from _tables import data_folder
from scipy.sparse import csr_matrix
from sklearn.ensemble import RandomForestClassifier
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
        "logistic": PerLabel(
            make_pipeline(
                FunctionTransformer(csr_matrix),
                LogisticRegressionCV(Cs=np.logspace(-3, 1, 5), max_iter=300),
            )
        ),
        **boosting_per_label(seed),
        "forest": PerLabel(RandomForestClassifier(random_state=seed)),
    }


def main() -> None:
    """Print a table for each set."""
    for title, (X, Y) in {"tox21": tox21(), "clothing": clothing()}.items():
        print(f"\n{title}: {X.shape[0]} rows, {X.shape[1]} columns, {Y.shape[1]} target(s)\n")
        print_comparison(models, X, Y, SPLITTER)


if __name__ == "__main__":
    main()
