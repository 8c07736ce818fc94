"""How should tasks be shared and balanced? A grid search answers, task by task.

Searches sharing and balancing on the student data with scikit-learn's GridSearchCV, which scores
every task at once; prints a table and saves a picture. Run as ``python examples/grid_search.py``;
it takes about a minute.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import GridSearchCV, KFold

from sklearn_3mtl import MultiTaskEstimator
from sklearn_3mtl.balancing import Equal, Uncertainty
from sklearn_3mtl.datasets import load_student_performance
from sklearn_3mtl.metrics import task_scorer

SCORERS = {
    "grade (R²)": task_scorer("r2", task="G3"),
    "higher education (AUC)": task_scorer("roc_auc", task="higher"),
    "mother's work (accuracy)": task_scorer("accuracy", task="Mjob"),
    "mean": task_scorer(),
}
GRID = [
    {"sharing": ["hard"], "balancing": [Equal(), Uncertainty()]},
    {"sharing": ["none"]},  # nets of their own have nothing to balance
]


def main(folder: Path = Path()) -> None:
    """Print the table and save the picture in `folder`."""
    X, Y = load_student_performance(return_X_y=True)
    search = GridSearchCV(
        MultiTaskEstimator(random_state=0),
        GRID,
        scoring=SCORERS,
        refit="mean",
        cv=KFold(5, shuffle=True, random_state=0),
    ).fit(X, Y)
    names = [
        "own nets" if p["sharing"] == "none" else f"shared, {type(p['balancing']).__name__}".lower()
        for p in search.cv_results_["params"]
    ]
    means = pd.DataFrame(
        {score: search.cv_results_[f"mean_test_{score}"] for score in SCORERS}, index=names
    )
    spread = pd.DataFrame(
        {score: search.cv_results_[f"std_test_{score}"] for score in SCORERS}, index=names
    )
    print("five folds\n")
    print(means.round(3).to_string())
    print(f"\nbest on the mean: {search.best_params_}")

    figure, panels = plt.subplots(1, len(SCORERS), figsize=(11, 2.6), layout="constrained")
    for panel, score in zip(panels, SCORERS, strict=True):
        error = spread[score] / 5**0.5
        panel.errorbar(
            means[score], range(len(names)), xerr=error, fmt="o", color="#1b6ca8", capsize=3
        )
        panel.set_yticks(range(len(names)), names if panel is panels[0] else [""] * len(names))
        panel.set_ylim(len(names) - 0.5, -0.5)
        panel.set_title(score, fontsize=10)
        panel.grid(axis="x", alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Mean and standard error over five folds", fontsize=11)
    path = folder / "grid_search.png"
    figure.savefig(path, dpi=150)
    print(f"\nsaved {path}")


if __name__ == "__main__":
    main()
