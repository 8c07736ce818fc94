"""A target without labels on real tables: what the domain losses do with their defaults.

300 labelled rows of a source and 300 rows of a target without labels, up to 3,000 others of it to
test on: quality of red wines carried over to white ones and back (R2), income of women to men
(AUC), the activity of users with even numbers to those with odd ones (accuracy), and PM2.5, as
log(1 + x), of one station in Beijing to another (R2). All settings are the defaults, a
`domain_loss_weight` of 1 among them; source only is the same network without `domain_loss`, with a
prior the estimator with its defaults, which has none beside a `domain_loss`. Linear: ridge or
logistic regression of the source's rows.

Run as ``python benchmarks/da_tables.py``, with ``OMP_NUM_THREADS=1``.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from _air import beijing_air
from _baselines import linear
from _tables import paired, print_table
from joblib import Parallel, delayed
from meta_tables import wisdm
from sklearn.metrics import accuracy_score
from transfer_tables import census, score, wine

from sklearn_3mtl import TransferClassifier, TransferRegressor

SEEDS = range(5)
N_ROWS, N_TEST = 300, 3000
LOSSES = (None, "dann", "mmd", "coral")
# Inputs, labels, and which rows are the source's and the target's.
Shift = tuple[pd.DataFrame, pd.Series, np.ndarray, np.ndarray]


def of_wine(source: str, target: str) -> Shift:
    """One colour of wine to the other."""
    X, y, colour = wine()
    return X, y, (colour == source).to_numpy(), (colour == target).to_numpy()


def of_income() -> Shift:
    """Women to men."""
    X, y, sex = census()
    return X, y, (sex == "Female").to_numpy(), (sex == "Male").to_numpy()


def of_activity() -> Shift:
    """Half of the users to the others."""
    X, Y, name = wisdm(0)
    even = (X[name] % 2 == 0).to_numpy()
    return X.drop(columns=name), Y["activity"], even, ~even


def of_air() -> Shift:
    """One station to another."""
    X, Y, name = beijing_air(0)
    stations, y = X[name].astype(str), Y.iloc[:, 0]
    names, known = sorted(stations.unique()), y.notna().to_numpy()
    source, target = ((stations == names[k]).to_numpy() & known for k in (0, 5))
    return X.drop(columns=name), y, source, target


SHIFTS: dict[str, Callable[[], Shift]] = {
    "wine, red to white (R2)": lambda: of_wine("red", "white"),
    "wine, white to red (R2)": lambda: of_wine("white", "red"),
    "income, women to men (AUC)": of_income,
    "activity, new users (accuracy)": of_activity,
    "air, a new station (R2)": of_air,
}


def scores(name: str, seed: int) -> dict[str, Any]:
    """The score on the target with each domain loss."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    X, y, source, target = SHIFTS[name]()
    random = np.random.default_rng(seed)
    labelled = random.permutation(np.flatnonzero(source))[:N_ROWS]
    others = random.permutation(np.flatnonzero(target))
    both, test = np.r_[labelled, others[:N_ROWS]], others[N_ROWS:][:N_TEST]
    known = np.array(y.iloc[both], dtype=object)
    known[len(labelled) :] = None
    is_number = y.dtype.kind == "f"
    cls = TransferRegressor if is_number else TransferClassifier
    known = pd.Series(known.astype(float) if is_number else known)
    domain = np.repeat(["source", "target"], [len(labelled), len(both) - len(labelled)])
    row: dict[str, Any] = {"shift": name, "seed": seed}
    for loss in LOSSES:
        est = cls(domain_loss=loss, prior=None, random_state=seed)
        est.fit(X.iloc[both], known, domain=domain)
        judge = activity_score if name.startswith("activity") else score
        row[loss or "source only"] = judge(est, X.iloc[test], y.iloc[test])
    est = cls(random_state=seed).fit(X.iloc[labelled], y.iloc[labelled])
    row["with a prior"] = judge(est, X.iloc[test], y.iloc[test])
    model = linear(X.iloc[labelled], not is_number, seed).fit(X.iloc[labelled], y.iloc[labelled])
    row["linear, source only"] = judge(model, X.iloc[test], y.iloc[test])
    return row


def activity_score(est: Any, X: pd.DataFrame, y: pd.Series) -> float:
    """Accuracy."""
    return float(accuracy_score(y, est.predict(X)))


def main() -> None:
    """Print the tables."""
    found = Parallel(2)(delayed(scores)(name, seed) for name in SHIFTS for seed in SEEDS)
    table = pd.DataFrame(found).set_index(["shift", "seed"])
    by_shift = table.groupby("shift", sort=False)
    print_table(by_shift.mean())
    print("\nMinus source only, with 95 % over seeds\n")
    gains = table.sub(table["source only"], axis=0).drop(columns="source only")
    print_table(gains.groupby("shift", sort=False).agg(paired))


if __name__ == "__main__":
    main()
