"""A new target from few labelled rows: `adapt` beside training on those rows alone.

Yeast: in each seed two of the 14 labels in turn are the new one, the other 13 the source. Census:
each of the two tasks from the other, ten draws of labelled rows a seed, since of 100 rows some six
have the income. The labelled rows are none of the source's; a draw with fewer than five rows of a
class is left out. AUC on the test rows, the mean over draws, targets and ten seeds; beside `adapt`
the same estimator from scratch, logistic regression (penalty by cross-validation) and gradient
boosting on the raw columns. The seeds are others than those on which `adapt` was designed. Run as
``python benchmarks/new_target.py``; two processes share the work.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import torch
from _baselines import boosting, encoder
from _tables import data_folder, paired, print_table
from census import load as load_census
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

from sklearn_3mtl import MultiTaskClassifier

SEEDS = range(10, 20)
SHOTS = (50, 100, 300)


def yeast(seed: int) -> Iterator[tuple[Any, ...]]:
    """Source rows, pools of labelled rows, and test rows for two labels."""
    with np.load(data_folder("mulan_mll") / "yeast.npz", allow_pickle=True) as data:
        X = pd.DataFrame(data["X"].astype(np.float64)).add_prefix("x")
        Y = pd.DataFrame(data["Y"].astype(int)).add_prefix("label")
    rows = np.random.default_rng(seed).permutation(len(X))
    for target in (Y.columns[seed % 14], Y.columns[(seed + 7) % 14]):
        yield X, Y, target, rows[:1400], [rows[1400:1700]], rows[1700:]


def census(seed: int) -> Iterator[tuple[Any, ...]]:
    """The same for both tasks of the census table."""
    X, Y = load_census()
    rows = np.random.default_rng(seed).permutation(len(X))
    pools = np.split(rows[20_000:23_000], 10)
    for target in Y:
        yield X, Y, target, rows[:20_000], pools, rows[-10_000:]


def logistic(X: pd.DataFrame, seed: int) -> Any:
    """Logistic regression on scaled and one-hot columns, the penalty by AUC in five folds."""
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    model = LogisticRegressionCV(
        Cs=np.logspace(-4, 1, 6), cv=folds, scoring="roc_auc", max_iter=1000,
        use_legacy_attributes=False, l1_ratios=(0.0,),
    )  # fmt: skip
    return make_pipeline(encoder(X), model)


def scores(data: Callable[[int], Iterator[tuple[Any, ...]]], seed: int) -> list[dict[str, Any]]:
    """AUC of each way for each target and number of rows."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.filterwarnings("ignore", message="Found unknown categories")
    found = []
    for X, Y, target, source, pools, test in data(seed):
        others = Y.drop(columns=target)
        fitted = MultiTaskClassifier(random_state=seed).fit(X.iloc[source], others.iloc[source])
        for pool, shots in product(pools, SHOTS):
            support = pool[:shots]
            X_few, y_few = X.iloc[support], Y[target].iloc[support]
            if y_few.value_counts().reindex([0, 1], fill_value=0).min() < 5:
                continue
            start = time.perf_counter()
            adapted = fitted.adapt(X_few, y_few)
            seconds = time.perf_counter() - start
            ways = {
                "scratch": MultiTaskClassifier(random_state=seed),
                "logistic": logistic(X_few, seed),
                "boosting": boosting(X_few, True, seed),
                "boosting, 400 trees": boosting(X_few, True, seed, 400),
            }
            row = {"target": target, "rows": shots, "seed": seed, "seconds": seconds}
            proba = adapted.predict_proba(X.iloc[test])[-1]
            row["adapt"] = roc_auc_score(Y[target].iloc[test], proba[:, 1])
            for name, model in ways.items():
                proba = model.fit(X_few, y_few).predict_proba(X.iloc[test])
                row[name] = roc_auc_score(Y[target].iloc[test], proba[:, 1])
            found.append(row)
    return found


def main() -> None:
    """Print the tables."""
    for name, data in {"yeast": yeast, "census": census}.items():
        parts = Parallel(2)(delayed(scores)(data, seed) for seed in SEEDS)
        table = pd.DataFrame([row for part in parts for row in part])
        rows = []
        for shots, part in table.groupby("rows"):
            others = ["scratch", "logistic", "boosting", "boosting, 400 trees"]
            ways = ["adapt", *others]
            per_seed = part.groupby(["seed", "target"])[ways].mean().groupby("seed").mean()
            row = {"rows": shots, **per_seed.mean().to_dict()}
            for way in others:
                row[f"adapt - {way}"] = paired(per_seed["adapt"] - per_seed[way])
            row["adapt (ms)"] = float(part["seconds"].median() * 1000)
            rows.append(row)
        print(f"\n{name}: mean AUC over targets and {len(SEEDS)} seeds; differences with 95 %\n")
        print_table(pd.DataFrame(rows).set_index("rows"))


if __name__ == "__main__":
    main()
