"""Text beside a table, labels missing, and then a new target: one estimator for all of it.

Reviews of clothes: title and review are text, the reviewer's age is a number. Three targets of
three kinds are learned, two thirds of their labels missing: the rating, whether the piece is
recommended, and its department. Then comes a new target, the class of clothes, with few labels.
Beside `ThreeMTLEstimator` stand the same net for each task alone, and a linear model of word
counts for each task. Prints the tables and saves a picture. Run as ``python examples/demo.py``; it
takes about two minutes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import accuracy_score
from sklearn.model_selection import ShuffleSplit
from sklearn.pipeline import make_pipeline

from sklearn_3mtl import ThreeMTLEstimator
from sklearn_3mtl.datasets import load_womens_clothing
from sklearn_3mtl.metrics import task_scorer

N_SPLITS, FEW = 3, (25, 50, 100, 200)
METRICS = {"rating": "r2", "recommended": "roc_auc", "department": "accuracy"}
LABELS = {
    "rating": "rating\n(R², regression)",
    "recommended": "recommended\n(AUC, yes / no)",
    "department": "department\n(accuracy, six classes)",
}
COLOURS = {"3MTL": "#1b6ca8", "a net per task": "#7c98a9", "word counts": "#c98a2b"}


def word_counts(texts: pd.Series, y: pd.Series) -> Any:
    """A linear model of weighted word counts, on the rows that have a label."""
    known = y.notna()
    is_number = y.dtype.kind == "f"
    model = RidgeCV(np.logspace(-2, 2, 9)) if is_number else LogisticRegression(C=10.0)
    labels = y[known] if is_number else y[known].astype(str)
    return make_pipeline(TfidfVectorizer(sublinear_tf=True), model).fit(texts[known], labels)


def main(folder: Path = Path()) -> None:
    """Print the tables and save the picture in `folder`."""
    X, Y = load_womens_clothing(return_X_y=True)
    X = X.drop(columns="clothing_id")
    texts = X["title"].fillna("") + " " + X["review"]
    learned = Y[list(METRICS)].astype({"recommended": str})
    hidden = np.random.default_rng(0).random(learned.shape) < 2 / 3

    results, new_target = [], []
    for seed, (train, test) in enumerate(
        ShuffleSplit(N_SPLITS, test_size=0.25, random_state=0).split(X)
    ):
        Y_train = learned.mask(hidden).iloc[train]
        options = {"modalities": {"text": ["title", "review"]}, "random_state": seed}
        nets = {
            "3MTL": ThreeMTLEstimator(**options).fit(X.iloc[train], Y_train),
            "a net per task": ThreeMTLEstimator(sharing="none", **options).fit(
                X.iloc[train], Y_train
            ),
        }
        for task, metric in METRICS.items():
            scorer = task_scorer(metric, task=task)
            row = {way: scorer(est, X.iloc[test], learned.iloc[test]) for way, est in nets.items()}
            model = word_counts(texts.iloc[train], Y_train[task])
            row["word counts"] = task_scorer(metric)(
                model, texts.iloc[test], learned[task].iloc[test]
            )
            results.append({"task": task, **row})

        kind = Y["class_name"]
        for n_rows in FEW:
            few = train[:n_rows]
            adapted = nets["3MTL"].adapt(X.iloc[few], kind.iloc[few])
            answers = {
                "3MTL": adapted.predict(X.iloc[test])["class_name"],
                "word counts": word_counts(texts.iloc[few], kind.iloc[few]).predict(
                    texts.iloc[test]
                ),
            }
            scores = {w: accuracy_score(kind.iloc[test], a) for w, a in answers.items()}
            new_target.append({"labelled rows": n_rows, **scores})

    scores = pd.DataFrame(results).groupby("task", sort=False)
    means, errors = scores.mean(), scores.sem()
    print(f"three targets, a third of their labels known; mean over {N_SPLITS} random splits\n")
    print(means.assign(metric=pd.Series(METRICS)).round(3).to_string())
    few_rows = pd.DataFrame(new_target).groupby("labelled rows").mean()
    print("\na new target, class_name: accuracy, 18 classes\n")
    print(few_rows.round(3).to_string())

    figure, panels = plt.subplots(1, 4, figsize=(11, 3.3), layout="constrained",
                                  width_ratios=(1, 1, 1, 1.6))  # fmt: skip
    for panel, task in zip(panels, METRICS, strict=False):
        for place, way in enumerate(means):
            mean, error = means.loc[task, way], errors.loc[task, way]
            panel.errorbar(place, mean, yerr=error, fmt="o", color=COLOURS[way], capsize=4, ms=9)
            panel.annotate(f"{mean:.3f}", (place, mean), (7, 5), textcoords="offset points")
        panel.set_title(LABELS[task], fontsize=10)
        panel.set_xlim(-0.5, 2.9)
        panel.margins(y=0.25)
        panel.set_xticks(range(3), ["3MTL", "net per\ntask", "word\ncounts"], fontsize=9)
    for way, marker in zip(few_rows, "os", strict=True):
        panels[3].plot(few_rows.index, few_rows[way], f"{marker}-", color=COLOURS[way], label=way)
    panels[3].set(xscale="log", xlabel="labelled rows of a new target")
    panels[3].set_title("class of clothes\n(accuracy, 18 classes)", fontsize=10)
    panels[3].set_xticks(FEW, [str(n) for n in FEW])
    panels[3].minorticks_off()
    panels[3].legend(frameon=False, fontsize=9)
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
    path = folder / "demo.png"
    figure.savefig(path, dpi=150)
    print(f"\nsaved {path}")


if __name__ == "__main__":
    main()
