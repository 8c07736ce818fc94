"""Backbones: MLP and ResNet, alone and stacked."""

import pytest
import torch
from torch import nn

from sklearn_3mtl.core.backbones import ACTIVATIONS, BACKBONES, MLP, ResNet
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies

NAMES = ("a", "b", "c")
SEED = Seed(7)
# The axis of copies: the input is common to all of them.
X = torch.randn(1, 20, 5, generator=torch.Generator().manual_seed(0))


def make(name, copies, activation="relu", dropout=0.0):
    cls = BACKBONES[name]
    more = {"n_members": 2} if cls.shares_members else {}
    return cls(5, (8, 8), activation, dropout, copies, SEED, **more)


def test_mlp_is_the_net_that_torch_would_build():
    net = MLP(5, (8, 4), "tanh", 0.0, Copies(["a"]), SEED)
    state = net.state_dict()
    by_hand = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 4), nn.Tanh())
    by_hand.load_state_dict({k.removeprefix("layers."): v for k, v in state.items()})
    torch.testing.assert_close(net(X), by_hand(X))
    assert net.n_out == 4


def test_resnet_is_the_net_by_hand():
    net = ResNet(5, (8, 8), "relu", 0.0, Copies(["a"]), SEED)
    first, *blocks, norm, _ = net.layers
    x = nn.functional.linear(X, first.weight, first.bias)
    for block in blocks:
        before, into, _, _, out = block.inner
        h = nn.functional.layer_norm(x, (8,), before.weight, before.bias)
        h = nn.functional.linear(h, into.weight, into.bias).relu()
        x = x + nn.functional.linear(h, out.weight, out.bias)
    expected = nn.functional.layer_norm(x, (8,), norm.weight, norm.bias).relu()
    torch.testing.assert_close(net(X), expected)
    assert len(blocks) == 2


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("name", ["mlp", "resnet"])
def test_stacked_nets_equal_the_same_nets_alone(name, activation):
    stacked = make(name, Copies(NAMES), activation, dropout=0.2)
    out = stacked(X)
    assert out.shape == (3, 20, 8)
    gradient = torch.randn(out.shape, generator=torch.Generator().manual_seed(1))
    out.backward(gradient)
    for k, copy in enumerate(NAMES):
        alone = make(name, Copies([copy]), activation, dropout=0.2)
        own = alone(X)
        own.backward(gradient[k : k + 1])
        assert own.shape == (1, 20, 8)
        torch.testing.assert_close(own[0], out[k], rtol=1e-4, atol=1e-5)
        for mine, theirs in zip(alone.parameters(), stacked.parameters(), strict=True):
            assert torch.equal(mine, theirs[k])
            torch.testing.assert_close(mine.grad, theirs.grad[k], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_a_rows_features_do_not_depend_on_the_batch(name):
    net = make(name, Copies(["a"])).eval()
    torch.testing.assert_close(net(X[:, :3]), net(X)[:, :3])


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_dropout_changes_training_and_not_evaluation(name):
    net, plain = make(name, Copies(["a"]), dropout=0.5), make(name, Copies(["a"]))
    assert not torch.equal(net(X), plain(X))
    assert torch.equal(net.eval()(X), plain.eval()(X))


def test_dropout_leaves_the_initial_weights_as_they_are():
    net, plain = make("mlp", Copies(["a"]), dropout=0.5), make("mlp", Copies(["a"]))
    for mine, theirs in zip(net.parameters(), plain.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_an_mlp_without_layers_passes_its_input():
    net = MLP(5, (), "relu", 0.0, Copies(["a"]), SEED)
    assert torch.equal(net(X), X)
    assert net.n_out == 5


@pytest.mark.parametrize("widths", [(), (8, 4)])
def test_resnet_refuses_unequal_widths(widths):
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        ResNet(5, widths, "relu", 0.0, Copies(["a"]), SEED)


def test_no_layers_give_every_copy_the_input():
    net = MLP(5, (), "relu", 0.0, Copies(NAMES), SEED)
    assert torch.equal(net(X), X.expand(3, -1, -1))
    own = torch.cat([X, -X, 2 * X])
    assert torch.equal(net(own), own)
    assert torch.equal(MLP(5, (), "relu", 0.0, Copies(["a"]), SEED)(X), X)
