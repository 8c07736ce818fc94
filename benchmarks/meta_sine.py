"""Sine curves from 5 or 10 points in one gradient step: MAML, Meta-SGD, and fine-tuning.

The setting of Meta-SGD (Li et al., arXiv 1707.09835, section 4.1): amplitudes in [.1, 5],
frequencies in [.8, 1.2], phases in [0, pi], x in [-5, 5], a net 1-40-40-1 of ReLU (of tanh for
Meta-SGD, which does better with it), one inner step. Trained on 10,000 curves; the error is the
mean over 4,000 other curves of the mean squared error at 100 points each, with its 95 % interval,
and over three seeds of training. Settings were chosen on yet other curves.

fine-tuning: the same net of ReLU, trained on the pooled points of all curves and then given one
step, or 3, 10 or 30, on a new curve; rate and number are chosen on curves of neither training nor
test. It is first-order MAML whose steps in training are too small to matter.

Run as ``python benchmarks/meta_sine.py``, with ``OMP_NUM_THREADS=1`` (20 minutes); ``--seeds 1``
takes a third of that.
"""

from __future__ import annotations

import argparse
import itertools
import time
from typing import Any

import numpy as np
import pandas as pd
import torch
from _tables import print_table

from sklearn_3mtl import MetaRegressor

SHOTS = (5, 10)
PUBLISHED = {"MAML": (1.13, 0.77), "Meta-SGD": (0.90, 0.53)}
COMMON: dict[str, Any] = {
    "task": "task", "hidden_layer_sizes": (40, 40), "numeric_embedding": None, "inner_steps": 1,
    "n_queries": 20, "meta_batch_size": 100, "max_epochs": 80, "lr": 4e-3, "weight_decay": 0.0,
    "early_stopping": False, "max_support": 1, "device": "cpu",
}  # fmt: skip
METHODS: dict[str, dict[str, Any]] = {
    "MAML": {"meta": "maml", "inner_lr": 0.05, "activation": "relu"},
    "Meta-SGD": {"meta": "meta_sgd", "inner_lr": 0.1, "activation": "tanh"},
}
POOLED = {"meta": "fomaml", "inner_lr": 1e-9, "activation": "relu", "n_shots": 1}
RATES = np.logspace(-2.5, 0, 6)
STEPS = (3, 10, 30)
TRAIN, VALID, TEST = 1, 2, 3


def sines(n_tasks: int, n_rows: int, seed: int) -> tuple[pd.DataFrame, pd.Series]:
    """Points of some curves; those of another seed have other ids."""
    random = np.random.default_rng(seed)
    x = random.uniform(-5, 5, (n_tasks, n_rows))
    ranges = ((0.1, 5.0), (0.8, 1.2), (0.0, np.pi))
    height, frequency, phase = (random.uniform(low, high, (n_tasks, 1)) for low, high in ranges)
    y = height * np.sin(frequency * x + phase)
    ids = np.repeat(np.arange(n_tasks) + seed * 1_000_000, n_rows)
    return pd.DataFrame({"x": x.ravel(), "task": ids}), pd.Series(y.ravel(), name="y")


def errors(meta: MetaRegressor, n_shots: int, seed: int, n_tasks: int, n_points: int) -> np.ndarray:
    """The mean squared error on each of some new curves."""
    X, y = sines(n_tasks, n_shots + n_points, seed)
    few = np.tile(np.arange(n_shots + n_points) < n_shots, n_tasks)
    found = np.asarray(meta.adapt(X[few], y[few]).predict(X[~few]))
    return np.square(found - y[~few].to_numpy()).reshape(n_tasks, n_points).mean(1)


def fine_tuned(meta: MetaRegressor, n_shots: int, steps: tuple[int, ...]) -> np.ndarray:
    """The same after the steps that did best on curves to validate on."""

    def loss(choice: tuple[float, int]) -> float:
        meta.set_params(adapt_lr=choice[0], adapt_steps=choice[1])
        try:
            return errors(meta, n_shots, VALID, 500, 20).mean()
        except ValueError:  # Steps that large diverge.
            return np.inf

    rate, n_steps = min(itertools.product(RATES.tolist(), steps), key=loss)
    print(f"fine-tuning, {n_shots} points: {n_steps} step(s) at {rate:.3g}", flush=True)
    meta.set_params(adapt_lr=rate, adapt_steps=n_steps)
    return errors(meta, n_shots, TEST, 4000, 100)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3, help="of training")
    seeds = range(parser.parse_args().seeds)
    torch.set_num_threads(1)
    X, y = sines(10_000, 40, TRAIN)
    found: dict[tuple[str, int], list[np.ndarray]] = {}
    seconds: dict[str, list[float]] = {}

    def fitted(name: str, seed: int, **options: Any) -> MetaRegressor:
        start = time.perf_counter()
        meta = MetaRegressor(**COMMON, **options, random_state=seed).fit(X, y)
        seconds.setdefault(name, []).append(time.perf_counter() - start)
        return meta

    for seed in seeds:
        for name, options in METHODS.items():
            for shots in SHOTS:
                meta = fitted(name, seed, **options, n_shots=shots)
                found.setdefault((name, shots), []).append(errors(meta, shots, TEST, 4000, 100))
        pooled = fitted("fine-tuning", seed, **POOLED)
        seconds["fine-tuning, tuned steps"] = seconds["fine-tuning"]
        for shots, (name, steps) in itertools.product(
            SHOTS, {"fine-tuning": (1,), "fine-tuning, tuned steps": STEPS}.items()
        ):
            found.setdefault((name, shots), []).append(fine_tuned(pooled, shots, steps))
    rows: dict[str, dict[str, Any]] = {name: {} for name in seconds}
    for (name, shots), of_seeds in found.items():
        per_curve, per_seed = np.mean(of_seeds, axis=0), np.mean(of_seeds, axis=1)
        half = 1.96 * per_curve.std(ddof=1) / len(per_curve) ** 0.5
        rows[name] |= {
            f"{shots}-shot MSE": f"{per_curve.mean():.3f} +- {half:.3f}",
            f"{shots}-shot seeds": f"{per_seed.min():.3f} to {per_seed.max():.3f}",
        }
    for name, row in rows.items():
        row["published"] = (
            " / ".join(f"{x:.2f}" for x in PUBLISHED[name]) if name in PUBLISHED else ""
        )
        row["fit (s)"] = f"{np.median(seconds[name]):.0f}"
    print_table(pd.DataFrame(rows).T.rename_axis("method"))


if __name__ == "__main__":
    main()
