"""Shared net against the same net per target, on the Mulan multi-target regression sets.

aRRMSE (mean over targets of the RMSE relative to predicting the training mean) over repeated
random 75/25 splits. Run as ``python benchmarks/multi_target.py``.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
from _tables import data_folder, print_table
from sklearn.model_selection import ShuffleSplit

from sklearn_3mtl import MultiTaskRegressor

SPLITS = 5


def load(path: object) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Inputs and targets of one set."""
    frame = pd.read_parquet(path)
    targets = [column for column in frame if column.startswith("y_")]
    return frame.drop(columns=targets), frame[targets].astype(float)


def arrmse(truth: pd.DataFrame, guess: pd.DataFrame, train: pd.DataFrame) -> float:
    """Mean over targets of the root of the relative squared error."""
    residual = ((truth - guess) ** 2).mean()
    spread = ((truth - train.mean()) ** 2).mean()
    return float(np.sqrt(residual / spread).mean())


def main() -> None:
    """Print the table."""
    rows = []
    for path in sorted(data_folder("mulan_mtr").glob("*.parquet")):
        X, Y = load(path)
        scores = {"shared": [], "per target": []}
        seconds = dict.fromkeys(scores, 0.0)
        for split, (train, test) in enumerate(
            ShuffleSplit(SPLITS, test_size=0.25, random_state=0).split(X)
        ):
            for name, sharing in (("shared", "hard"), ("per target", "none")):
                start = time.perf_counter()
                est = MultiTaskRegressor(sharing=sharing, random_state=split)
                est.fit(X.iloc[train], Y.iloc[train])
                guess = est.predict(X.iloc[test])
                seconds[name] += time.perf_counter() - start
                scores[name].append(arrmse(Y.iloc[test], guess, Y.iloc[train]))
        difference = np.subtract(scores["shared"], scores["per target"])
        rows.append(
            {
                "set": path.stem,
                "rows": len(X),
                "targets": Y.shape[1],
                **{name: float(np.mean(values)) for name, values in scores.items()},
                "difference": float(difference.mean()),
                "s.e. over splits": float(difference.std(ddof=1) / np.sqrt(SPLITS)),
                **{f"{name} (s)": value / SPLITS for name, value in seconds.items()},
            }
        )
    table = pd.DataFrame(rows).set_index("set")
    print_table(table)
    won = int((table["shared"] < table["per target"]).sum())
    print(f"\nshared below per target on {won} of {len(table)} sets")


if __name__ == "__main__":
    main()
