"""A target with few labelled rows: a source carried over beside what one would do instead.

wine: quality by red wines carried over to white ones, and by white to red; 100 and 500 labelled
rows of the target. census: income above 50,000, learned on 10,000 women, carried over to men; 100
and 1,000 labelled rows. Rows that repeat others are dropped from wine. In each of five seeds the
rows are drawn anew; the test set is all other rows of the target, 10,000 at most, the same ones for
both sizes. Scores are R2 and AUC; all settings are the defaults.

source: the source's model as it is.
auto, fine_tune, extract: `TransferRegressor` or `TransferClassifier` adapted with this `strategy`.
scratch: the same estimator, fitted on the target's rows.
boosting, trees: gradient boosting, and extremely randomised trees (of few rows better), on the
target's rows; linear: ridge or logistic regression, penalty by cross-validation, on the target's
rows; pooled, pooled linear: boosting and the linear model on those and the source's.

Run as ``python benchmarks/transfer_tables.py``, with ``OMP_NUM_THREADS=1``; ``--seeds 2`` takes
two fifths of the time, ``--data wine`` leaves the census out.
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
import torch
from _baselines import linear
from _tables import data_folder, paired, print_table
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)  # fmt: skip
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from sklearn_3mtl import TransferClassifier, TransferRegressor
from sklearn_3mtl.datasets import load_wine_quality

STRATEGIES = ("auto", "fine_tune", "extract")
N_SOURCE = N_TEST = 10_000
SIZES = {"wine": (100, 500), "census": (100, 1000)}
TREES = {"boosting": 100, "boosting, 400 trees": 400}
POOLED = {"pooled": 100, "pooled, 400 trees": 400}


def wine() -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Inputs, quality and colour of the wines that differ from each other."""
    frame = load_wine_quality().frame.drop_duplicates(ignore_index=True)
    return frame.drop(columns=["quality", "color"]), frame["quality"].astype(float), frame["color"]


def census() -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Inputs, income above 50,000 and sex; the survey weight is no input."""
    frame = pd.read_parquet(data_folder("census_income_kdd") / "train.parquet")
    X = frame.drop(columns=["income_50k", "instance_weight", "sex"])
    return X, frame["income_50k"].astype(int), frame["sex"].astype(str).str.strip()


PAIRS = {
    "wine": (wine, (("red", "white"), ("white", "red"))),
    "census": (census, (("Female", "Male"),)),
}


def score(model: Any, X: pd.DataFrame, y: pd.Series) -> float:
    """R2 or AUC."""
    if y.dtype.kind == "f":
        return r2_score(y, model.predict(X))
    return roc_auc_score(y, model.predict_proba(X)[:, 1])


def scores(
    X: pd.DataFrame, y: pd.Series, source: np.ndarray, target: np.ndarray, sizes: tuple[int, ...],
    seed: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """A score of each way for each number of target rows."""
    if y.dtype.kind == "f":
        ours, boosting = TransferRegressor, HistGradientBoostingRegressor
        trees: Any = ExtraTreesRegressor
    else:
        ours, boosting = TransferClassifier, HistGradientBoostingClassifier
        trees = ExtraTreesClassifier
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    text = list(X.select_dtypes(exclude="number"))
    random = np.random.default_rng(seed)
    source = random.permutation(source)[:N_SOURCE]
    target = random.permutation(target)
    test = target[max(sizes) :][:N_TEST]
    start = time.perf_counter()
    first = ours(random_state=seed).fit(X.iloc[source], y.iloc[source])
    seconds = time.perf_counter() - start
    rows = []
    for size in sizes:
        few = target[:size]
        X_few, y_few, both = X.iloc[few], y.iloc[few], np.concatenate([source, few])
        start = time.perf_counter()
        models: dict[str, Any] = {"source": first, "auto": first.adapt(X_few, y_few)}
        adapted = time.perf_counter() - start
        for strategy in STRATEGIES[1:]:
            est = ours(source=first, strategy=strategy, random_state=seed)
            models[strategy] = est.fit(X_few, y_few)
        models["scratch"] = ours(random_state=seed).fit(X_few, y_few)
        for name, n_trees in TREES.items():
            models[name] = boosting(max_iter=n_trees, random_state=seed).fit(X_few, y_few)
        encoded = make_column_transformer((codes, text), remainder="passthrough")
        models["trees"] = make_pipeline(encoded, trees(random_state=seed)).fit(X_few, y_few)
        is_number = y.dtype.kind == "f"
        models["linear"] = linear(X_few, not is_number, seed).fit(X_few, y_few)
        pooled = linear(X.iloc[both], not is_number, seed)
        models["pooled linear"] = pooled.fit(X.iloc[both], y.iloc[both])
        for name, n_trees in POOLED.items():
            pooled = boosting(max_iter=n_trees, random_state=seed)
            models[name] = pooled.fit(X.iloc[both], y.iloc[both])
        found = {way: score(model, X.iloc[test], y.iloc[test]) for way, model in models.items()}
        rows.append({"rows": size, "seed": seed, **found, "fit (s)": seconds, "auto (s)": adapted})
    return rows


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", choices=list(PAIRS), nargs="*", default=list(PAIRS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    for name in options.data:
        load, pairs = PAIRS[name]
        X, y, domain = load()
        for source, target in pairs:
            places = [np.flatnonzero(domain == which) for which in (source, target)]
            parts = [
                scores(X, y, places[0], places[1], SIZES[name], seed)
                for seed in range(options.seeds)
            ]
            table = pd.DataFrame([row for part in parts for row in part])
            others = ["scratch", *TREES, "trees", "linear", *POOLED, "pooled linear"]
            ways = ["source", *STRATEGIES, *others]
            print(f"\n{name}, {source} -> {target}: mean over {options.seeds} seeds\n")
            means = table.groupby("rows")[[*ways, "fit (s)", "auto (s)"]].mean()
            print_table(means)
            print("\nauto minus others, with 95 %:\n")
            gains = {
                size: {way: paired(part["auto"] - part[way]) for way in ways if way != "auto"}
                for size, part in table.groupby("rows")
            }
            print_table(pd.DataFrame(gains).T.rename_axis("rows"))
            print(flush=True)


if __name__ == "__main__":
    main()
