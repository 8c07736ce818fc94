"""What the solved correction does with few rows, and with very many."""

import numpy as np
import pytest
import torch

from sklearn_3mtl.adapting.probe import Blocks
from tests._probe import (
    BINARY,
    MULTICLASS,
    REGRESSION,
    by_kind,
    data,
    outputs,
    probabilities,
    solve,
    solve_for,
)


@by_kind
@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_few_labels_move_what_is_known_only_a_little(task, n):
    z, y = data(task, seed=1)
    offset = np.zeros((n, task.n_outputs))
    found = solve(z[:n], y[:n], task, offset=offset, is_new=False)
    moved = np.abs(outputs(found, z[:n])).max()
    assert 0 < moved < 0.6 * np.abs(y).max()


def test_many_labels_move_what_is_known_as_far_as_they_say():
    z, _ = data(REGRESSION, n=200)
    found = solve(z, np.full(200, 3.0), REGRESSION, is_new=False)
    np.testing.assert_allclose(outputs(found, z)[:, 0], 3.0, atol=0.3)


@pytest.mark.parametrize("n", [2, 4, 10])
def test_labels_of_chance_leave_a_new_task_unsure(n):
    confidence = []
    for seed in range(20):
        z = np.random.default_rng(seed).normal(size=(300, 30))
        y = np.random.default_rng(seed + 100).permutation(np.arange(n) % 2) * 1.0
        p = probabilities(solve(z[:n], y, BINARY), z)
        confidence.append(np.maximum(p, 1 - p).mean())
    assert np.mean(confidence) < 0.75


@pytest.mark.parametrize("task", [BINARY, MULTICLASS], ids=lambda task: task.kind)
def test_many_rows_are_judged_by_some(task):
    z, y = data(task, n=3000, noise=0.1)
    found = probabilities(solve(z, y, task), z)
    guess = (found[:, 0] > 0.5) if task is BINARY else found.argmax(1)
    assert (guess == y).mean() > 0.95


def forgetting(z, y, offset):
    """What stays of the outputs before, where a second block does without them."""
    n, half = len(y), z.shape[1] // 2
    blocks = Blocks([half, half], [[1.0, 0.0], [0.0, 1.0]], [1.0, 0.5], [True, False])
    tensors = [torch.as_tensor(a)[None] for a in (offset, y, np.ones(n))]
    features = torch.as_tensor(z)[None, None]
    probe = solve_for(blocks, features, tensors[0][None], *tensors[1:], REGRESSION, is_new=False)
    return probe.keep


def test_outputs_that_mislead_are_forgotten_and_good_ones_stay():
    random = np.random.default_rng(0)
    z = random.normal(size=(200, 8))
    seen, unseen = z[:, 4] + z[:, 5], random.normal(size=200)
    assert forgetting(z, unseen, unseen[:, None] + 0.1 * random.normal(size=(200, 1))) > 0.9
    assert forgetting(z, seen, 5 * random.normal(size=(200, 1))) < 0.1


def test_a_few_rows_are_no_reason_to_forget():
    random = np.random.default_rng(0)
    z, y = random.normal(size=(3, 8)), random.normal(size=3)
    assert forgetting(z, y, y[:, None] + 0.5 * random.normal(size=(3, 1))) > 0.8


def test_without_evidence_more_rows_are_more_of_a_reason_to_forget():
    kept = [forgetting(np.zeros((n, 8)), np.zeros(n), np.zeros((n, 1))) for n in (3, 30, 300)]
    np.testing.assert_allclose(
        kept, [1 / (1 + 0.5 * n / (n + 10)) for n in (3, 30, 300)], rtol=0.01
    )
