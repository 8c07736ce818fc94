"""A pretrained module as the source of a transfer."""

import pickle
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from sklearn_3mtl import ThreeMTLRegressor, TransferEstimator, TransferRegressor, load_estimator

STRATEGIES = ["auto", "extract", "fine_tune"]


@contextmanager
def drawn(seed):
    """Modules made within have the same weights each time; the global stream is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)
        yield


def rows(n, seed, slope=1.0, shift=0.0):
    """A target of a product of two numbers, which few rows don't show."""
    X = np.random.default_rng(seed).normal(size=(n, 6))
    return X, slope * (X[:, 0] * X[:, 1] + X[:, 2]) + shift


@pytest.fixture(scope="module")
def trunk():
    """The layers below the last one of a net that a user trained on the source's rows."""
    X, y = (torch.tensor(a, dtype=torch.float32) for a in rows(1500, 0))
    with drawn(0):
        layers = nn.Sequential(nn.Linear(6, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU())
        head = nn.Linear(48, 1)
    optimizer = torch.optim.Adam([*layers.parameters(), *head.parameters()], 1e-2)
    for _ in range(300):
        optimizer.zero_grad()
        (head(layers(X))[:, 0] - y).square().mean().backward()
        optimizer.step()
    return layers


def _redrawn(module):
    """The same layers, never trained."""
    fresh = pickle.loads(pickle.dumps(module))
    with drawn(1):
        fresh.apply(lambda layer: layer.reset_parameters() if hasattr(layer, "weight") else None)
    return fresh


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_pretrained_module_is_a_source(trunk, strategy, frozen):
    module = pickle.loads(pickle.dumps(trunk)).requires_grad_(not frozen)
    X, y = rows(40, 1, slope=-2.0, shift=5.0)
    X_new, y_new = rows(500, 2, slope=-2.0, shift=5.0)
    target = TransferRegressor(source=module, strategy=strategy, random_state=0).fit(X, y)
    untrained = TransferRegressor(source=_redrawn(module), strategy=strategy, random_state=0)
    left, left_without = (1 - est.score(X_new, y_new) for est in (target, untrained.fit(X, y)))
    assert left < min(0.05, 0.5 * left_without)
    with torch.no_grad():
        untouched = trunk(torch.tensor(X, dtype=torch.float32))
    for ours, theirs in zip(module.parameters(), trunk.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    features = target.transform(X)
    assert features.shape == untouched.shape
    if strategy != "fine_tune" and not frozen:
        np.testing.assert_allclose(features, untouched, rtol=1e-4, atol=1e-5)
    more = target.adapt(*rows(40, 3, slope=-2.0, shift=5.0))
    assert more.score(X_new, y_new) > 0.9
    assert np.array_equal(pickle.loads(pickle.dumps(more)).predict(X), more.predict(X))


@pytest.mark.parametrize("strategy", ["auto", "fine_tune"])
def test_running_statistics_stay_those_of_the_source(strategy):
    """The heads are solved for under them; rows enough for "auto" to take steps."""
    X, y = rows(1100, 0, shift=5.0)
    with drawn(0):
        trunk = nn.Sequential(nn.Linear(6, 32), nn.BatchNorm1d(32), nn.SiLU())
    with torch.no_grad():
        for _ in range(100):
            trunk(torch.tensor(X, dtype=torch.float32))
    X_far = X + 1.0
    few, rest = slice(1000), slice(1000, None)
    extract, est = (
        TransferRegressor(source=trunk.eval(), strategy=name, random_state=0).fit(
            X_far[few], y[few]
        )
        for name in ("extract", strategy)
    )
    assert est.score(X_far[rest], y[rest]) > extract.score(X_far[rest], y[rest]) - 0.02
    kept = [b for n, b in est._model.network.named_buffers() if n.endswith("running_mean")]
    assert torch.equal(kept[0].flatten(), trunk[1].running_mean)


@pytest.mark.parametrize("cls", [TransferRegressor, TransferEstimator])
def test_features_that_are_no_numbers_are_told(cls):
    X, y = rows(30, 0)
    trunk = nn.Sequential(nn.Linear(6, 4), nn.Threshold(1e9, float("nan")))
    with pytest.raises(ValueError, match=r"no finite numbers for 30 of 30 rows .* `source`"):
        cls(source=trunk, random_state=0).fit(X, y)


def test_targets_of_several_kinds_from_a_module(trunk, tmp_path):
    X, y = rows(200, 1)
    Y = pd.DataFrame({"amount": y, "sort": np.where(y > 0, "high", "low")})
    est = TransferEstimator(source=trunk, random_state=0).fit(X, Y)
    assert est.predict(X).columns.tolist() == ["amount", "sort"]
    assert (est.predict(X)["sort"] == Y["sort"]).mean() > 0.95
    est.save(tmp_path / "est.3mtl")
    loaded = load_estimator(tmp_path / "est.3mtl", parts={"source": trunk})
    pd.testing.assert_frame_equal(loaded.predict(X), est.predict(X))


def test_a_module_of_arrays_is_a_source():
    images = np.random.default_rng(0).normal(size=(60, 5, 5, 1)).astype(np.float32)
    with drawn(0):
        module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten())
    X = pd.DataFrame({"photo": list(images)})
    y = images[:, 1:3, 1:3, 0].mean((1, 2))
    est = TransferRegressor(source=module, random_state=0).fit(X[:45], y[:45])
    assert est.transform(X).shape == (60, 36)
    assert est.score(X[45:], y[45:]) > 0.8


def test_a_module_is_no_start_of_what_adapts(trunk):
    X, y = rows(40, 1)
    with pytest.raises(ValueError, match=r"meta='maml' and source=Sequential\(...\) contradict"):
        ThreeMTLRegressor(source=trunk, meta="maml").fit(X, y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"source": nn.Linear(6, 3), "task": 0}, "`source` and task=0 contradict"),
        ({"source": nn.Linear(6, 3), "modalities": {"a": 0}}, "reads all columns of X"),
        ({"source": nn.Linear(5, 3)}, r"`source` as an encoder.*tensor of shape \(B, 6\)"),
    ],
)
def test_what_is_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        TransferRegressor(**parameters).fit(*rows(40, 1))
