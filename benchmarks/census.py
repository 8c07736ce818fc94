"""Two tasks on the census table: our defaults beside boosting and logistic regression per task.

The last quarter of the rows is the test set; tasks are income above 50,000 and never married; the
survey weight is no input. Run as ``python benchmarks/census.py``.
"""

from __future__ import annotations

import time

import pandas as pd
from _baselines import encoder
from _tables import data_folder, print_table
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline

from sklearn_3mtl import MultiTaskClassifier

TASKS = ["income", "never married"]


def load() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Inputs and the two tasks."""
    frame = pd.read_parquet(data_folder("census_income_kdd") / "train.parquet")
    status = frame["marital_stat"].astype(str).str.strip()
    Y = pd.DataFrame(
        {
            "income": frame["income_50k"].astype(int),
            "never married": (status == "Never married").astype(int),
        }
    )
    return frame.drop(columns=["income_50k", "marital_stat", "instance_weight"]), Y


def split(X: pd.DataFrame, Y: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """The first three quarters and the last."""
    n_train = len(X) - len(X) // 4
    return X[:n_train], X[n_train:], Y[:n_train], Y[n_train:]


def main() -> None:
    """Print the table."""
    X_train, X_test, Y_train, Y_test = split(*load())
    rows = {}
    start = time.perf_counter()
    est = MultiTaskClassifier(random_state=0).fit(X_train, Y_train)
    fitted = time.perf_counter()
    proba = est.predict_proba(X_test)
    rows["sklearn_3mtl"] = {
        **{t: roc_auc_score(Y_test[t], p[:, 1]) for t, p in zip(TASKS, proba, strict=True)},
        "fit (s)": fitted - start,
        "predict (s)": time.perf_counter() - fitted,
    }
    others = {
        "boosting, 100 trees": HistGradientBoostingClassifier(random_state=0),
        "boosting, 400 trees": HistGradientBoostingClassifier(max_iter=400, random_state=0),
        "logistic": make_pipeline(encoder(X_train), LogisticRegression(max_iter=300)),
    }
    for name, model in others.items():
        row: dict[str, float] = dict.fromkeys([*TASKS, "fit (s)", "predict (s)"], 0.0)
        for task in TASKS:
            start = time.perf_counter()
            model.fit(X_train, Y_train[task])
            fitted = time.perf_counter()
            row[task] = roc_auc_score(Y_test[task], model.predict_proba(X_test)[:, 1])
            row["fit (s)"] += fitted - start
            row["predict (s)"] += time.perf_counter() - fitted
        rows[name] = row
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "AUC"
    print(f"{len(X_train):,} training rows, {X_train.shape[1]} columns\n")
    print_table(table, digits=5)
    print(f"\nours: {est.n_iter_} epochs with {est.chosen_}")


if __name__ == "__main__":
    main()
