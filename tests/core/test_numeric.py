"""Numeric embeddings: what stands beside the numbers."""

import pytest
import torch

from sklearn_3mtl.core.encoders import EMBEDDING_WIDTH, TabularEncoder
from sklearn_3mtl.core.numeric import NUMERIC_EMBEDDINGS, PERIODIC_WIDTH, Periodic, PiecewiseLinear
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies

SEED = Seed(6)
EDGES = [torch.tensor([0.0, 1.0, 3.0]), torch.tensor([-1.0, 0.0, 0.5, 1.0])]


def numbers(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_a_number_is_the_share_of_each_bin_that_it_has_come_through():
    layer = PiecewiseLinear(2, 2, EDGES, Copies("a"), SEED)
    x = torch.tensor([[2.0, 0.25], [0.25, 1.0], [0.0, -0.5]])
    expected = torch.tensor(
        [
            [2.0, 0.25, 1.0, 0.5, 1.0, 0.5, 0.0],
            [0.25, 1.0, 0.25, 0.0, 1.0, 1.0, 1.0],
            [0.0, -0.5, 0.0, 0.0, 0.5, 0.0, 0.0],
        ]
    )
    assert layer.n_out == 7
    torch.testing.assert_close(layer(x), expected)


def test_columns_of_fewer_than_two_bins_and_indicators_pass():
    """Columns: constant, two bins, one bin; behind them the indicator of a gap."""
    edges = [torch.zeros(0), EDGES[0], torch.tensor([0.0, 1.0])]
    layer = PiecewiseLinear(3, 4, edges, Copies("a"), SEED)
    x = torch.tensor([[7.0, 2.0, 0.5, 1.0]])
    torch.testing.assert_close(layer(x), torch.tensor([[7.0, 2.0, 0.5, 1.0, 1.0, 0.5]]))
    assert layer.n_out == 6


def test_without_bins_the_numbers_pass_untouched():
    layer = PiecewiseLinear(2, 2, [torch.zeros(0)] * 2, Copies("a"), SEED)
    x = numbers(5, 2)
    assert layer(x) is x
    assert layer.n_out == 2


def test_bins_have_nothing_to_train_and_nothing_to_save():
    layer = PiecewiseLinear(2, 2, EDGES, Copies("abc"), SEED)
    assert list(layer.parameters()) == []
    x = numbers(3, 5, 2)
    torch.testing.assert_close(layer(x)[1], layer(x[1]))


def test_periodic_copies_equal_the_same_copies_alone():
    layer = Periodic(2, 3, [], Copies("abc"), SEED)
    x = numbers(9, 3)
    out = layer(x)
    assert out.shape == (3, 9, layer.n_out)
    gradient = numbers(*out.shape)
    out.backward(gradient)
    for k, name in enumerate("abc"):
        alone = Periodic(2, 3, [], Copies(name), SEED)
        own = alone(x)
        own.backward(gradient[k])
        torch.testing.assert_close(out[k], own)
        for mine, theirs in zip(alone.parameters(), layer.parameters(), strict=True):
            assert torch.equal(mine, theirs[k])
            torch.testing.assert_close(mine.grad, theirs.grad[k])
    assert not torch.allclose(out[0], out[1])


def test_periodic_numbers_and_indicators_stand_before_the_waves():
    layer = Periodic(2, 3, [], Copies("a"), SEED)
    x = numbers(9, 3)
    assert torch.equal(layer(x)[:, :3], x)
    assert layer.n_out == 3 + 2 * PERIODIC_WIDTH == layer(x).shape[1]
    changed = x.clone()
    changed[:, 2] = 5.0
    assert torch.equal(layer(changed)[:, 3:], layer(x)[:, 3:]), "an indicator has no waves"


def test_periodic_without_numbers_passes_the_indicators():
    x = numbers(9, 1)
    layer = Periodic(0, 1, [], Copies("a"), SEED)
    assert layer(x) is x


def test_periodic_waves_are_drawn_from_the_seed_alone():
    before = torch.get_rng_state()
    first = Periodic(2, 2, [], Copies("a"), SEED)
    assert torch.equal(before, torch.get_rng_state())
    x = numbers(4, 2)
    assert torch.equal(first(x), Periodic(2, 2, [], Copies("a"), SEED)(x))
    assert not torch.equal(first(x), Periodic(2, 2, [], Copies("a"), Seed(7))(x))


@pytest.mark.parametrize("name", sorted(NUMERIC_EMBEDDINGS))
@pytest.mark.parametrize("copies", ["a", "abc"])
def test_the_encoder_puts_categories_beside_embedded_numbers(name, copies):
    copies = Copies(copies)
    numeric = NUMERIC_EMBEDDINGS[name](2, 2, EDGES, copies, SEED)
    encoder = TabularEncoder(2, (4,), 2, copies, SEED, numeric)
    inputs = {"numeric": numbers(5, 2), "categorical": torch.tensor([[2]] * 5)}
    out = encoder(inputs)
    assert encoder.n_out == out.shape[-1] == numeric.n_out + EMBEDDING_WIDTH
    expected = numeric(inputs["numeric"])
    torch.testing.assert_close(
        out[..., : numeric.n_out], expected.expand(*out.shape[:-1], numeric.n_out)
    )


@pytest.mark.parametrize("name", sorted(NUMERIC_EMBEDDINGS))
def test_each_column_has_the_same_share_of_a_view_however_it_is_coded(name):
    copies = Copies("a")
    numeric = NUMERIC_EMBEDDINGS[name](2, 3, [*EDGES[:2]], copies, SEED)
    encoder = TabularEncoder(3, (4, 5), 2, copies, SEED, numeric)
    assert [block.width for block in encoder.blocks] == [3, numeric.n_out - 3, 2 * EMBEDDING_WIDTH]
    assert [block.plain for block in encoder.blocks] == [3, 0, 2]
    numbers_, bent, categories = (block.encoded for block in encoder.blocks)
    assert numbers_ + bent == pytest.approx(3)
    assert 0 < numbers_ < bent
    assert categories == 2
