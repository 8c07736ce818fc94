"""A new measuring station from its first hours: six pollutants, learned from other stations.

At seven stations in Beijing six pollutants were measured, and the weather. The eighth is new: 5 to
100 of its hours are labelled. `ThreeMTLEstimator` has learned to adapt to a station; beside it
stand boosting on all stations, the new one's hours among them, and a ridge regression on these
alone. Each of four stations in turn is the new one. Prints a table and saves a picture. Run as
``python examples/new_station.py``; it takes about a minute.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_3mtl import ThreeMTLEstimator
from sklearn_3mtl.datasets import load_beijing_air

N_STATIONS, HOURS = 4, (5, 20, 50, 100)


def load() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Weather, hour and month as points on circles, and the logarithms of the pollutants."""
    X, Y = load_beijing_air(return_X_y=True)
    for name, period in (("hour", 24), ("month", 12)):
        angle = 2 * np.pi * X.pop(name) / period
        X[f"{name}_sin"], X[f"{name}_cos"] = np.sin(angle), np.cos(angle)
    return X.drop(columns="day"), np.log1p(Y)


def boosting(X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame) -> pd.DataFrame:
    """Gradient boosting of each pollutant, the station a category."""
    found = {}
    for target in Y:
        known = Y[target].notna()
        model = HistGradientBoostingRegressor(categorical_features="from_dtype", random_state=0)
        found[target] = model.fit(X[known], Y.loc[known, target]).predict(X_new)
    return pd.DataFrame(found, index=X_new.index)


def ridge(X: pd.DataFrame, Y: pd.DataFrame, X_new: pd.DataFrame) -> pd.DataFrame:
    """A ridge regression of each pollutant."""
    X, X_new = (pd.get_dummies(table.drop(columns="station")).fillna(0) for table in (X, X_new))
    found = {}
    for target in Y:
        known = Y[target].notna()
        model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 4, 11)))
        found[target] = model.fit(X[known], Y.loc[known, target]).predict(X_new)
    return pd.DataFrame(found, index=X_new.index)


def score(Y: pd.DataFrame, found: pd.DataFrame) -> float:
    """R2, the mean over pollutants."""
    return float(np.mean([r2_score(Y[c][Y[c].notna()], found[c][Y[c].notna()]) for c in Y]))


def main(folder: Path = Path()) -> None:
    """Print the table and save the picture in `folder`."""
    warnings.simplefilter("ignore", RuntimeWarning)
    X, Y = load()
    results = []
    for seed, station in enumerate(X["station"].unique()[:N_STATIONS]):
        others = X["station"] != station
        est = ThreeMTLEstimator(task="station", random_state=seed).fit(X[others], Y[others])
        hours = np.random.default_rng(seed).permutation(X.index[~others])
        test = hours[max(HOURS) :]
        for n_hours in HOURS:
            few = hours[:n_hours]
            adapted = est.adapt(X.loc[few], Y.loc[few])
            both = X.index[others].append(pd.Index(few))
            answers = {
                "3MTL, adapted": adapted.predict(X.loc[test]),
                "boosting, all stations": boosting(X.loc[both], Y.loc[both], X.loc[test]),
                "ridge, its own hours": ridge(X.loc[few], Y.loc[few], X.loc[test]),
            }
            scores = {way: score(Y.loc[test], found) for way, found in answers.items()}
            results.append({"labelled hours": n_hours, **scores})

    table = pd.DataFrame(results).groupby("labelled hours")
    means, errors = table.mean(), table.sem()
    print(f"R2 at a new station, mean over six pollutants and {N_STATIONS} stations\n")
    print(means.round(3).to_string())

    figure, ax = plt.subplots(figsize=(6, 3.6), layout="constrained")
    # The ridge regression would be far below.
    for way, colour, marker in zip(means, ("#1b6ca8", "#c98a2b"), "oD", strict=False):
        ax.errorbar(
            means.index, means[way], yerr=errors[way], fmt=f"{marker}-", color=colour, capsize=3,
            label=way,
        )  # fmt: skip
    ax.set(
        xscale="log",
        xlabel="labelled hours of the new station",
        ylabel="R², mean over pollutants",
        title="Air quality at a new station",
        ylim=(0.3, None),
    )
    ax.set_xticks(HOURS, [str(n) for n in HOURS])
    ax.minorticks_off()
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    path = folder / "new_station.png"
    figure.savefig(path, dpi=150)
    print(f"\nsaved {path}")


if __name__ == "__main__":
    main()
