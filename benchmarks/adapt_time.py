"""How long `adapt` on five rows and a prediction take, beside a logistic regression on the columns.

Student performance (28 columns, 15 of them categories) and wines (10 numbers), new targets of three
kinds, thirty draws in turn, one thread. The predictions of the old tasks are compared bit by bit.
Run as ``python benchmarks/adapt_time.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from _tables import print_table
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_3mtl import MultiTaskEstimator
from sklearn_3mtl.datasets import load_student_performance, load_wine_quality

N_ROWS, N_DRAWS, N_WARM_UP, LIMIT = 5, 30, 5, 20.0


def baseline(kind: str) -> object:
    """A linear model on numbers and one-hot categories."""
    numbers = (StandardScaler(), make_column_selector(dtype_include="number"))
    rest = (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number"))
    return make_pipeline(
        make_column_transformer(numbers, rest),
        Ridge() if kind == "number" else LogisticRegression(),
    )


def milliseconds(action: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    action()
    return 1e3 * (time.perf_counter() - start)


def tables() -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Mixed columns and numbers alone, with what the estimators know of them."""
    wines, _ = load_wine_quality(return_X_y=True)
    known = ["color", "alcohol"]
    return {
        "28 mixed columns": load_student_performance(return_X_y=True),
        "10 numbers": (wines.drop(columns=known), wines[known]),
    }


def measured(X: pd.DataFrame, Y: pd.DataFrame) -> list[dict[str, object]]:
    """A row for each kind of target."""
    est = MultiTaskEstimator(random_state=0).fit(X, Y)
    old = est.predict(X)
    place = np.arange(len(X))
    targets = {
        "boolean": place % 2 == 0,
        "number": np.sin(place),
        "three classes": np.array(["low", "middle", "high"])[place % 3],
    }
    rows: list[dict[str, object]] = []
    for kind, values in targets.items():
        y = pd.Series(values, index=X.index, name="new")
        times = []
        for draw in range(N_WARM_UP + N_DRAWS):
            some = slice(draw * N_ROWS, (draw + 1) * N_ROWS)
            X_s, y_s = X.iloc[some], y.iloc[some]

            def ours(X_s: pd.DataFrame = X_s, y_s: pd.Series = y_s) -> None:
                est.adapt(X_s, y_s).predict(X_s)

            def linear(X_s: pd.DataFrame = X_s, y_s: pd.Series = y_s, kind: str = kind) -> None:
                baseline(kind).fit(X_s, y_s).predict(X_s)

            times.append((milliseconds(ours), milliseconds(linear)))
        ms = np.median(times[N_WARM_UP:], axis=0)
        same = est.adapt(X_s, y_s).predict(X)[list(Y.columns)].equals(old)
        rows.append(
            {
                "new target": kind,
                "adapt + predict (ms)": ms[0],
                "linear model (ms)": ms[1],
                "ratio": ms[0] / ms[1],
                "at most (ms)": LIMIT,
                "old tasks' bits": "the same" if same else "CHANGED",
            }
        )
    return rows


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    rows = [{"columns": n, **row} for n, data in tables().items() for row in measured(*data)]
    print_table(pd.DataFrame(rows).set_index("columns"), digits=2)


if __name__ == "__main__":
    main()
