"""The term that makes the features of domains alike."""

import pytest
import torch

from sklearn_3mtl.objective import Alignment
from sklearn_3mtl.transfer import MMD


def test_the_gap_has_the_weight_of_the_loss_and_is_a_mean_over_members():
    z = torch.randn(3, 8, 2, generator=torch.Generator().manual_seed(0))
    domain = torch.arange(2).repeat_interleave(4)
    each = [float(MMD().loss(member, domain, 1.0, None)) for member in z]
    found = Alignment(MMD(), None, weight=0.5, n_domains=2).gap(z, domain)
    assert found == pytest.approx(0.5 * sum(each) / 3, rel=1e-5)
    alone = Alignment(MMD(), None, weight=2.0, n_domains=2).gap(z[0], domain)
    assert alone == pytest.approx(2 * each[0], rel=1e-5)
    assert Alignment(MMD(), None, weight=2.0, n_domains=2).gap(z, domain * 0) == 0
