"""The defaults with one thing changed at a time, on every other table of up to 10,000 rows.

Accuracy or R2 over two 75/25 splits a table. Two tables are worked on at a time, so each fit has
one core. Run as ``python benchmarks/ablation.py``.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from _tables import data_folder, print_table
from defaults import split
from joblib import Parallel, delayed
from scipy.stats import wilcoxon
from sklearn.metrics import accuracy_score, r2_score

from sklearn_3mtl import MultiTaskClassifier, MultiTaskRegressor

SEEDS = range(2)
CHANGES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "one net": {"n_estimators": 1},
    "four nets": {"n_estimators": 4},
    "no early stopping, 40 epochs": {"early_stopping": False, "max_epochs": 40},
    "numbers as they are": {"numeric_embedding": None},
    "periodic embeddings": {"numeric_embedding": "periodic"},
    "relu": {"activation": "relu"},
    "no dropout": {"dropout": 0.0},
    "dropout .25": {"dropout": 0.25},
    "rate halved": {"lr": 1e-3},
    "rate doubled": {"lr": 4e-3},
    "no weight decay": {"weight_decay": 0.0},
    "width 256": {"hidden_layer_sizes": (256, 256)},
    "three layers": {"hidden_layer_sizes": (128, 128, 128)},
    "tabm, 16 members": {"backbone": "tabm", "n_estimators": 16},
}


def scores_of(path: Path, kind: str) -> dict[str, tuple[float, float]]:
    """Mean score and fit time of each change on one table."""
    torch.set_num_threads(1)
    is_classification = kind == "classification"
    cls = MultiTaskClassifier if is_classification else MultiTaskRegressor
    score = accuracy_score if is_classification else r2_score
    frame = pd.read_parquet(path)
    means = {}
    for change, parameters in CHANGES.items():
        found, seconds = [], 0.0
        for seed in SEEDS:
            X, X_test, y, y_test = split(frame, is_classification, seed)
            start = time.perf_counter()
            est = cls(random_state=seed, **parameters).fit(X, y)
            seconds += time.perf_counter() - start
            found.append(score(y_test, np.ravel(est.predict(X_test))))
        means[change] = float(np.mean(found)), seconds / len(SEEDS)
    return means


def main() -> None:
    """Print the table."""
    folder = data_folder("uci_tabular")
    index = pd.read_csv(folder / "index.csv").sort_values(["rows", "name"])
    index = index[index["rows"] <= 10_000][::2]
    jobs = zip(index["name"], index["kind"], strict=True)
    parts = Parallel(2)(delayed(scores_of)(folder / f"{name}.parquet", kind) for name, kind in jobs)
    scores = pd.DataFrame([{change: s for change, (s, _) in part.items()} for part in parts])
    seconds = pd.DataFrame([{change: t for change, (_, t) in part.items()} for part in parts])
    rounded = scores.round(4)
    ranks = rounded.rank(axis=1, ascending=False).mean()
    rows = []
    for change in CHANGES:
        difference = rounded[change] - rounded["defaults"]
        row = {"change": change, "mean rank": ranks[change]}
        row["difference, clipped at .1"] = difference.clip(-0.1, 0.1).mean()
        counts = [(difference > 0).sum(), (difference == 0).sum(), (difference < 0).sum()]
        row["better / same / worse"] = " / ".join(map(str, counts))
        row["Wilcoxon p"] = f"{wilcoxon(difference).pvalue:.2g}" if difference.any() else ""
        row["fit (s)"] = seconds[change].mean()
        rows.append(row)
    print(f"{len(index)} tables, {len(SEEDS)} splits each\n")
    print_table(pd.DataFrame(rows).set_index("change"), digits=4)


if __name__ == "__main__":
    main()
