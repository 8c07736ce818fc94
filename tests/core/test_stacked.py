"""Stacked copies beside the same copies alone."""

import pytest
import torch
import torch.nn.functional as F

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import (
    Copies,
    SeededDropout,
    StackedEmbedding,
    StackedLayerNorm,
    StackedLinear,
)

NAMES = ("a", "b", "c")
SEED = Seed(5)


def linear(copies):
    return StackedLinear(16, 16, copies, SEED)


def layer_norm(copies):
    layer = StackedLayerNorm(16, copies)
    shape = layer.weight.shape
    layer.weight.data = torch.linspace(0.5, 2.0, 16).expand(shape).clone()
    layer.bias.data = torch.linspace(-1.0, 1.0, 16).expand(shape).clone()
    return layer


def embedding(copies):
    return StackedEmbedding([4, 5], 8, 2, copies, SEED)


def numbers(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def codes(*shape):
    return torch.randint(0, 4, shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("make", "x"),
    [
        (linear, numbers(32, 16)),
        (linear, numbers(3, 32, 16)),
        (layer_norm, numbers(3, 32, 16)),
        (embedding, codes(32, 2)),
        (embedding, codes(3, 32, 2)),
    ],
    ids=["linear common", "linear", "norm", "embedding common", "embedding"],
)
def test_stacked_copies_equal_the_same_copies_alone(make, x):
    stacked = make(Copies(NAMES))
    out = stacked(x)
    gradient = numbers(*out.shape)
    out.backward(gradient)
    for k, name in enumerate(NAMES):
        alone = make(Copies([name]))
        own = alone(x if x.dim() == 2 else x[k])
        own.backward(gradient[k])
        torch.testing.assert_close(own, out[k], rtol=1e-5, atol=1e-6)
        for mine, theirs in zip(alone.parameters(), stacked.parameters(), strict=True):
            assert torch.equal(mine, theirs[k]), "the initial weights are the same bits"
            torch.testing.assert_close(mine.grad, theirs.grad[k], rtol=1e-5, atol=1e-5)


def test_embedding_copies_have_the_same_bits_as_alone():
    stacked, x = embedding(Copies(NAMES)), codes(50, 2)
    out = stacked(x)
    gradient = numbers(*out.shape)
    out.backward(gradient)
    for k, name in enumerate(NAMES):
        alone = embedding(Copies([name]))
        own = alone(x)
        own.backward(gradient[k])
        assert torch.equal(own, out[k])
        assert torch.equal(alone.table.grad, stacked.table.grad[k])


@pytest.mark.parametrize("names", [("a",), NAMES])
@pytest.mark.parametrize("n_in", [3, 4, 19])
def test_linear_is_torchs_own(names, n_in):
    layer = StackedLinear(n_in, 5, Copies(names), SEED)
    x = numbers(7, n_in)
    weight, bias = layer.weight.view(-1, 5, n_in), layer.bias.view(-1, 5)
    expected = torch.stack([F.linear(x, w, b) for w, b in zip(weight, bias, strict=True)])
    for training in (True, False):
        torch.testing.assert_close(layer.train(training)(x).view(expected.shape), expected)


@pytest.mark.parametrize("names", [("a",), NAMES])
@pytest.mark.parametrize(("n_in", "n_out"), [(19, 8), (5, 5), (9, 2), (7, 8), (33, 1)])
def test_a_row_has_the_same_bits_wherever_it_stands(names, n_in, n_out):
    layer = StackedLinear(n_in, n_out, Copies(names), SEED).eval()
    x = numbers(1024, n_in)
    order = torch.randperm(1024, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(layer(x[order]), layer(x)[..., order, :])


def test_each_copy_draws_from_its_own_name():
    layer = linear(Copies(NAMES))
    assert not torch.equal(layer.weight[0], layer.weight[1])
    other_order = linear(Copies(("b", "a")))
    assert torch.equal(layer.weight[0], other_order.weight[1])
    bound = 16**-0.5
    assert layer.weight.abs().max() <= bound
    assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)


def test_copies_of_members_stand_outermost_and_the_first_keep_their_names():
    copies = Copies("ab", owners=[4, 7]).times(range(3))
    assert copies.names[:2] == ("a", "b")
    assert len(set(copies.names)) == len(copies) == 6
    assert copies.owners == (4, 7) * 3
    assert Copies("ab").times([0]).names == ("a", "b")
    assert Copies("ab").times([2]).names == copies.names[4:], "whichever others there are"
    first, alone = linear(copies), linear(Copies("ab"))
    assert torch.equal(first.weight[:2], alone.weight)


@pytest.mark.parametrize("names", [("a",), NAMES])
def test_reserved_codes_start_at_zero_and_others_do_not(names):
    layer = StackedEmbedding([4, 5], 8, 2, Copies(names), SEED)
    for code in range(4):
        zero = layer(torch.tensor([[code, code]])) == 0
        assert bool(zero.all()) is (code < 2)
        assert bool(zero.any()) is (code < 2)


def test_columns_have_tables_of_their_own():
    layer = StackedEmbedding([4, 4], 8, 0, Copies(["a"]), SEED)
    first, second = layer(torch.tensor([[3, 3]])).view(2, 8)
    assert not torch.equal(first, second)


def test_dropout_keeps_the_mean_and_drops_the_given_share():
    layer = SeededDropout(0.3, SEED)
    out = layer(torch.ones(200, 500))
    kept = out != 0
    assert kept.float().mean().item() == pytest.approx(0.7, abs=0.01)
    assert out[kept].unique().tolist() == pytest.approx([1 / 0.7])
    assert out.mean().item() == pytest.approx(1.0, abs=0.01)
    assert out.mean(0).std() < 0.06, "features are dropped alike often"


def test_dropout_draws_anew_at_each_call_and_repeats_with_the_seed():
    first, second = SeededDropout(0.5, SEED), SeededDropout(0.5, SEED)
    x = torch.ones(8, 8)
    masks = [first(x), first(x)]
    assert not torch.equal(*masks)
    assert torch.equal(masks[0], second(x))
    assert torch.equal(masks[1], second(x))


def test_dropout_is_independent_of_the_global_stream():
    x = torch.ones(8, 8)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        before = torch.get_rng_state()
        one = SeededDropout(0.5, SEED)(x)
        assert torch.equal(before, torch.get_rng_state())
        torch.manual_seed(2)
        assert torch.equal(one, SeededDropout(0.5, SEED)(x))


def test_dropout_is_common_to_the_copies_and_the_mask_of_one_alone():
    x = torch.ones(3, 8, 8)
    out = SeededDropout(0.5, SEED)(x)
    alone = SeededDropout(0.5, SEED)(x[0])
    for copy in out:
        assert torch.equal(copy, alone)


def test_dropout_does_nothing_in_evaluation():
    x = torch.ones(8, 8)
    assert SeededDropout(0.5, SEED).eval()(x) is x
