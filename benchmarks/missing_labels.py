"""Twelve assays with missing labels (Tox21): one shared net beside a tuned forest per assay.

Five fixed splits by scaffold: no scaffold is on both sides. Inputs of both are RDKit descriptors
and Morgan bits. The forest's settings are chosen per assay and split by out-of-bag AUC. Run as
``python benchmarks/missing_labels.py``.
"""

from __future__ import annotations

import itertools
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
from _tables import data_folder, paired, print_table
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupShuffleSplit

from sklearn_3mtl import MultiTaskClassifier

GRID = list(itertools.product(("sqrt", 0.1), (1, 3)))


def load() -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Inputs, labels with gaps, and scaffolds."""
    folder = data_folder("tox21")
    labels = pd.read_parquet(folder / "labels.parquet")
    descriptors = pd.read_parquet(folder / "descriptors.parquet")
    with np.load(folder / "morgan1024.npz") as packed:
        bits = pd.DataFrame(np.unpackbits(packed["bits"], axis=1)).add_prefix("bit")
    descriptors = descriptors.drop(columns="mol_id").astype(np.float64)
    X = pd.concat([descriptors, bits.astype(np.float64)], axis=1)
    return X, labels.drop(columns=["mol_id", "smiles", "scaffold"]), labels["scaffold"]


def tuned_forest(X: np.ndarray, y: np.ndarray, seed: int) -> Any:
    """The forest with the best out-of-bag AUC."""
    best, best_score = None, -np.inf
    for max_features, min_samples_leaf in GRID:
        forest = RandomForestClassifier(
            300, max_features=max_features, min_samples_leaf=min_samples_leaf, oob_score=True,
            n_jobs=-1, random_state=seed,
        ).fit(X, y)  # fmt: skip
        score = roc_auc_score(y, forest.oob_decision_function_[:, 1])
        if score > best_score:
            best, best_score = forest, score
    return best


def main() -> None:
    """Print the table."""
    warnings.filterwarnings("ignore", message="Some inputs do not have OOB scores")
    X, Y, scaffolds = load()
    found, seconds = [], {"shared net": 0.0, "forest": 0.0}
    for seed, (train, test) in enumerate(
        GroupShuffleSplit(5, test_size=0.2, random_state=0).split(X, groups=scaffolds)
    ):
        start = time.perf_counter()
        est = MultiTaskClassifier(random_state=seed).fit(X.iloc[train], Y.iloc[train])
        proba = est.predict_proba(X.iloc[test])
        seconds["shared net"] += time.perf_counter() - start
        filled = X.fillna(X.iloc[train].median()).to_numpy()
        for task, p in zip(Y, proba, strict=True):
            start = time.perf_counter()
            known = Y[task].iloc[train].notna().to_numpy()
            forest = tuned_forest(filled[train][known], Y[task].iloc[train][known], seed)
            seconds["forest"] += time.perf_counter() - start
            judged = Y[task].iloc[test].notna().to_numpy()
            truth = Y[task].iloc[test][judged]
            guess = forest.predict_proba(filled[test][judged])[:, 1]
            found.append(
                {"assay": task, "split": seed, "shared net": roc_auc_score(truth, p[judged, 1]),
                 "forest": roc_auc_score(truth, guess)}
            )  # fmt: skip
    scores = pd.DataFrame(found)
    table = scores.groupby("assay", sort=False)[["shared net", "forest"]].mean()
    table["difference"] = table["shared net"] - table["forest"]
    print(f"AUC, mean over 5 scaffold splits; {X.shape[1]} columns\n")
    print_table(table)
    difference = scores["shared net"] - scores["forest"]
    print(f"\nmean: {table['shared net'].mean():.4f} against {table['forest'].mean():.4f}")
    print(f"paired over assays: {paired(table['difference'])}")
    print(f"paired over splits: {paired(difference.groupby(scores['split']).mean())}")
    print(f"seconds per split: { ({k: round(v / 5, 1) for k, v in seconds.items()}) }")


if __name__ == "__main__":
    main()
