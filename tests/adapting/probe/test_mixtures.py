"""Mixtures of blocks: their scale, their directions, and that the better one counts."""

import numpy as np
import pytest
import torch

from sklearn_3mtl.adapting.probe import Blocks, mixtures
from sklearn_3mtl.adapting.probe.mixtures import Mixtures
from sklearn_3mtl.data.tasks import Task
from tests._probe import one_block, solve_for

REGRESSION = Task("r", "regression")
BINARY = Task("b", "binary", np.arange(2))


def normal(*shape, seed=0, factor=1.0):
    return factor * torch.from_numpy(np.random.default_rng(seed).normal(size=shape)) + 3.0


def ones(z):
    return torch.ones(z.shape[0], 1, z.shape[2], 1, dtype=torch.float64)


EACH_AND_BOTH = Blocks([4, 6], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], [1.0] * 3, [True] * 3)
by_n = pytest.mark.parametrize("n", [5, 40], ids=["fewer rows than features", "more"])


def parts_of(n):
    """Two blocks of features in very different units."""
    return normal(2, 3, n, 4), normal(2, 3, n, 6, seed=1, factor=50.0)


def kernel(z):
    return z @ z.mT


def alone(z, blocks=None):
    return Mixtures(blocks or one_block(z), z, ones(z)).features[:, 0]


@by_n
def test_every_mixture_has_a_mean_squared_norm_of_one(n):
    z = torch.cat(parts_of(n), -1)
    mixtures = Mixtures(EACH_AND_BOTH, z, ones(z))
    assert len(mixtures) == 3
    norms = mixtures.features.square().sum(-1).mean((0, 2, 3))
    torch.testing.assert_close(norms, torch.ones(3, dtype=torch.float64))


@by_n
def test_a_mixture_has_its_blocks_in_their_shares(n):
    z = torch.cat(parts_of(n), -1)
    blocks = Blocks([4, 6], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [3.0, 1.0]], [1.0] * 4, [True] * 4)
    first, second = (kernel(alone(part)) for part in parts_of(n))
    expected = [first, second, (first + second) / 2, 0.75 * first + 0.25 * second]
    for found, kernel_ in zip(
        Mixtures(blocks, z, ones(z)).features.unbind(1), expected, strict=True
    ):
        torch.testing.assert_close(kernel(found), kernel_)


@by_n
def test_weights_give_the_directions_back(n):
    z = torch.cat(parts_of(n), -1)
    mixtures = Mixtures(EACH_AND_BOTH, z, ones(z))
    coefficients = torch.zeros(2, 3, 3, 1, mixtures.features.shape[-1], dtype=torch.float64)
    coefficients[:, 1, :, 0] = normal(mixtures.features.shape[-1], seed=9)
    coefficients[:, 2, :, 0] = normal(mixtures.features.shape[-1], seed=8)
    found = (z - mixtures.mean) @ mixtures.weights(coefficients).mT
    expected = (mixtures.features @ coefficients.mT).sum(1)
    torch.testing.assert_close(found, expected)


def test_a_constant_block_leaves_the_mixture_to_the_others():
    z = normal(1, 1, 20, 3)
    coded = torch.cat([torch.full((1, 1, 20, 4), 7.3), z], -1)
    found = kernel(alone(coded, Blocks([4, 3], [[5.0, 1.0]], [1.0], [True])))
    torch.testing.assert_close(found, kernel(alone(z)))


def test_a_mixture_of_constants_is_nothing():
    z = torch.full((1, 1, 20, 4), 7.3)
    assert not Mixtures(one_block(z), z, ones(z)).features.any()


def test_few_directions_are_kept(monkeypatch):
    monkeypatch.setattr(mixtures, "N_DIRECTIONS", 2)
    z = torch.cat([normal(1, 1, 30, 2, factor=100.0), normal(1, 1, 30, 40)], -1)
    found = alone(z)
    assert found.shape[-1] == 2
    assert found.square().sum(-1).mean() > 0.95


