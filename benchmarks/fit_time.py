"""How long `fit` takes with the defaults, beside gradient boosting and ridge regression.

Made-up tables of 20 or 40 numbers and one target with a curved signal; two cores. Run as
``python benchmarks/fit_time.py``.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from _tables import print_table
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score

from sklearn_3mtl import MultiTaskRegressor

SIZES = {(300, 10): None, (1_000, 20): 3.0, (10_000, 20): None, (150_000, 40): 300.0}
N_TEST = 2_000


def table(n_rows: int, n_columns: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and a target that bends in some of them."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n_rows, n_columns))
    signal = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + np.abs(X[:, 3]) + X[:, 4:9].sum(axis=1) / 2
    return X, signal + 0.5 * random.normal(size=n_rows)


def main() -> None:
    """Print the table."""
    # The first step of an optimizer in a process imports a part of torch, for one or two seconds.
    MultiTaskRegressor(max_epochs=1).fit(*table(20, 10))
    rows = []
    for (n_rows, n_columns), limit in SIZES.items():
        X, y = table(n_rows + N_TEST, n_columns)
        row: dict[str, object] = {"rows x columns": f"{n_rows:,} x {n_columns}"}
        for name, model in {
            "ours": MultiTaskRegressor(random_state=0),
            "boosting": HistGradientBoostingRegressor(random_state=0),
            "boosting, 400 trees": HistGradientBoostingRegressor(max_iter=400, random_state=0),
            "ridge": RidgeCV(),
        }.items():
            start = time.perf_counter()
            model.fit(X[:n_rows], y[:n_rows])
            row[f"{name} (s)"] = time.perf_counter() - start
            row[f"{name}, R2"] = r2_score(y[n_rows:], model.predict(X[n_rows:]))
        row["at most (s)"] = "" if limit is None else limit
        rows.append(row)
    print_table(pd.DataFrame(rows).set_index("rows x columns"))


if __name__ == "__main__":
    main()
