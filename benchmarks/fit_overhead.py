"""Fit and predict beside a hand-written torch loop: time per epoch, and peak memory.

One thread, one process; medians over interleaved rounds, and the ratio's median. Run as
``python benchmarks/fit_overhead.py``.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from _tables import print_table
from torch import nn

from sklearn_3mtl import MultiTaskRegressor

ROWS, COLUMNS, BATCH, EPOCHS, ROUNDS = 50_000, 20, 256, 10, 7
HIDDEN = (64, 64)


def estimator(max_epochs: int = EPOCHS) -> MultiTaskRegressor:
    """Ours, with the loop's net, batches and optimizer, and no validation split."""
    return MultiTaskRegressor(
        n_estimators=1,
        prior=None,
        numeric_embedding=None,
        hidden_layer_sizes=HIDDEN,
        activation="relu",
        batch_size=BATCH,
        max_epochs=max_epochs,
        early_stopping=False,
        dropout=0.0,
        lr_schedule="constant",
        lr=1e-3,
        weight_decay=1e-2,
        random_state=0,
    )


def net(n_out: int) -> nn.Module:
    """The same net by hand."""
    return nn.Sequential(
        nn.Linear(COLUMNS, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, n_out)
    )


def hand_written(X: np.ndarray, Y: np.ndarray) -> Callable[[], nn.Module]:
    """A plain training loop on tensors, with standardised inputs and a mask where labels miss."""

    labelled = ~np.isnan(Y).all(axis=1)
    X, Y = X[labelled], Y[labelled]

    def run() -> nn.Module:
        inputs = torch.from_numpy((X - X.mean(0)) / X.std(0)).float()
        mask = torch.from_numpy(~np.isnan(Y)).float()
        targets = torch.from_numpy(np.nan_to_num(Y)).float()
        masked = bool((mask == 0).any())
        model = net(Y.shape[1])
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2, fused=True)
        for _ in range(EPOCHS):
            order = torch.randperm(len(inputs))
            for start in range(0, len(inputs), BATCH):
                rows = order[start : start + BATCH]
                optimizer.zero_grad()
                out = model(inputs[rows])
                if masked:
                    m = mask[rows]
                    loss = ((out - targets[rows]).square() * m).sum(0) / m.sum(0).clamp_min(1)
                    loss = loss.sum()
                else:
                    loss = F.mse_loss(out, targets[rows], reduction="none").mean(0).sum()
                loss.backward()
                optimizer.step()
        return model

    return run


def interleaved(
    first: Callable[[], object], second: Callable[[], object]
) -> tuple[float, float, float]:
    """Median seconds of each, and the median of their ratio, round by round."""
    first(), second()
    times = np.empty((ROUNDS, 2))
    for round_ in range(ROUNDS):
        for column, function in enumerate((first, second)):
            start = time.perf_counter()
            function()
            times[round_, column] = time.perf_counter() - start
    medians = np.median(times, axis=0)
    return medians[0], medians[1], float(np.median(times[:, 0] / times[:, 1]))


def table(n_tasks: int, missing: float) -> tuple[np.ndarray, np.ndarray]:
    """Random rows with `n_tasks` standardised targets."""
    random = np.random.default_rng(0)
    X = random.standard_normal((ROWS, COLUMNS))
    Y = np.tanh(X @ random.standard_normal((COLUMNS, n_tasks)) / 4)
    Y += 0.1 * random.standard_normal(Y.shape)
    Y[random.random(Y.shape) < missing] = np.nan
    return X, (Y - np.nanmean(Y, 0)) / np.nanstd(Y, 0)


def peak_memory(rows: int = 1_000_000, columns: int = 50) -> float:
    """Peak resident bytes of a fit above the import, in multiples of the array's bytes (Linux)."""
    code = f"""
import resource, sys
import numpy as np
from sklearn_3mtl import MultiTaskRegressor
MultiTaskRegressor(max_epochs=1).fit(np.zeros((4, 2), np.float32), np.arange(4.0))
# Not ru_maxrss: that of a child starts at its parent's peak, which would hide part of the rise.
with open("/proc/self/statm") as status:
    before = int(status.read().split()[1]) * resource.getpagesize() / 1024
X = np.random.default_rng(0).standard_normal(({rows}, {columns}), dtype=np.float32)
y = X[:, 0] * 2
MultiTaskRegressor(max_epochs=1, random_state=0).fit(X, y)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) * 1024 / X.nbytes)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(out.stdout)


def main() -> None:
    """Print the tables."""
    torch.set_num_threads(1)
    rows = []
    for name, n_tasks, missing, limit in (
        ("fit, 1 task", 1, 0.0, 1.15),
        ("fit, 1 task, 30 % missing", 1, 0.3, 1.25),
        ("fit, 8 tasks, 30 % missing", 8, 0.3, 1.25),
    ):
        X, Y = table(n_tasks, missing)
        ours, hand, ratio = interleaved(lambda: estimator().fit(X, Y), hand_written(X, Y))  # noqa: B023
        rows.append((name, ours, hand, ratio, limit))

    X, Y = table(1, 0.0)
    fitted = estimator(1).fit(X, Y)
    bare, inputs = net(1), torch.from_numpy(X).float()
    with torch.no_grad():
        ours, hand, ratio = interleaved(lambda: fitted.predict(X), lambda: bare(inputs))
    rows.append(("predict / bare forward", ours, hand, ratio, 1.2))

    X, Y = table(100, 0.0)
    ours, hand, ratio = interleaved(
        lambda: estimator().fit(X, Y), lambda: estimator().fit(X, Y[:, :1])
    )
    rows.append(("fit, 100 tasks / 1 task", ours, hand, ratio, 2.0))
    columns = ["what", "ours (s)", "beside (s)", "ratio", "at most"]
    print_table(pd.DataFrame(rows, columns=columns).set_index("what"))
    print(
        f"\npeak memory of fit, 1,000,000 x 50 float32: {peak_memory():.2f} x the array (at most 3)"
    )
    print(f"this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
