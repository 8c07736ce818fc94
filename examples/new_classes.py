"""New classes from one to twenty texts of each: N-way K-shot on reviews of clothes.

Twelve classes of clothes are known; reviews of six others are to be told apart, five classes at a
time, from 1, 5 or 20 reviews of each. ``meta="plda"`` has learned from the known classes which
directions of the text's vectors tell clothes apart, and in which reviews of one class differ
anyway. Beside it stand the nearest class mean and logistic regression on the same vectors. Prints a
table and saves a picture. Run as ``python examples/new_classes.py``; it takes about a minute.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

from sklearn_3mtl import ThreeMTLClassifier
from sklearn_3mtl.datasets import load_womens_clothing

N_SPLITS, N_EPISODES, N_WAYS, SHOTS, N_QUERIES = 4, 20, 5, (1, 5, 20), 15


def nearest_mean(few: np.ndarray, y: pd.Series, others: np.ndarray) -> np.ndarray:
    """The class whose mean vector is nearest."""
    names = y.unique()
    means = np.stack([few[y == name].mean(0) for name in names])
    return names[np.linalg.norm(others[:, None] - means, axis=2).argmin(1)]


def main(folder: Path = Path()) -> None:
    """Print the table and save the picture in `folder`."""
    X, Y = load_womens_clothing(return_X_y=True)
    X = pd.DataFrame({"text": X["title"].fillna("") + " " + X["review"]})
    kind = Y["class_name"]
    results = []
    for seed in range(N_SPLITS):
        random = np.random.default_rng(seed)
        new = random.choice(kind.unique(), 6, replace=False)
        known = ~kind.isin(new)
        # Any transformer may read a modality; a sentence-transformers model is a name away.
        reader = make_pipeline(
            TfidfVectorizer(sublinear_tf=True, min_df=3), TruncatedSVD(200, random_state=0),
            Normalizer(),
        )  # fmt: skip
        est = ThreeMTLClassifier(
            meta="plda", episodes="classes", n_ways=N_WAYS, n_queries=5,
            modalities={"text": (reader, "text")}, random_state=seed,
        ).fit(X[known], kind[known])  # fmt: skip
        vectors = reader.fit(X["text"][known]).transform(X["text"])
        for _ in range(N_EPISODES):
            ways = random.choice(new, N_WAYS, replace=False)
            orders = [random.permutation(np.flatnonzero(kind == way)) for way in ways]
            test = np.concatenate([o[max(SHOTS) : max(SHOTS) + N_QUERIES] for o in orders])
            for shots in SHOTS:
                few = np.concatenate([order[:shots] for order in orders])
                y = kind.iloc[few]
                answers = {
                    "PLDA, adapted": est.adapt(X.iloc[few], y).predict(X.iloc[test]),
                    "nearest mean": nearest_mean(vectors[few], y, vectors[test]),
                    "logistic regression": LogisticRegression(C=10.0)
                    .fit(vectors[few], y)
                    .predict(vectors[test]),
                }
                truth = kind.iloc[test]
                scores = {way: float((found == truth).mean()) for way, found in answers.items()}
                results.append({"reviews of each class": shots, **scores})

    table = pd.DataFrame(results).groupby("reviews of each class")
    means, errors = table.mean(), table.sem()
    print(f"accuracy on new classes, {N_WAYS} at a time, chance {1 / N_WAYS}\n")
    print(means.round(3).to_string())

    figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for way, colour, marker in zip(means, ("#1b6ca8", "#7c98a9", "#c98a2b"), "osD", strict=True):
        ax.errorbar(
            means.index, means[way], yerr=errors[way], fmt=f"{marker}-", color=colour, capsize=3,
            label=way,
        )  # fmt: skip
    ax.set(
        xscale="log",
        xlabel="reviews of each new class",
        ylabel="accuracy",
        title="Five new classes of clothes, told apart by their reviews",
    )
    ax.set_xticks(SHOTS, [str(n) for n in SHOTS])
    ax.minorticks_off()
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    path = folder / "new_classes.png"
    figure.savefig(path, dpi=150)
    print(f"\nsaved {path}")


if __name__ == "__main__":
    main()
