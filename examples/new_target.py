"""A new target from fifty rows: what a network learned from other targets, carried over.

A wine laboratory has measured colour and alcohol of thousands of wines. Now tasters judge a few:
is a wine good (quality 6 or more)? The new target is learned from 20 to 300 tasted wines, by
`adapt` on what the two measured targets taught, and from the tasted wines alone. Prints a table and
saves a picture. Run as ``python examples/new_target.py``; it takes about a minute.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_3mtl import MultiTaskEstimator
from sklearn_3mtl.datasets import load_wine_quality

N_SEEDS = 5
TASTED = (20, 50, 100, 300)
MEASURED = ["color", "alcohol"]


def load() -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Inputs, the measured targets and the new one, without repeated wines."""
    X, quality = load_wine_quality(return_X_y=True)
    kept = ~X.duplicated()
    X, quality = X[kept].reset_index(drop=True), quality[kept].reset_index(drop=True)
    good = (quality >= 6).map({True: "good", False: "plain"}).rename("taste")
    return X.drop(columns=MEASURED), X[MEASURED], good


def main(folder: Path = Path()) -> None:
    """Print the table and save the picture in `folder`."""
    X, measured, taste = load()
    results = []
    for seed in range(N_SEEDS):
        rows = np.random.default_rng(seed).permutation(len(X))
        laboratory, pool, test = rows[:2000], rows[2000:2300], rows[2300:]
        est = MultiTaskEstimator(random_state=seed)
        est.fit(X.iloc[laboratory], measured.iloc[laboratory])
        for n_rows in TASTED:
            X_few, y_few = X.iloc[pool[:n_rows]], taste.iloc[pool[:n_rows]]
            adapted = est.adapt(X_few, y_few)  # colour and alcohol are predicted as before
            alone = {
                "logistic regression": make_pipeline(
                    StandardScaler(),
                    LogisticRegressionCV(
                        scoring="neg_log_loss", l1_ratios=(0.0,), use_legacy_attributes=False
                    ),
                ),
                "boosting": HistGradientBoostingClassifier(random_state=seed),
            }
            guesses = {"adapt": adapted.predict_proba(X.iloc[test])[-1]}
            for name, model in alone.items():
                guesses[name] = model.fit(X_few, y_few).predict_proba(X.iloc[test])
            truth = taste.iloc[test] == "plain"
            scores = {name: roc_auc_score(truth, p[:, 1]) for name, p in guesses.items()}
            results.append({"tasted wines": n_rows, **scores})

    table = pd.DataFrame(results).groupby("tasted wines")
    means, errors = table.mean(), table.sem()
    print(f"AUC of the new target, mean over {N_SEEDS} draws\n")
    print(means.round(3).to_string())

    figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for name, colour, marker in zip(means, ("#1b6ca8", "#7c98a9", "#c98a2b"), "osD", strict=True):
        ax.errorbar(
            means.index, means[name], yerr=errors[name], fmt=f"{marker}-", color=colour, capsize=3,
            label=name,
        )  # fmt: skip
    ax.set(
        xscale="log",
        xlabel="wines tasted",
        ylabel="AUC on the other wines",
        title="Is it a good wine? A new target from few rows",
    )
    ax.set_xticks(TASTED, [str(n) for n in TASTED])
    ax.minorticks_off()
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    path = folder / "new_target.png"
    figure.savefig(path, dpi=150)
    print(f"\nsaved {path}")


if __name__ == "__main__":
    main()
