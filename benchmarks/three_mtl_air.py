"""A new station from few labelled hours: six pollutants, many stations, one estimator.

Six targets (log(1 + pollutant), some labels missing) by weather, hour, month and year; 3,000 random
hours of each station. Each station in turn is held out; 24, 72 and 168 of its hours are labelled,
and R2, the mean over pollutants, is that of its other hours. The settings of `ThreeMTLEstimator`
are the defaults, which were chosen on other hours of the same stations.

own: a ridge regression on the station's hours, columns scaled as on the others and clipped at 3
standard deviations, penalty by cross-validation.
pooled: gradient boosting on all stations' hours, with the station as a category; its defaults, and
400 trees in the place of 100, without early stopping.
linear: ridge regression on the others plus a shrunk intercept for each station.
residual: gradient boosting on the others, and a ridge regression of its residuals on the hours,
penalty by cross-validation; also on 400 trees; shrunk: the same with whichever one penalty of 10,
30, 100, 300, 1,000 does best on the test hours, which flatters it; offset: the mean of these
residuals instead.
not adapted: 3MTL without the station's hours.

Run as ``python benchmarks/three_mtl_air.py`` with ``OMP_NUM_THREADS=1`` (10 to 30 minutes).
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
import torch
from _air import TARGETS, beijing_air
from _few_rows import boosted, constant, numbers, own, pooled_linear, scaled
from _tables import paired, print_table
from joblib import Parallel, delayed
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from sklearn_3mtl import ThreeMTLEstimator

N_HOURS = 3000
SIZES = (24, 72, 168)
SHRINKING = (10.0, 30.0, 100.0, 300.0, 1000.0)
TREES = {"": None, ", 400 trees": 400}


def score(Y: pd.DataFrame, found: pd.DataFrame) -> float:
    """R2, the mean over pollutants."""
    known = Y.notna()
    return float(np.mean([r2_score(Y.loc[known[c], c], found.loc[known[c], c]) for c in Y]))


def corrected(
    linear: pd.DataFrame, left: pd.Series, few: np.ndarray, test: np.ndarray
) -> dict[Any, np.ndarray]:
    """What is left over, by ridge regressions of each penalty."""
    rows, labels, others = linear[few], left[few], linear[test]
    found: dict[Any, np.ndarray] = {
        "residual": own(rows, labels, others),
        "offset": constant(labels, len(others)),
    }
    for penalty in SHRINKING:
        found[penalty] = Ridge(penalty).fit(rows, labels).predict(others)
    return found


def baselines(
    X: pd.DataFrame, Y: pd.DataFrame, train: np.ndarray, few: np.ndarray, test: np.ndarray,
    bases: dict[str, pd.DataFrame],
) -> dict[str, float]:  # fmt: skip
    """A score of each way without meta-learning."""
    ids = X.astype({"station": "category", "wd": "category"})
    linear = scaled(numbers(X.drop(columns="station")), train)
    longer = ["pooled, 400 trees", "residual, 400 trees"]
    ways: list[Any] = ["own", "linear", "pooled", "residual", "offset", *longer, *SHRINKING]
    found = {way: pd.DataFrame(index=X.index[test]) for way in ways}
    for target in Y:
        y, known = Y[target], Y[target].notna().to_numpy()
        found["own"][target] = own(linear[few & known], y[few & known], linear[test])
        parts = (train & known, few & known, test)
        found["linear"][target] = pooled_linear(linear, y, X["station"], *parts)
        both = (train | few) & known
        for name, n_trees in TREES.items():
            model = boosted(ids[both], y[both], 0, n_trees)
            found[f"pooled{name}"][target] = model.predict(ids[test])
            base = bases[name][target]
            for way, part in corrected(linear, y - base, few & known, test).items():
                if not name or way == "residual":
                    found[f"{way}{name}" if name else way][target] = base[test] + part
    scores = {way: score(Y[test], answer) for way, answer in found.items()}
    shrunk = max(scores.pop(penalty) for penalty in SHRINKING)
    return {**scores, "shrunk": shrunk}


def scores(number: int) -> list[dict[str, Any]]:
    """A score of each way for each number of hours, for a held-out station."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    X, Y, _ = beijing_air(seed=0, n_hours=N_HOURS)
    station = sorted(X["station"].unique())[number]
    train = (X["station"] != station).to_numpy()
    hours = np.random.default_rng(number).permutation(np.flatnonzero(~train))
    test = np.zeros(len(X), bool)
    test[hours[max(SIZES) :]] = True
    start = time.perf_counter()
    est = ThreeMTLEstimator(task="station", random_state=number).fit(X[train], Y[train])
    seconds = time.perf_counter() - start
    plain = X.drop(columns="station").astype({"wd": "category"})
    known = Y.notna().to_numpy() & train[:, None]
    bases = {name: pd.DataFrame(index=X.index) for name in TREES}
    for name, n_trees in TREES.items():
        for i, target in enumerate(TARGETS):
            model = boosted(plain[known[:, i]], Y.loc[known[:, i], target], 0, n_trees)
            bases[name][target] = model.predict(plain)
    prior = score(Y[test], est.predict(X[test]))
    rows = []
    for size in SIZES:
        few = np.zeros(len(X), bool)
        few[hours[:size]] = True
        start = time.perf_counter()
        answer = est.adapt(X[few], Y[few]).predict(X[test])
        adapted = time.perf_counter() - start
        found = {"3MTL": score(Y[test], answer), "not adapted": prior}
        found |= baselines(X, Y, train, few, test, bases)
        rows.append(
            {"hours": size, "station": station, **found, "fit (s)": seconds, "adapt (s)": adapted}
        )
    return rows


def main() -> None:
    """Print the tables."""
    stations = beijing_air(seed=0, n_hours=N_HOURS)[0]["station"].nunique()
    parts = Parallel(2)(delayed(scores)(number) for number in range(stations))
    table = pd.DataFrame([row for part in parts for row in part])
    ways = [
        "3MTL", "not adapted", "own", "linear", "pooled", "residual", "shrunk", "offset",
        "pooled, 400 trees", "residual, 400 trees",
    ]  # fmt: skip
    print(f"\nmean R2 over {stations} held-out stations\n")
    print_table(table.groupby("hours")[[*ways, "fit (s)", "adapt (s)"]].mean())
    print("\n3MTL minus others, with 95 % over stations:\n")
    gains = {
        hours: {way: paired(part["3MTL"] - part[way]) for way in ways[1:]}
        for hours, part in table.groupby("hours")
    }
    print_table(pd.DataFrame(gains).T.rename_axis("hours"))


if __name__ == "__main__":
    main()
