"""Random smooth features, against the kernel that they stand for."""

import torch

from sklearn_3mtl.core.smooth import LENGTH, SmoothFeatures


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def smooth(features, widths=(4, 3), shares=(0.0, 1.0), weight=None):
    n_members, n_rows = features.shape[:2]
    weight = torch.ones(n_rows) if weight is None else weight
    layer = SmoothFeatures(widths, shares, n_members).fit(features, weight)
    return layer(features)[..., features.shape[-1] :]


def test_products_are_nearly_those_of_a_gaussian_kernel():
    features = normal(40, 30, 7)
    own = smooth(features[:1].expand(40, -1, -1))
    found = (own @ own.mT).mean(0)
    plain = features[0, :, 4:]
    norm = (plain - plain.mean(0)).square().sum(1).mean()
    expected = (-torch.cdist(plain, plain).square() / (2 * norm * LENGTH**2)).exp()
    torch.testing.assert_close(found, expected, atol=0.08, rtol=0)


def test_blocks_without_a_share_are_not_read():
    features = normal(2, 20, 7)
    moved = torch.cat([normal(2, 20, 4, seed=1), features[..., 4:]], -1)
    torch.testing.assert_close(smooth(features), smooth(moved))


def test_the_unit_of_a_block_says_nothing():
    features = normal(2, 20, 7)
    larger = torch.cat([features[..., :4] * 50, features[..., 4:]], -1)
    shares = (1.0, 3.0)
    torch.testing.assert_close(
        smooth(features, shares=shares), smooth(larger, shares=shares), atol=1e-4, rtol=1e-4
    )


def test_rows_of_no_weight_set_no_scale():
    features = normal(1, 20, 7)
    weight = torch.ones(20)
    weight[15:] = 0
    wild = features.clone()
    wild[:, 15:] *= 100
    torch.testing.assert_close(
        smooth(features, weight=weight)[:, :15], smooth(wild, weight=weight)[:, :15]
    )


def test_equal_rows_have_equal_features():
    features = normal(2, 1, 7).expand(-1, 6, -1)
    own = smooth(features)
    assert own.isfinite().all()
    torch.testing.assert_close(own, own[:, :1].expand_as(own))


def test_the_global_stream_is_left_alone():
    before = torch.get_rng_state()
    smooth(normal(2, 6, 7))
    assert torch.equal(torch.get_rng_state(), before)
