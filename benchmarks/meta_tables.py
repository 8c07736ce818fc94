"""Unseen tasks from few rows: meta-learning on real tables beside what one would do instead.

Tasks are the patients of parkinsons (both scores; without test_time, of which they are almost a
function within a patient), the users of wisdm (activity) and the stations of beijing_air (six
pollutants, log(1 + x), 1,500 random hours each). In each of five seeds, none of which defaults
were chosen on, a quarter of the tasks are held out; 5, 20 and 50 of their rows are the support, the
others the test (the same ones for all three sizes). Scores are R2 over all test rows, mean over
targets, and accuracy.

constant: the mean of the support's labels, or the most frequent one.
own: a ridge regression or a logistic regression on the support, columns scaled as on the training
tasks and clipped at 3 standard deviations, penalties by cross-validation (that of classes from 20
rows on).
pooled: gradient boosting on all training tasks and the supports, with the task id as a category.
linear: ridge regression of the training tasks plus a shrunk intercept for each task, or logistic
regression of the training tasks and the supports.
residual: the same as pooled without ids, and a ridge regression of its residuals on each support;
for classes a logistic regression on its log probabilities.

Differences are paired by seed: the mean with the interval of Student's t, which takes them to be
normal, and from six seeds on the median with the interval of the sign test, which does not.

Run as ``python benchmarks/meta_tables.py``; ``--sets parkinsons --seeds 20`` runs some of the sets
on more seeds, and ``--meta ridge`` and the like choose another method.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from _air import beijing_air
from _few_rows import boosted, constant, numbers, own, pooled_linear, scaled
from _tables import data_folder, paired, paired_median, print_table
from joblib import Parallel, delayed
from sklearn.metrics import accuracy_score, r2_score

from sklearn_3mtl import MetaLearner

FIRST_SEED = 20
SHOTS = (5, 20, 50)
MORE_TREES = "pooled, 400 trees"
WAYS = ("constant", "own", "pooled", MORE_TREES, "linear", "residual")


def parkinsons(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Voice measures of 42 patients."""
    table = pd.read_parquet(data_folder("parkinsons") / "parkinsons.parquet")
    targets = ["motor_UPDRS", "total_UPDRS"]
    return table.drop(columns=[*targets, "test_time"]), table[targets], "subject"


