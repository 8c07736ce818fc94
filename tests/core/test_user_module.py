"""A user's own backbone, for one net or several."""

import pytest
import torch
from torch import nn

from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.core.user_module import UserModule

X = torch.randn(10, 3, generator=torch.Generator().manual_seed(0))


def module():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 6), nn.LayerNorm(6), nn.GELU(), nn.Linear(6, 4))


@pytest.fixture(autouse=True)
def _keep_the_global_stream():
    with torch.random.fork_rng(devices=[]):
        yield


def train(net, x, steps=3):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        out = net(x)
        # A target of its own for each net.
        targets = torch.arange(float(len(out))).view(-1, 1, 1) if out.dim() == 3 else 0.0
        (out - targets).square().mean((-1, -2)).sum().backward()
        optimizer.step()
    return net(x)


def test_one_net_is_the_module_itself():
    net = UserModule(module(), 3, Copies(["shared"]))
    assert torch.equal(net(X), module()(X))
    assert net.n_out == 4


@pytest.mark.parametrize("x", [X, torch.stack([X, X + 1, 2 * X])], ids=["common", "own"])
def test_several_nets_equal_copies_run_alone(x):
    net = UserModule(module(), 3, Copies("abc"))
    out = train(net, x)
    for k in range(3):
        alone = module()
        optimizer = torch.optim.SGD(alone.parameters(), lr=0.1)
        rows = x if x.dim() == 2 else x[k]
        for _ in range(3):
            optimizer.zero_grad()
            (alone(rows) - float(k)).square().mean().backward()
            optimizer.step()
        torch.testing.assert_close(out[k], alone(rows), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("names", ["a", "abc"])
def test_the_callers_module_is_untouched(names):
    mine = module().train()
    mine[0].weight.requires_grad_(False)
    before = {name: value.clone() for name, value in mine.state_dict().items()}
    train(UserModule(mine, 3, Copies(names)), X)
    assert mine.training
    assert not mine[0].weight.requires_grad
    assert all(p.grad is None for p in mine.parameters())
    assert all(p.device.type == "cpu" for p in mine.parameters())
    for name, value in mine.state_dict().items():
        assert torch.equal(value, before[name])


def test_each_net_drops_in_training_and_not_in_evaluation():
    net = UserModule(nn.Sequential(nn.Linear(3, 50), nn.Dropout(0.5)), 3, Copies("ab"))
    first, second = net.train()(X)
    assert not torch.equal(first, second), "the nets drop different features"
    assert torch.equal(*net.eval()(X))


def test_all_parameters_of_all_nets_are_trained():
    net = UserModule(module(), 3, Copies("abc"))
    assert sum(p.numel() for p in net.parameters()) == 3 * sum(
        p.numel() for p in module().parameters()
    )


def test_running_statistics_are_refused_for_several_nets_only():
    with_statistics = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    assert UserModule(with_statistics, 3, Copies(["shared"]))(X).shape == (10, 4)
    with pytest.raises(ValueError, match="sharing='hard'"):
        UserModule(with_statistics, 3, Copies("ab"))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (nn.Linear(2, 4), r"\(B, 3\)"),
        (nn.Sequential(nn.Linear(3, 4), nn.Flatten(0)), r"found \(8,\)"),
        (nn.LSTM(3, 4), "found tuple"),
    ],
)
def test_an_unfit_module_is_refused(bad, message):
    with pytest.raises(ValueError, match=message):
        UserModule(bad, 3, Copies(["shared"]))
