"""The term that makes the features of domains alike."""

from types import SimpleNamespace

import pytest
import torch

from sklearn_3mtl.core.terms import Step
from sklearn_3mtl.objective import DomainTerm
from sklearn_3mtl.rows.batch import Batch
from sklearn_3mtl.transfer import DANN, MMD

DOMAIN = torch.arange(2).repeat_interleave(4)
Z = torch.randn(3, 8, 2, generator=torch.Generator().manual_seed(0))


def step_of(z, domain=DOMAIN, progress=0.3):
    """A step whose features are given."""
    batch = Batch({}, torch.zeros(len(domain), 1), None, None, domain=domain)
    network = SimpleNamespace(n_members=len(z))
    losses = torch.zeros(len(z), 1)
    return Step(network, batch, progress, None, None, losses, None, 1, _features=z.unsqueeze(1))


def test_the_gap_has_the_weight_of_the_loss_and_is_a_mean_over_members():
    each = [float(MMD().loss(member[None], DOMAIN, 1.0, None)) for member in Z]
    found = DomainTerm(MMD(), None, weight=0.5, n_domains=2).gap(step_of(Z))
    assert float(found) == pytest.approx(0.5 * sum(each) / 3, rel=1e-5)
    alone = DomainTerm(MMD(), None, weight=2.0, n_domains=2).gap(step_of(Z[:1]))
    assert float(alone) == pytest.approx(2 * each[0], rel=1e-5)
    one = DomainTerm(MMD(), None, weight=2.0, n_domains=2)
    assert one.gap(step_of(Z, DOMAIN * 0)) is None


def test_the_summand_is_the_weighted_loss_summed_over_members():
    each = [float(MMD().loss(member[None], DOMAIN, 0.3, None)) for member in Z]
    term = DomainTerm(MMD(), None, weight=0.5, n_domains=2)
    assert float(term(step_of(Z))) == pytest.approx(0.5 * sum(each), rel=1e-5)
    assert term(step_of(Z, DOMAIN * 0)) is None, "one domain says nothing"


def test_a_rule_says_whether_the_main_step_trains_its_state():
    assert DomainTerm(DANN(), None, 1.0, 2).trained_with_network

    class Adversary(MMD):
        trained_with_network = False

    assert not DomainTerm(Adversary(), None, 1.0, 2).trained_with_network
