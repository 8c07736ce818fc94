"""A sine wave from ten points: a net that was trained to adapt, and one that was only trained.

Both have the same layers and saw the same 2,000 waves. MAML trained its weights for what one
gradient step makes of them; the other net learned the pooled points, and is fine-tuned with the
rate that does best on other waves. Prints a table and saves a picture. Run as
``python examples/sine_waves.py``; it takes about a minute.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_3mtl import MetaRegressor

N_SHOTS, N_POINTS, STEPS, RATES = 10, 100, (0, 1, 3, 10), (0.003, 0.01, 0.03, 0.1)
COMMON: dict[str, Any] = {
    "task": "wave", "hidden_layer_sizes": (40, 40), "activation": "relu", "numeric_embedding": None,
    "meta_batch_size": 100, "n_shots": N_SHOTS, "n_queries": 20, "lr": 4e-3, "max_epochs": 40,
    "early_stopping": False, "max_support": N_SHOTS, "random_state": 0,
}  # fmt: skip


def waves(n_waves: int, n_points: int, seed: int) -> tuple[pd.DataFrame, pd.Series]:
    """Points of waves of different height, frequency and phase."""
    random = np.random.default_rng(seed)
    x = random.uniform(-5, 5, (n_waves, n_points))
    ranges = ((0.1, 5.0), (0.8, 1.2), (0.0, np.pi))
    height, frequency, phase = (random.uniform(low, high, (n_waves, 1)) for low, high in ranges)
    ids = np.repeat(np.arange(n_waves) + 100_000 * seed, n_points)
    y = height * np.sin(frequency * x + phase)
    return pd.DataFrame({"x": x.ravel(), "wave": ids}), pd.Series(y.ravel(), name="y")


def error(est: MetaRegressor, n_waves: int, seed: int) -> float:
    """The mean squared error on waves of which ten points are known."""
    X, y = waves(n_waves, N_SHOTS + N_POINTS, seed)
    few = np.tile(np.arange(N_SHOTS + N_POINTS) < N_SHOTS, n_waves)
    return float(np.square(est.adapt(X[few], y[few]).predict(X[~few]) - y[~few]).mean())


def main(folder: Path = Path()) -> None:
    """Print the table and save the picture in `folder`."""
    X, y = waves(2000, 40, seed=1)
    # Steps that small change nothing: the objective is that of the pooled points.
    nets = {
        "MAML": MetaRegressor(meta="maml", inner_lr=0.05, **COMMON).fit(X, y),
        "fine-tuning": MetaRegressor(meta="fomaml", inner_lr=1e-9, **COMMON).fit(X, y),
    }
    table = pd.DataFrame(index=pd.Index(STEPS, name="gradient steps"), columns=list(nets))
    rates: dict[tuple[str, int], float] = {}
    for name, est in nets.items():
        for steps in STEPS:
            est.set_params(adapt_steps=steps)
            tried = {r: error(est.set_params(adapt_lr=r), 200, seed=2) for r in RATES}
            rate = rates[name, steps] = min(tried, key=lambda r: tried[r])
            table.loc[steps, name] = error(est.set_params(adapt_lr=rate), 1000, seed=3)
    print(f"mean squared error on 1,000 new waves, from {N_SHOTS} points\n")
    print(table.astype(float).round(3).to_string())

    figure, panels = plt.subplots(
        1, 3, figsize=(10, 3.3), layout="constrained", width_ratios=(1, 1, 0.8)
    )
    X_one, y_one = waves(1, N_SHOTS + 200, seed=7)
    few, line = X_one.iloc[:N_SHOTS], X_one.iloc[N_SHOTS:].sort_values("x")
    shades = {0: "#c9c9c9", 1: "#1b6ca8", 10: "#c98a2b"}
    for panel, (name, est) in zip(panels, nets.items(), strict=False):
        panel.plot(line["x"], y_one[line.index], color="black", lw=1, label="the wave")
        for steps, colour in shades.items():
            est.set_params(adapt_steps=steps, adapt_lr=rates[name, steps])
            found = est.adapt(few, y_one.iloc[:N_SHOTS]).predict(line)
            label = f"after {steps} step{'' if steps == 1 else 's'}" if steps else "before"
            panel.plot(line["x"], found, color=colour, lw=2, label=label)
        panel.plot(few["x"], y_one.iloc[:N_SHOTS], "v", color="black", label="its ten points")
        panel.set_title(name, fontsize=11)
        panel.set_ylim(-2.6, 4.2)
    panels[0].legend(frameon=False, fontsize=8, ncol=2)
    for name, colour, marker in zip(nets, ("#1b6ca8", "#c98a2b"), "os", strict=True):
        panels[2].plot(table.index, table[name], f"{marker}-", color=colour, label=name)
    panels[2].set(xlabel="gradient steps", ylim=(0, None))
    panels[2].set_xticks(STEPS)
    panels[2].set_title("mean squared error, 1,000 waves", fontsize=11)
    panels[2].legend(frameon=False)
    for panel in panels:
        panel.spines[["top", "right"]].set_visible(False)
    path = folder / "sine_waves.png"
    figure.savefig(path, dpi=150)
    print(f"\nsaved {path}")


if __name__ == "__main__":
    main()
