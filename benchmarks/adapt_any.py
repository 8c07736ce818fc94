"""A fitted scikit-learn model and a few rows from elsewhere: `adapt` beside what one would do.

Five models are fitted on a source; a target is another site, a later period, or the same site with
recalibrated instruments. 5 to 200 rows of the target are labelled. Beside `adapt` stand the model
alone and plus a shrunk offset, a line through its predictions, ridge regression of what it leaves
over on (inputs, prediction), the model fitted again on both sets of rows, and boosting and ridge of
the few rows alone. R2 on the target's other rows. Run as ``python benchmarks/adapt_any.py``.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from _tables import data_folder, paired, print_table
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVR

from sklearn_3mtl import adapt

SIZES, SEEDS, N_SOURCE, N_TEST = (5, 20, 50, 200), range(5), 2000, 2000
PENALTIES = np.logspace(-3, 5, 17)
# The mean of what is left over is shrunk as if this many further rows had none.
SHRINKAGE = 5
OURS = "adapt"


class Shift(NamedTuple):
    """Rows of a source and of a target; all inputs are numbers."""

    name: str
    X: pd.DataFrame
    y: np.ndarray
    X_target: pd.DataFrame
    y_target: np.ndarray


def shifts() -> Iterator[Shift]:
    """Another site, a later period and other instruments, of wine and of air."""
    wine = pd.read_parquet(data_folder("wine_quality") / "wine_quality.parquet")
    colour = wine.pop(next(c for c in wine if str(c).startswith("colo")))
    first = colour == colour.iloc[0]
    quality = wine.pop("quality").to_numpy(float)
    yield Shift(
        "wine of the other colour", wine[first], quality[first], wine[~first], quality[~first]
    )
    air = pd.read_parquet(data_folder("beijing_air") / "beijing_air.parquet")
    air = air.dropna(subset=["PM2.5", "O3", "TEMP", "PRES", "DEWP", "WSPM", "RAIN"])
    for target in ("PM2.5", "O3"):
        table = air.sample(60_000, random_state=0)
        y = np.log1p(table[target].to_numpy(float))
        X = table[["month", "hour", "TEMP", "PRES", "DEWP", "RAIN", "WSPM"]].astype(float)
        here, there = table["station"] == "Dongsi", table["station"] == "Huairou"
        early = table["year"] < 2016
        yield Shift(f"{target}, another station", X[here], y[here], X[there], y[there])
        town = here & early, here & ~early
        yield Shift(f"{target}, a later year", X[town[0]], y[town[0]], X[town[1]], y[town[1]])
        half = np.random.default_rng(0).random(len(X)) < 0.5
        one, other = (here & half).to_numpy(), (here & ~half).to_numpy()
        bent = X[other].assign(TEMP=1.1 * X["TEMP"][other] + 3.0, DEWP=X["DEWP"][other] - 2.0)
        yield Shift(f"{target}, instruments", X[one], y[one], bent, 0.8 * y[other] + 0.5)


def models() -> dict[str, Any]:
    """The models that somebody has fitted."""
    return {
        "boosting": HistGradientBoostingRegressor(random_state=0),
        "forest": RandomForestRegressor(100, min_samples_leaf=3, random_state=0),
        "ridge": make_pipeline(StandardScaler(), RidgeCV(PENALTIES)),
        "SVR": make_pipeline(StandardScaler(), SVR()),
        "pipeline": make_pipeline(StandardScaler(), PolynomialFeatures(2), RidgeCV(PENALTIES)),
    }


def answers(
    model: Any, shift: Shift, few: np.ndarray, test: np.ndarray
) -> dict[str, tuple[np.ndarray, float]]:
    """The predictions of each way for the test rows, and the seconds that it took to adapt."""
    X, y, X_test = shift.X_target.iloc[few], shift.y_target[few], shift.X_target.iloc[test]
    before, before_test = model.predict(X), model.predict(X_test)
    scaler = StandardScaler().fit(shift.X)

    def with_prediction(rows: pd.DataFrame, prediction: np.ndarray) -> np.ndarray:
        return np.column_stack([scaler.transform(rows), prediction])

    def offset() -> np.ndarray:
        return before_test + np.sum(y - before) / (len(y) + SHRINKAGE)

    def line() -> np.ndarray:
        fitted = LinearRegression().fit(before[:, None], y)
        return fitted.predict(before_test[:, None])

    def residual() -> np.ndarray:
        ridge = RidgeCV(PENALTIES).fit(with_prediction(X, before), y - before)
        return before_test + ridge.predict(with_prediction(X_test, before_test))

    def again() -> np.ndarray:
        both = pd.concat([shift.X, X]), np.concatenate([shift.y, y])
        return clone(model).fit(*both).predict(X_test)

    def own_boosting() -> np.ndarray:
        fitted = HistGradientBoostingRegressor(random_state=0, min_samples_leaf=5).fit(X, y)
        return fitted.predict(X_test)

    def own_ridge() -> np.ndarray:
        fitted = RidgeCV(PENALTIES).fit(scaler.transform(X), y)
        return fitted.predict(scaler.transform(X_test))

    ways = {
        OURS: lambda: adapt(model, X, y).predict(X_test),
        "model alone": lambda: before_test,
        "shrunk offset": offset,
        "recalibrated line": line,
        "residual ridge": residual,
        "fitted on both": again,
        "boosting of the few": own_boosting,
        "ridge of the few": own_ridge,
    }
    found = {}
    for name, way in ways.items():
        start = time.perf_counter()
        found[name] = np.ravel(way()), time.perf_counter() - start
    return found


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    rows = []
    for shift in shifts():
        for kind, unfitted in models().items():
            for seed in SEEDS:
                random = np.random.default_rng(seed)
                some = random.permutation(len(shift.X))[:N_SOURCE]
                source = shift._replace(X=shift.X.iloc[some], y=shift.y[some])
                model = clone(unfitted).fit(source.X, source.y)
                order = random.permutation(len(shift.X_target))
                test = order[max(SIZES) : max(SIZES) + N_TEST]
                for size in SIZES:
                    given = answers(model, source, order[:size], test)
                    for way, (found, seconds) in given.items():
                        score = r2_score(shift.y_target[test], found)
                        rows.append((shift.name, kind, seed, size, way, max(score, -1.0), seconds))
    columns = ["shift", "model", "seed", "rows", "way", "score", "seconds"]
    table = pd.DataFrame(rows, columns=columns)
    order = list(dict.fromkeys(table["way"]))
    print("mean R2 (at least -1) over shifts, models and seeds, and seconds to adapt\n")
    means = table.pivot_table(index="way", columns="rows", values="score").loc[order]
    means["seconds"] = table.groupby("way")["seconds"].mean()
    print_table(means)
    # The models of one shift and seed share their rows: they are one repetition.
    units = table.pivot_table(index=["shift", "seed"], columns=["rows", "way"], values="score")
    print("\nadapt minus each, 95 % intervals over shifts and seeds\n")
    differences = {
        size: {w: paired(units[size][OURS] - units[size][w]) for w in order if w != OURS}
        for size in SIZES
    }
    print_table(pd.DataFrame(differences).rename_axis("way"))
    print("\nmean R2 by shift\n")
    shown = {"adapt": OURS, "ridge": "residual ridge", "line": "recalibrated line"}
    by_shift = table.pivot_table(index="shift", columns=["rows", "way"], values="score")
    pairs = {f"{n}: {label}": by_shift[n, way] for n in SIZES for label, way in shown.items()}
    print_table(pd.DataFrame(pairs))


if __name__ == "__main__":
    main()
