"""Twelve assays with missing labels (Tox21): one shared net beside single-assay models.

The others, for each assay: a tuned forest, boosting and logistic regression.

Five fixed splits by scaffold: no scaffold is on both sides. Inputs of both are RDKit descriptors,
with ``--bits`` 1,024 Morgan bits beside them. The forest's settings are chosen per assay and split
by out-of-bag AUC. Two splits are worked on at a time, so each fit has one core. Run as
``python benchmarks/missing_labels.py``.
"""

from __future__ import annotations

import argparse
import itertools
import time
import warnings
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from _tables import data_folder, paired, print_table
from joblib import Parallel, delayed
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_3mtl import MultiTaskClassifier

GRID = list(itertools.product(("sqrt", 0.1), (1, 3)))


def load(with_bits: bool) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Inputs, labels with gaps, and scaffolds."""
    folder = data_folder("tox21")
    labels = pd.read_parquet(folder / "labels.parquet")
    X = pd.read_parquet(folder / "descriptors.parquet").drop(columns="mol_id").astype(np.float64)
    if with_bits:
        with np.load(folder / "morgan1024.npz") as packed:
            bits = pd.DataFrame(np.unpackbits(packed["bits"], axis=1)).add_prefix("bit")
        X = pd.concat([X, bits.astype(np.float64)], axis=1)
    return X, labels.drop(columns=["mol_id", "smiles", "scaffold"]), labels["scaffold"]


def tuned_forest(X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    """300 trees with the settings whose first 100 have the best out-of-bag AUC."""
    best, best_score = None, -np.inf
    for max_features, min_samples_leaf in GRID:
        forest = RandomForestClassifier(
            100, max_features=max_features, min_samples_leaf=min_samples_leaf, oob_score=True,
            warm_start=True, random_state=seed,
        ).fit(X, y)  # fmt: skip
        score = roc_auc_score(y, forest.oob_decision_function_[:, 1])
        if score > best_score:
            best, best_score = forest, score
    assert best is not None
    return best.set_params(n_estimators=300, oob_score=False).fit(X, y)


def boosting(X: np.ndarray, y: np.ndarray, seed: int, n_trees: int = 100) -> Any:
    """Gradient boosting."""
    return HistGradientBoostingClassifier(max_iter=n_trees, random_state=seed).fit(X, y)


def logistic(X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    """Logistic regression, its penalty by cross-validation."""
    model = LogisticRegressionCV(Cs=np.logspace(-4, 0, 5), scoring="roc_auc", max_iter=300)
    return make_pipeline(StandardScaler(), model).fit(X, y)


OURS = "shared net"
OTHERS = {
    "forest": tuned_forest,
    "boosting": boosting,
    "boosting, 400 trees": partial(boosting, n_trees=400),
    "logistic": logistic,
}


def one_split(
    seed: int, train: np.ndarray, test: np.ndarray, with_bits: bool
) -> list[dict[str, Any]]:
    """AUC and seconds of each on each assay; the net's seconds are shared out."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="Some inputs do not have OOB scores")
    X, Y, _ = load(with_bits)
    start = time.perf_counter()
    est = MultiTaskClassifier(random_state=seed).fit(X.iloc[train], Y.iloc[train])
    proba = est.predict_proba(X.iloc[test])
    net_seconds = (time.perf_counter() - start) / Y.shape[1]
    filled = X.fillna(X.iloc[train].median()).to_numpy()
    found = []
    for task, p in zip(Y, proba, strict=True):
        known = Y[task].iloc[train].notna().to_numpy()
        judged = Y[task].iloc[test].notna().to_numpy()
        rows, labels, truth = filled[train][known], Y[task].iloc[train][known], Y[task].iloc[test]
        row = {"assay": task, "split": seed, OURS: roc_auc_score(truth[judged], p[judged, 1])}
        row[f"{OURS} (s)"] = net_seconds
        for name, fit in OTHERS.items():
            start = time.perf_counter()
            guess = fit(rows, labels, seed).predict_proba(filled[test][judged])[:, 1]
            row[name] = roc_auc_score(truth[judged], guess)
            row[f"{name} (s)"] = time.perf_counter() - start
        found.append(row)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bits", action="store_true", help="add 1,024 Morgan bits to the inputs")
    with_bits = parser.parse_args().bits
    X, _, scaffolds = load(with_bits)
    splits = GroupShuffleSplit(5, test_size=0.2, random_state=0).split(X, groups=scaffolds)
    parts = Parallel(2)(
        delayed(one_split)(seed, *rows, with_bits) for seed, rows in enumerate(splits)
    )
    found = [row for part in parts for row in part]
    scores = pd.DataFrame(found)
    names = [OURS, *OTHERS]
    table = scores.groupby("assay", sort=False)[names].mean()
    print(f"AUC, mean over 5 scaffold splits; {X.shape[1]} columns\n")
    print_table(table)
    summary = {"mean AUC": table.mean(), "seconds": scores[[f"{n} (s)" for n in names]].sum() / 5}
    summary["seconds"].index = names
    differences = {name: scores[OURS] - scores[name] for name in OTHERS}
    by_assay = {name: paired(table[OURS] - table[name]) for name in OTHERS}
    by_split = {name: paired(d.groupby(scores["split"]).mean()) for name, d in differences.items()}
    summary["ours - it, over assays"] = pd.Series({OURS: "", **by_assay})
    summary["ours - it, over splits"] = pd.Series({OURS: "", **by_split})
    print()
    print_table(pd.DataFrame(summary))


if __name__ == "__main__":
    main()
