"""Ours with its defaults beside nets per target, ridge, boosting, a forest and ExtraTrees.

The Mulan multi-target regression sets: aRRMSE (mean over targets of the RMSE relative to predicting
the training mean) over five random 75/25 splits. Sarcos: normalised MSE of each torque beside
ExtraTrees. Two splits are worked on at a time, so each fit has one core. Run as
``python benchmarks/multi_target.py``.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import pandas as pd
import torch
from _baselines import boosting, encoder, extra_trees, forest
from _tables import data_folder, print_table
from joblib import Parallel, delayed
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import ShuffleSplit
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline

from sklearn_3mtl import MultiTaskRegressor

SPLITS, OURS = 5, "ours"
SPLITTER = ShuffleSplit(SPLITS, test_size=0.25, random_state=0)


def load(path: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Inputs and targets of one set."""
    frame = pd.read_parquet(path)
    targets = [column for column in frame if column.startswith("y_")]
    return frame.drop(columns=targets), frame[targets].astype(float)


def arrmse(truth: pd.DataFrame, guess: pd.DataFrame, train: pd.DataFrame) -> float:
    """Mean over targets of the root of the relative squared error."""
    residual = ((truth - guess) ** 2).mean()
    spread = ((truth - train.mean()) ** 2).mean()
    return float(np.sqrt(residual / spread).mean())


def models(X: pd.DataFrame, seed: int) -> dict[str, Any]:
    """What is compared on the Mulan sets."""
    ridge = make_pipeline(encoder(X), RidgeCV(np.logspace(-2, 4, 13), alpha_per_target=True))
    return {
        OURS: MultiTaskRegressor(random_state=seed),
        "per target": MultiTaskRegressor(sharing="none", random_state=seed),
        "ridge": ridge,
        "boosting": MultiOutputRegressor(boosting(X, False, seed)),
        "boosting, 400 trees": MultiOutputRegressor(boosting(X, False, seed, 400)),
        "forest": forest(X, False, seed),
        "ExtraTrees": extra_trees(X, False, seed),
    }


def one_split(
    X: pd.DataFrame, Y: pd.DataFrame, split: int, train: np.ndarray, test: np.ndarray
) -> dict[str, tuple[float, float]]:
    """aRRMSE and seconds of each model."""
    torch.set_num_threads(1)
    found = {}
    for name, model in models(X, split).items():
        start = time.perf_counter()
        guess = model.fit(X.iloc[train], Y.iloc[train]).predict(X.iloc[test])
        seconds = time.perf_counter() - start
        guess = pd.DataFrame(np.asarray(guess), Y.index[test], Y.columns)
        found[name] = arrmse(Y.iloc[test], guess, Y.iloc[train]), seconds
    return found


def mulan() -> None:
    """Print the table of the Mulan sets."""
    rows, seconds = [], []
    for path in sorted(data_folder("mulan_mtr").glob("*.parquet")):
        X, Y = load(path)
        parts = Parallel(2)(
            delayed(one_split)(X, Y, split, *parts) for split, parts in enumerate(SPLITTER.split(X))
        )
        scores = {name: [part[name][0] for part in parts] for name in parts[0]}
        row = {"set": path.stem, "rows": len(X), "targets": Y.shape[1]}
        row |= {name: float(np.mean(values)) for name, values in scores.items()}
        seconds.append({name: np.mean([part[name][1] for part in parts]) for name in parts[0]})
        rivals = {name: row[name] for name in parts[0] if name != OURS}
        best = min(rivals, key=lambda name: rivals[name])
        difference = np.subtract(scores[OURS], scores[best])
        error = difference.std(ddof=1) / np.sqrt(SPLITS)
        row["ours - best other"] = f"{difference.mean():+.3f} ± {error:.3f} ({best})"
        rows.append(row)
        print(f"{path.stem} done", file=sys.stderr, flush=True)
    table = pd.DataFrame(rows).set_index("set")
    print_table(table)
    names = list(seconds[0])
    ranks = table[names].round(4).rank(axis=1).mean()
    print("\nmean rank, and seconds for a fit\n")
    print_table(pd.DataFrame({"mean rank": ranks, "seconds": pd.DataFrame(seconds).mean()}))


def sarcos() -> None:
    """Print the table of the seven torques."""
    frame = pd.read_parquet(data_folder("sarcos") / "sarcos_test.parquet")
    torques = [column for column in frame if column.startswith("torque")]
    X, Y = frame.drop(columns=torques), frame[torques].astype(float)
    found: dict[str, list[pd.Series]] = {OURS: [], "ExtraTrees": []}
    seconds = dict.fromkeys(found, 0.0)
    for split, (train, test) in enumerate(SPLITTER.split(X)):
        for name, model in {
            OURS: MultiTaskRegressor(random_state=split),
            "ExtraTrees": ExtraTreesRegressor(random_state=split, n_jobs=-1),
        }.items():
            start = time.perf_counter()
            guess = model.fit(X.iloc[train], Y.iloc[train]).predict(X.iloc[test])
            seconds[name] += time.perf_counter() - start
            error = ((Y.iloc[test] - np.asarray(guess)) ** 2).mean()
            found[name].append(error / Y.iloc[test].var(ddof=0))
    table = pd.DataFrame({name: pd.concat(v, axis=1).mean(axis=1) for name, v in found.items()})
    table.index.name = "torque"
    print("\nsarcos, normalised MSE\n")
    print_table(table)
    print(f"\nshared below ExtraTrees on {int((table['shared'] < table['ExtraTrees']).sum())} of 7")
    print(f"seconds per split: { ({name: round(s / SPLITS, 1) for name, s in seconds.items()}) }")


def main() -> None:
    """Print both tables."""
    mulan()
    sarcos()


if __name__ == "__main__":
    main()