def test_views_are_mixed_and_the_plain_and_the_smooth_one_count_less_at_first():
    views = [[1, 0, 0, 0, 0], [0, 1, 9, 10, 0], [0, 10, 0, 10, 0], [0, 0, 0, 0, 1]]
    blocks = Blocks.of_views([5, 2, 20, 8, 9], views)
    expected = [
        [1, 0, 0, 0, 0],
        [0, 0.05, 0.45, 0.5, 0],
        [0.5, 0.025, 0.225, 0.25, 0],
        [0, 0.5, 0, 0.5, 0],
        [0, 0, 0, 0, 1],
    ]
    np.testing.assert_allclose(blocks.mixtures, expected)
    assert max(blocks.prior[3:]) < blocks.prior[0] == blocks.prior[1] == blocks.prior[2]
    assert blocks.keeps == [True, True, True, True, False]


def test_inputs_that_nothing_bends_are_one_view():
    blocks = Blocks.of_views([5, 2], [[1, 0], [0, 2], [0, 2], [0, 0]])
    np.testing.assert_allclose(blocks.mixtures, [[1, 0], [0, 1], [0.5, 0.5]])


def probe_of(parts, labels, task, prior=(1.0, 1.0, 1.0)):
    n, z = len(labels), torch.cat([torch.as_tensor(part) for part in parts], -1)[None, None]
    widths = [part.shape[-1] for part in parts]
    blocks = Blocks(widths, EACH_AND_BOTH.mixtures, prior, [True] * 3)
    offset, weight = torch.zeros(1, 1, n, 1), torch.ones(1, n)
    labels = torch.as_tensor(labels)[None]
    return solve_for(blocks, z, offset, labels, weight, task, is_new=True)


@pytest.mark.parametrize("task", [REGRESSION, BINARY], ids=lambda task: task.kind)
@pytest.mark.parametrize("useful", [0, 1])
def test_the_block_that_explains_the_labels_counts(task, useful):
    random = np.random.default_rng(3)
    parts = [random.normal(size=(80, 5)), random.normal(size=(80, 5))]
    labels = parts[useful] @ random.normal(size=5) + 0.1 * random.normal(size=80)
    labels = labels if task is REGRESSION else (labels > 0) * 1.0
    probe = probe_of(parts, labels, task)
    assert probe.mixture.sum() == pytest.approx(1.0)
    assert probe.mixture.argmax() == useful
    assert probe.mixture[1 - useful] < 0.2
    weight = probe.weight[0, 0, 0].square()
    assert weight[5 * useful : 5 * useful + 5].sum() > 0.9 * weight.sum()


def test_a_block_twice_is_the_block_once():
    random = np.random.default_rng(4)
    z, labels = random.normal(size=(30, 4)), random.normal(size=30)
    n = torch.as_tensor(z)[None, None]
    offset, weight = torch.zeros(1, 1, 30, 1), torch.ones(1, 30)
    once = solve_for(
        one_block(n), n, offset, torch.as_tensor(labels)[None], weight, REGRESSION, is_new=True
    )
    twice = probe_of([z, z], labels, REGRESSION)
    torch.testing.assert_close(twice.mixture, torch.full((3,), 1 / 3, dtype=torch.float64))
    torch.testing.assert_close(twice.weight[..., :4] + twice.weight[..., 4:], once.weight)
    torch.testing.assert_close(twice.bias, once.bias)


def test_equal_evidence_leaves_the_prior():
    random = np.random.default_rng(4)
    z, labels = random.normal(size=(30, 4)), random.normal(size=30)
    probe = probe_of([z, z], labels, REGRESSION, prior=(1.0, 0.25, 1.0))
    expected = torch.tensor([4 / 9, 1 / 9, 4 / 9], dtype=torch.float64)
    torch.testing.assert_close(probe.mixture, expected, rtol=1e-4, atol=1e-4)


def test_without_evidence_weights_stay_small():
    random = np.random.default_rng(5)
    parts = [random.normal(size=(300, 4)), random.normal(size=(300, 4))]
    probe = probe_of(parts, random.normal(size=300), REGRESSION)
    assert probe.weight.abs().max() < 0.2
