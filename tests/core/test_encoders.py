"""Encoders of modalities beside the table, the net for images, and fusion."""

import pytest
import torch
from torch import nn

from sklearn_3mtl.core.encoders import ModuleEncoder, VectorEncoder
from sklearn_3mtl.core.fusion import FUSION, ConcatFusion
from sklearn_3mtl.core.images import ImageNet
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.core.user_module import UserModule
from tests._modal import FlatLinear

SEED = Seed(3)


def randn(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


# Vectors


@pytest.mark.parametrize(("width", "columns"), [(384, 8.0), (8, 8.0), (2, 2.0)])
def test_a_vector_passes_and_counts_for_a_few_columns(width, columns):
    encoder = VectorEncoder("text", width, False, 0.0, SEED)
    x = randn(5, width)
    assert encoder({"text": x, "other": None}) is x
    assert encoder.n_out == width
    assert encoder.blocks == [(width, columns, columns)]


def test_the_mark_of_a_gap_is_a_column():
    encoder = VectorEncoder("text", 6, True, 0.0, SEED)
    assert encoder.n_out == 7
    assert encoder.blocks == [(6, 6, 6), (1, 1, 1)]


@pytest.mark.parametrize(("rate", "expected"), [(0.05, 0.25), (0.3, 0.5)])
def test_numbers_of_a_wide_vector_are_dropped_in_training_and_its_mark_never(rate, expected):
    x = torch.ones(200, 101)
    encoder = VectorEncoder("text", 100, True, rate, SEED)
    out = encoder({"text": x})
    assert (out[:, :100] == 0).float().mean() == pytest.approx(expected, abs=0.02)
    assert out[:, :100].mean() == pytest.approx(1, abs=0.02)
    assert torch.equal(out[:, 100:], x[:, 100:])
    assert encoder.eval()({"text": x}) is x


def test_narrow_vectors_are_left_whole():
    x = torch.ones(5, 8)
    assert VectorEncoder("text", 8, False, 0.5, SEED)({"text": x}) is x


# Modules


def test_a_module_reads_the_values_in_their_shape():
    encoder = ModuleEncoder("scan", (1, 2, 3), False, user(FlatLinear(6), (1, 2, 3)))
    x = randn(4, 6)
    assert torch.equal(encoder({"scan": x}), FlatLinear(6)(x))
    assert encoder.n_out == 5


@pytest.mark.parametrize("names", ["a", "abc"])
def test_the_features_of_a_missing_row_are_zero(names):
    encoder = ModuleEncoder("scan", (6,), True, user(FlatLinear(6), (6,), names))
    x = torch.cat([randn(4, 6), torch.tensor([[0.0], [1.0], [0.0], [1.0]])], dim=1)
    out = encoder({"scan": x})
    assert out.shape[-1] == encoder.n_out == 6
    assert not out[..., [1, 3], :5].any()
    assert (out[..., [0, 2], :5] != 0).all()
    assert torch.equal(out[..., 5].reshape(-1, 4), x[:, 6].expand(len(names), 4))


def user(module, shape, names="a"):
    return UserModule(module, shape, Copies(names), "modalities['scan']", keep_frozen=True)


def test_frozen_parts_of_a_module_stay_frozen():
    module = nn.Sequential(nn.Linear(3, 4).requires_grad_(False), nn.Linear(4, 2))
    for names in ("a", "ab"):
        flags = [p.requires_grad for p in user(module, (3,), names).parameters()]
        assert flags == [False, False, True, True]


# Images


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 7), (1, 1, 1), (2, 32, 16)])
def test_images_of_any_size(shape):
    net = ImageNet(shape, Copies("a"), SEED)
    assert net(randn(4, *shape)).shape == (4, net.n_out)


def test_copies_of_the_image_net_are_the_nets_alone():
    x = randn(6, 1, 8, 8)
    together = ImageNet((1, 8, 8), Copies("abc"), SEED)
    assert together.owners == (0, 1, 2)
    common, own = together(x), together(x.expand(3, -1, -1, -1, -1))
    assert common.shape == (3, 6, together.n_out)
    torch.testing.assert_close(common, own)
    for index, name in enumerate("abc"):
        alone = ImageNet((1, 8, 8), Copies([name]), SEED)
        torch.testing.assert_close(common[index], alone(x), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(common[0], common[1], atol=1e-3)


def test_a_rows_image_features_do_not_depend_on_the_batch():
    net = ImageNet((1, 8, 8), Copies("a"), SEED)
    x = randn(6, 1, 8, 8)
    torch.testing.assert_close(net(x)[:2], net(x[:2]), atol=1e-5, rtol=1e-5)


# Fusion


def concatenated(*features):
    widths = [value.shape[-1] for value in features]
    layers = ConcatFusion().build(widths, Copies("ab"), SEED)
    assert layers.n_out == sum(widths)
    assert layers.is_concatenation
    return layers(features, None)


def test_one_modality_passes_untouched():
    x = randn(1, 4, 3)
    assert concatenated(x) is x
    assert FUSION["concat"] is ConcatFusion


def test_several_stand_side_by_side_in_order():
    x, z = randn(1, 4, 3), randn(1, 4, 2) + 5
    assert torch.equal(concatenated(x, z), torch.cat([x, z], dim=2))


def test_what_is_common_goes_to_each_net():
    common, own = randn(1, 4, 3), randn(2, 4, 5)
    out = concatenated(common, own)
    assert out.shape == (2, 4, 8)
    assert torch.equal(out[..., 3:], own)
    assert torch.equal(out[1, :, :3], common[0])