def wisdm(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Accelerometer windows of 36 users."""
    table = pd.read_parquet(data_folder("wisdm") / "wisdm.parquet")
    X = table.drop(columns=["activity", "window", "x_avg", "z_standdev"])
    return X.fillna(X.median(numeric_only=True)), table[["activity"]].astype(str), "user"


def split(ids: pd.Series, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which rows are of training tasks, each row's place in its held-out task, and test rows."""
    random = np.random.default_rng(seed)
    names = ids.unique()
    held_out = random.permutation(names)[: round(len(names) / 4)]
    train = ~ids.isin(held_out).to_numpy()
    place = pd.Series(random.permutation(len(ids)), index=ids.index).groupby(ids).rank().to_numpy()
    return train, place, ~train & (place > max(SHOTS))


def score(y: pd.DataFrame, found: pd.DataFrame) -> float:
    """R2 or accuracy, the mean over targets."""
    scores = []
    for name in y:
        known = y[name].notna()
        judge: Callable[..., float] = r2_score if y[name].dtype.kind == "f" else accuracy_score
        scores.append(judge(y.loc[known, name], found.loc[known, name]))
    return float(np.mean(scores))


def baselines(
    X: pd.DataFrame, Y: pd.DataFrame, ids: pd.Series, name: str,
    train: np.ndarray, support: np.ndarray, test: np.ndarray, seed: int,
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """Predictions of the test rows."""
    X_ids = X.assign(**{name: ids.astype(str).astype("category")})
    for column in X.select_dtypes(["object", "str"]):
        X_ids[column] = X_ids[column].astype("category")
    plain = X_ids.drop(columns=name)
    linear = scaled(numbers(X), train)
    found = {way: pd.DataFrame(index=X.index[test]) for way in WAYS}
    for target in Y:
        y, known = Y[target], Y[target].notna().to_numpy()
        both = (train | support) & known
        for way, n_trees in (("pooled", None), (MORE_TREES, 400)):
            model = boosted(X_ids[both], y[both], seed, n_trees)
            found[way][target] = model.predict(X_ids[test])
        parts_of = (train & known, support & known, test)
        found["linear"][target] = pooled_linear(linear, y, ids, *parts_of)
        model = boosted(plain[train & known], y[train & known], seed)
        if y.dtype.kind == "f":
            base = pd.Series(model.predict(plain), index=X.index)
            of_task, left = linear, y - base
        else:
            # A class that a support lacks is never predicted by what is fitted on it.
            logs = np.log(model.predict_proba(plain).clip(1e-6))
            logs = pd.DataFrame(logs, index=X.index).add_prefix("log ")
            of_task = pd.concat([linear, scaled(logs, train)], axis=1)
            base, left = 0, y
        constants = [
            pd.Series(
                constant(y[support & known & (ids == t)], n), index=X.index[test & (ids == t)]
            )
            for t in ids[test].unique()
            for n in [int((test & (ids == t)).sum())]
        ]
        found["constant"][target] = pd.concat(constants)
        for way, columns, labels in (("own", linear, y), ("residual", of_task, left)):
            parts = []
            for task in ids[test].unique():
                few, rest = support & known & (ids == task), test & (ids == task)
                answer = own(columns[few], labels[few], columns[rest])
                parts.append(pd.Series(answer, index=X.index[rest]))
            found[way][target] = pd.concat(parts)
        if y.dtype.kind == "f":
            found["residual"][target] += base[test]
    return found


def scores(data: Callable[..., Any], seed: int, options: dict[str, Any]) -> list[dict[str, Any]]:
    """A score of each way for each number of shots."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    X, Y, name = data(seed)
    ids = X[name]
    train, place, test = split(ids, seed)
    start = time.perf_counter()
    meta = MetaLearner(task=name, random_state=seed, **options).fit(X[train], Y[train])
    seconds = time.perf_counter() - start
    rows = []
    for shots in SHOTS:
        support = ~train & (place <= shots)
        adapted = meta.adapt(X[support], Y[support])
        found = {"ours": adapted.predict(X[test])}
        found |= baselines(X.drop(columns=name), Y, ids, name, train, support, test, seed)
        row = {way: score(Y[test], answer) for way, answer in found.items()}
        rows.append({"shots": shots, "seed": seed, **row, "fit (s)": seconds})
    return rows


SETS = {data.__name__: data for data in (parkinsons, wisdm, beijing_air)}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--meta", help="another method than the default")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    given = parser.parse_args()
    options = {} if given.meta is None else {"meta": given.meta}
    seeds = range(FIRST_SEED, FIRST_SEED + given.seeds)
    for name in given.sets:
        parts = Parallel(2)(delayed(scores)(SETS[name], seed, options) for seed in seeds)
        table = pd.DataFrame([row for part in parts for row in part])
        ways = ["ours", *WAYS]
        print(f"\n{name}: mean over {len(seeds)} seeds; differences with 95 %\n")
        rows = {str(shots): part[ways].mean() for shots, part in table.groupby("shots")}
        mean = table.groupby("seed")[ways].mean()
        rows["mean"] = mean.mean()
        print_table(pd.DataFrame(rows).T.rename_axis("shots"))
        for way in ways[1:]:
            difference = mean["ours"] - mean[way]
            print(f"\nours - {way}: {paired(difference)}; {paired_median(difference)}")
        print(f"\nfit: {table['fit (s)'].median():.0f} s")


if __name__ == "__main__":
    main()
