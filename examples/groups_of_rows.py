"""Many groups of rows, few rows each: one net for all, a net per group, or heads per group.

Twenty stores answer the same question in their own way: what they share is a nonlinear function of
the inputs, what is their own is a level and a slope. Prints a table and saves a picture. Run as
``python examples/groups_of_rows.py``; it takes less than a minute.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_3mtl import MultiTaskRegressor

N_STORES, N_TEST, N_SEEDS = 20, 40, 2
ROWS_PER_STORE = (5, 10, 20, 40)
WAYS = {
    "one net, ids ignored": {"heads": "column"},
    "a net per store": {"sharing": "none"},
    "one net, heads per store": {},
}


def make_stores(n_rows: int, random: np.random.Generator) -> tuple[pd.DataFrame, pd.Series]:
    """Rows of every store."""
    own = np.random.default_rng(0).normal(size=(N_STORES, 2))
    store = np.repeat(np.arange(N_STORES), n_rows)
    inputs = random.normal(size=(len(store), 5))
    common = np.sin(2 * inputs[:, 0]) + inputs[:, 1] * inputs[:, 2]
    level, slope = own[store].T
    sales = common + 0.7 * level + 0.7 * slope * inputs[:, 3]
    frame = pd.DataFrame(inputs, columns=list("abcde")).assign(store=[f"s{i:02d}" for i in store])
    return frame, pd.Series(sales + 0.1 * random.normal(size=len(store)), name="sales")


def main(folder: Path = Path()) -> None:
    """Print the table and save the picture in `folder`."""
    scores = []
    for seed in range(N_SEEDS):
        X_test, y_test = make_stores(N_TEST, np.random.default_rng(1000 + seed))
        for n_rows in ROWS_PER_STORE:
            X, y = make_stores(n_rows, np.random.default_rng(seed))
            for name, parameters in WAYS.items():
                est = MultiTaskRegressor(
                    task="store",
                    hidden_layer_sizes=(64, 64),
                    n_estimators=4,
                    random_state=seed,
                    **parameters,
                )
                r2 = est.fit(X, y).score(X_test, y_test)
                scores.append({"way": name, "rows per store": n_rows, "R2": r2})
    table = pd.DataFrame(scores).pivot_table(
        index="rows per store", columns="way", values="R2", sort=False
    )[list(WAYS)]
    print(f"test R2 over all stores, mean of {N_SEEDS} seeds\n")
    print(table.round(3).to_string())

    figure, panel = plt.subplots(figsize=(6, 3.6), layout="constrained")
    for name, colour in zip(WAYS, ["#d8a657", "#9fb8c8", "#1b6ca8"], strict=True):
        panel.plot(table.index, table[name], "o-", color=colour, label=name)
    panel.set_xscale("log", base=2)
    panel.set_xticks(ROWS_PER_STORE, [str(n) for n in ROWS_PER_STORE])
    panel.set(
        xlabel="labelled rows per store", ylabel="test R²", title="Twenty stores, one question"
    )
    panel.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    path = folder / "groups_of_rows.png"
    figure.savefig(path, dpi=150)
    print(f"\nsaved {path}")


if __name__ == "__main__":
    main()
