"""Mixtures of views: their scale, their directions, and that the better one counts."""

import numpy as np
import pytest
import torch

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.transfer import View, _views, solve_probe
from sklearn_3mtl.transfer._views import Mixtures

REGRESSION = Task("r", "regression")
BINARY = Task("b", "binary", np.arange(2))


def normal(*shape, seed=0, factor=1.0):
    return factor * torch.from_numpy(np.random.default_rng(seed).normal(size=shape)) + 3.0


def ones(z):
    return torch.ones(z.shape[0], 1, z.shape[2], 1, dtype=torch.float64)


def views(n, factors=(1.0, 50.0), d=(4, 6)):
    return [
        View(normal(2, 3, n, w, seed=i, factor=f))
        for i, (w, f) in enumerate(zip(d, factors, strict=True))
    ]


def kernel(z):
    return z @ z.mT


def alone(view):
    return Mixtures([view], ones(view.features)).features[:, 0]


@pytest.mark.parametrize("n", [5, 40], ids=["fewer rows than features", "more"])
def test_every_mixture_has_a_mean_squared_norm_of_one(n):
    both = views(n)
    mixtures = Mixtures(both, ones(both[0].features))
    assert len(mixtures) == 3
    norms = mixtures.features.square().sum(-1).mean((0, 2, 3))
    torch.testing.assert_close(norms, torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize("n", [5, 40], ids=["fewer rows than features", "more"])
def test_mixtures_are_each_view_and_both_in_equal_parts(n):
    both = views(n)
    features = Mixtures(both, ones(both[0].features)).features
    first, second = (kernel(alone(view)) for view in both)
    for found, expected in zip(
        features.unbind(1), [first, second, (first + second) / 2], strict=True
    ):
        torch.testing.assert_close(kernel(found), expected)


@pytest.mark.parametrize("n", [5, 40], ids=["fewer rows than features", "more"])
def test_weights_give_the_directions_back(n):
    both = views(n)
    mixtures = Mixtures(both, ones(both[0].features))
    side_by_side = torch.cat([view.features for view in both], -1)
    coefficients = torch.zeros(2, 3, 3, 1, mixtures.features.shape[-1], dtype=torch.float64)
    coefficients[:, 1, :, 0] = normal(mixtures.features.shape[-1], seed=9)
    coefficients[:, 2, :, 0] = normal(mixtures.features.shape[-1], seed=8)
    found = (side_by_side - mixtures.mean) @ mixtures.weights(coefficients).mT
    expected = (mixtures.features @ coefficients.mT).sum(1)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("n", [5, 40], ids=["fewer rows than features", "more"])
def test_a_block_has_its_share_whatever_its_unit(n):
    z = normal(1, 2, n, 5)
    coded = torch.cat([z[..., :2], 1000 * z[..., 2:]], -1)
    found = alone(View(coded, [(2, 3.0), (3, 1.0)]))
    parts = [kernel(alone(View(part))) for part in (z[..., :2], z[..., 2:])]
    torch.testing.assert_close(kernel(found), 0.75 * parts[0] + 0.25 * parts[1])


def test_a_constant_block_leaves_the_view_to_the_others():
    z = normal(1, 1, 20, 3)
    coded = torch.cat([torch.full((1, 1, 20, 4), 7.3), z], -1)
    found = kernel(alone(View(coded, [(4, 5.0), (3, 1.0)])))
    torch.testing.assert_close(found, kernel(alone(View(z))))


def test_few_directions_are_kept(monkeypatch):
    monkeypatch.setattr(_views, "N_DIRECTIONS", 2)
    z = torch.cat([normal(1, 1, 30, 2, factor=100.0), normal(1, 1, 30, 40)], -1)
    found = alone(View(z))
    assert found.shape[-1] == 2
    assert found.square().sum(-1).mean() > 0.95


def probe_of(parts, labels, task):
    n = len(labels)
    found = [View(torch.as_tensor(z)[None, None]) for z in parts]
    offset, weight = torch.zeros(1, 1, n, 1), torch.ones(1, n)
    return solve_probe(found, offset, torch.as_tensor(labels)[None], weight, task, is_new=True)


@pytest.mark.parametrize("task", [REGRESSION, BINARY], ids=lambda task: task.kind)
@pytest.mark.parametrize("useful", [0, 1])
def test_the_view_that_explains_the_labels_counts(task, useful):
    random = np.random.default_rng(3)
    parts = [random.normal(size=(80, 5)), random.normal(size=(80, 5))]
    labels = parts[useful] @ random.normal(size=5) + 0.1 * random.normal(size=80)
    labels = labels if task is REGRESSION else (labels > 0) * 1.0
    probe = probe_of(parts, labels, task)
    assert probe.mixture.sum() == pytest.approx(1.0)
    assert probe.mixture.argmax() == useful
    assert probe.mixture[1 - useful] < 1e-6
    weight = probe.weight[0, 0, 0].square()
    assert weight[5 * useful : 5 * useful + 5].sum() > 0.9 * weight.sum()


def test_a_view_twice_is_the_view_once():
    random = np.random.default_rng(4)
    z, labels = random.normal(size=(30, 4)), random.normal(size=30)
    once, twice = probe_of([z], labels, REGRESSION), probe_of([z, z], labels, REGRESSION)
    torch.testing.assert_close(twice.mixture, torch.full((3,), 1 / 3, dtype=torch.float64))
    torch.testing.assert_close(twice.weight[..., :4] + twice.weight[..., 4:], once.weight)
    torch.testing.assert_close(twice.bias, once.bias)


def test_without_evidence_views_stay_away():
    random = np.random.default_rng(5)
    parts = [random.normal(size=(300, 4)), random.normal(size=(300, 4))]
    probe = probe_of(parts, random.normal(size=300), REGRESSION)
    assert probe.weight.abs().max() < 0.2
