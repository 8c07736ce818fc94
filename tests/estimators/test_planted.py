"""Where sharing should help it does, and where it should hurt it does."""

import numpy as np
import pytest

from sklearn_3mtl import MultiTaskRegressor
from sklearn_3mtl.datasets import make_multitask_regression
from tests._pinned import tiny

pytestmark = pytest.mark.slow
SEEDS = range(10)


def held_out_r2(X, Y, n_train, labelled, seed, **parameters):
    """Mean test R2 of hard sharing and of independent nets on the same rows."""
    found = []
    train = Y[:n_train].where(labelled) if labelled is not None else Y[:n_train]
    for sharing in ("hard", "none"):
        est = tiny(MultiTaskRegressor, sharing=sharing, random_state=seed, **parameters)
        est.fit(X[:n_train], train)
        found.append(est.score(X[n_train:], Y[n_train:]))
    return found


def paired(differences):
    """Mean difference in standard errors."""
    return np.mean(differences) / (np.std(differences, ddof=1) / len(differences) ** 0.5)


def test_sharing_helps_related_tasks_with_few_labels():
    """Eight related tasks, 30 labels each, on rows of their own."""
    differences = []
    for seed in SEEDS:
        X, Y = make_multitask_regression(
            n_samples=1240, n_features=20, n_tasks=8, task_correlation=0.95, noise=0.3,
            random_state=seed,
        )  # fmt: skip
        owner = np.repeat(np.arange(8), 30)
        labelled = owner[:, None] == np.arange(8)
        shared, alone = held_out_r2(
            X, Y, 240, labelled, seed,
            hidden_layer_sizes=(32,), max_epochs=30, lr=3e-3,
        )  # fmt: skip
        differences.append(shared - alone)
    assert np.mean(differences) > 0.05
    assert paired(differences) > 2


def test_sharing_hurts_unrelated_tasks_that_compete_for_a_narrow_backbone():
    """Eight unrelated nonlinear tasks on two units, plenty of rows."""
    differences = []
    for seed in SEEDS:
        X, Y = make_multitask_regression(
            n_samples=1500, n_features=8, n_tasks=8, task_correlation=0.0, noise=0.1,
            nonlinear=True, random_state=seed,
        )  # fmt: skip
        shared, alone = held_out_r2(
            X, Y, 1000, None, seed,
            hidden_layer_sizes=(2,), max_epochs=60, lr=1e-2, batch_size=32,
        )  # fmt: skip
        differences.append(alone - shared)
    assert np.mean(differences) > 0.05
    assert paired(differences) > 2
