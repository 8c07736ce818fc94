"""Three targets of three kinds, labels missing: one shared net, own nets, gradient boosting.

Predicts the final grade (a number), the wish for higher education (yes or no) and the mother's kind
of work (five classes) of pupils, with a third of all labels removed. Prints a table and saves a
picture. Run as ``python examples/mixed_targets.py``; it takes about a minute.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection import ShuffleSplit

from sklearn_3mtl import MultiTaskEstimator
from sklearn_3mtl.datasets import load_student_performance
from sklearn_3mtl.metrics import task_scorer

N_SPLITS = 10
METRICS = {"G3": "r2", "higher": "roc_auc", "Mjob": "accuracy"}
LABELS = {
    "G3": "final grade\n(R², regression)",
    "higher": "higher education\n(AUC, yes / no)",
    "Mjob": "mother's work\n(accuracy, five classes)",
}


def boosting(X: pd.DataFrame, y: pd.Series) -> object:
    """Gradient boosting on the rows that one task labels."""
    known = y.notna()
    is_number = pd.api.types.is_float_dtype(y)
    model = (HistGradientBoostingRegressor if is_number else HistGradientBoostingClassifier)(
        categorical_features="from_dtype", random_state=0
    )
    return model.fit(X[known], y[known])


def main(folder: Path = Path()) -> None:
    """Print the table and save the picture in `folder`."""
    X, Y = load_student_performance(return_X_y=True)
    hidden = np.random.default_rng(0).random(Y.shape) < 1 / 3

    results = []
    for seed, (train, test) in enumerate(
        ShuffleSplit(N_SPLITS, test_size=0.25, random_state=0).split(X)
    ):
        X_train, X_test, Y_test = X.iloc[train], X.iloc[test], Y.iloc[test]
        Y_train = Y.mask(hidden).iloc[train]

        shared = MultiTaskEstimator(random_state=seed).fit(X_train, Y_train)
        own = MultiTaskEstimator(sharing="none", random_state=seed).fit(X_train, Y_train)
        for task, metric in METRICS.items():
            scorer = task_scorer(metric, task=task)
            boosted = boosting(X_train, Y_train[task])
            results.append(
                {
                    "task": task,
                    "one shared net": scorer(shared, X_test, Y_test),
                    "a net per task": scorer(own, X_test, Y_test),
                    "boosting per task": task_scorer(metric)(boosted, X_test, Y_test[task]),
                }
            )

    scores = pd.DataFrame(results).groupby("task", sort=False)
    means, errors = scores.mean(), scores.sem()
    table = means.copy()
    table.insert(0, "metric", [METRICS[task] for task in means.index])
    print(f"mean over {N_SPLITS} random splits, a third of the training labels removed\n")
    print(table.round(3).to_string())

    figure, panels = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
    colours = ["#1b6ca8", "#7c98a9", "#c98a2b"]
    for panel, task in zip(panels, means.index, strict=True):
        for place, (way, colour) in enumerate(zip(means.columns, colours, strict=True)):
            mean, error = means.loc[task, way], errors.loc[task, way]
            panel.errorbar(place, mean, yerr=error, fmt="o", color=colour, capsize=4, ms=9)
            panel.annotate(f"{mean:.3f}", (place, mean), (9, -3), textcoords="offset points")
        panel.set_title(LABELS[task], fontsize=10)
        panel.set_xlim(-0.5, 2.9)
        panel.margins(y=0.25)
        panel.set_xticks(
            range(3), ["shared\nnet", "net per\ntask", "boosting\nper task"], fontsize=9
        )
        panel.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Test scores, mean and standard error over ten splits", fontsize=11)
    path = folder / "mixed_targets.png"
    figure.savefig(path, dpi=150)
    print(f"\nsaved {path}")


if __name__ == "__main__":
    main()
