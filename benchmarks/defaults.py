"""The estimators with no argument but `random_state`, on tables of every sort.

Each table is split 75/25 three times; the score is accuracy or R2. Beside ours, with their
defaults: scikit-learn's gradient boosting, random forest, extremely randomised trees, MLP (scaled,
one-hot encoded), and ridge or logistic regression with the penalty by cross-validation; where they
are installed CatBoost and, on every third table, RealMLP-TD of pytabkit. Two tables are worked on
at a time, so each fit has one core. Run as ``python benchmarks/defaults.py``; ``--scores FILE``
keeps the single scores, and tables that are in it already are not run again; ``--peers`` with names
of packages, or with none, leaves out the others.
"""

from __future__ import annotations

import argparse
import time
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from _baselines import CatBoost, RealMLP, boosting, extra_trees, forest, linear, mlp
from _tables import data_folder, print_table
from joblib import Parallel, delayed
from scipy.stats import wilcoxon
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split

from sklearn_3mtl import MultiTaskClassifier, MultiTaskRegressor

SEEDS = range(3)
SLOW = 25
OURS, BOOSTING, PEER = "sklearn_3mtl", "HistGradientBoosting", "RealMLP-TD"


def ours(X: pd.DataFrame, is_classification: bool, seed: int) -> Any:
    """Our estimator with its defaults."""
    cls = MultiTaskClassifier if is_classification else MultiTaskRegressor
    return cls(random_state=seed)


def split(frame: pd.DataFrame, is_classification: bool, seed: int) -> list[Any]:
    """Train and test rows, stratified where each class has two rows."""
    y = frame["target"].astype(str) if is_classification else frame["target"]
    stratify = y if is_classification and y.value_counts().min() > 1 else None
    X = frame.drop(columns="target")
    return train_test_split(X, y, test_size=0.25, random_state=seed, stratify=stratify)


def scores_of(path: Path, kind: str, models: dict[str, Any]) -> list[dict[str, Any]]:
    """Score and fit time of each model on each split of a table."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", module="sklearn|pytabkit|pytorch_lightning|lightning")
    is_classification = kind == "classification"
    score = accuracy_score if is_classification else r2_score
    found = []
    for seed in SEEDS:
        X, X_test, y, y_test = split(pd.read_parquet(path), is_classification, seed)
        for name, make in models.items():
            start = time.perf_counter()
            model = make(X, is_classification, seed).fit(X, y)
            seconds = time.perf_counter() - start
            value = score(y_test, np.ravel(model.predict(X_test)))
            found.append(
                {"table": path.stem, "rows": len(X), "kind": kind, "seed": seed, "model": name,
                 "score": value, "seconds": seconds}
            )  # fmt: skip
    return found


def summary(scores: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Mean rank, wins, ties and losses of ours, Wilcoxon's p and fit times, over tables."""
    table = scores.pivot_table(index="table", columns="model", values="score")[names].dropna()
    seconds = scores[scores["table"].isin(table.index)]
    seconds = seconds.pivot_table(index="table", columns="model", values="seconds")
    rounded = table.round(4)
    ranks = rounded.rank(axis=1, ascending=False)
    rows = []
    for name in names:
        difference = rounded[OURS] - rounded[name]
        row = {
            "model": name,
            "mean rank": ranks[name].mean(),
            "s.e. of rank - ours": (ranks[name] - ranks[OURS]).sem(),
            "ours wins / ties / loses": "",
            "Wilcoxon p": "",
            "median fit (s)": seconds[name].median(),
            "mean fit (s)": seconds[name].mean(),
        }
        if name != OURS:
            counts = [(difference > 0).sum(), (difference == 0).sum(), (difference < 0).sum()]
            row["ours wins / ties / loses"] = " / ".join(map(str, counts))
            row["Wilcoxon p"] = f"{wilcoxon(difference).pvalue:.2g}"
        rows.append(row)
    return pd.DataFrame(rows).set_index("model")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scores", type=Path, help="a CSV for the score of every split")
    installed = [package for package in ("catboost", "pytabkit") if find_spec(package)]
    parser.add_argument("--peers", nargs="*", default=installed, choices=installed)
    options = parser.parse_args()
    folder = data_folder("uci_tabular")
    index = pd.read_csv(folder / "index.csv").sort_values(["rows", "name"])
    common: dict[str, Any] = {
        OURS: ours,
        BOOSTING: boosting,
        "RandomForest": forest,
        "ExtraTrees": extra_trees,
        "ridge / logistic": linear,
        "MLP": mlp,
    }
    usual = dict(common)
    if "catboost" in options.peers:
        usual["CatBoost"] = CatBoost
    with_peer = {**usual, PEER: RealMLP} if "pytabkit" in options.peers else usual
    found: list[dict[str, Any]] = []
    if options.scores and options.scores.exists():
        found = pd.read_csv(options.scores).to_dict("records")
    done = {row["table"] for row in found}
    # The largest first: no process waits for the other at the end.
    jobs = [
        delayed(scores_of)(folder / f"{name}.parquet", kind, usual if number % 3 else with_peer)
        for number, (name, kind) in enumerate(zip(index["name"], index["kind"], strict=True))
        if name not in done
    ][::-1]
    for part in Parallel(2, return_as="generator_unordered")(jobs):
        found += part
        if options.scores:
            pd.DataFrame(found).to_csv(options.scores, index=False)
    scores = pd.DataFrame(found)
    print(f"{len(index)} tables, {len(SEEDS)} splits each\n")
    print_table(summary(scores, list(common)))
    aside = set(index["name"].iloc[3::4])
    print(f"\nthe {len(aside)} tables that were set aside when the defaults were chosen\n")
    print_table(summary(scores[scores["table"].isin(aside)], list(common)))
    for kind, part in scores.groupby("kind"):
        print(f"\n{part['table'].nunique()} of them {kind}\n")
        print_table(summary(part, list(common)))
    by_split = {seed: summary(part, list(common)) for seed, part in scores.groupby("seed")}
    print("\nmean rank on each split\n")
    print_table(pd.DataFrame({f"split {s}": t["mean rank"] for s, t in by_split.items()}))
    for peer in ("CatBoost", PEER):
        if peer in set(scores["model"]):
            n_tables = scores.loc[scores["model"] == peer, "table"].nunique()
            print(f"\nbeside {peer}, on the {n_tables} tables that it was run on\n")
            print_table(summary(scores, [*common, peer]))
    print("\nfit time of ours, in that of boosting\n")
    seconds = scores.pivot_table(index="table", columns="model", values="seconds")
    times = (seconds[OURS] / seconds[BOOSTING]).loc[index["name"]]
    print(f"mean {times.mean():.1f}, median {times.median():.1f}, largest {times.max():.1f}")
    print(f"sum over tables {seconds[OURS].sum() / seconds[BOOSTING].sum():.1f}")
    slow = times[times > SLOW].round(1)
    print(f"above {SLOW}: {', '.join(f'{n} {v}' for n, v in slow.items()) or 'none'}")
    print("\nmean over the splits\n")
    means = scores.pivot_table(index="table", columns="model", values="score")
    names = [*common, *(peer for peer in ("CatBoost", PEER) if peer in means)]
    listed = means.loc[index["name"], names]
    print_table(listed.assign(**{"fit time / boosting's": times.round(1)}))


if __name__ == "__main__":
    main()
