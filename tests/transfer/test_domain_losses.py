"""Domain losses: what they are by definition, and what they do to features."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_moons
from torch import nn

from sklearn_3mtl.core.seeding import Seed, global_streams
from sklearn_3mtl.transfer import CORAL, DANN, DOMAIN_LOSSES, MMD

N_FEATURES = 3
DOMAIN = torch.tensor([0, 1, 0, 2, 1, 1, 0, 2, 2, 0])


def features(n=10, n_members=1, seed=0, dtype=torch.float64):
    draw = torch.Generator().manual_seed(seed)
    shape = (n_members, n, N_FEATURES)
    return torch.randn(shape, generator=draw, dtype=torch.float64).to(dtype)


def state_of(rule, n_members=1, dtype=torch.float64, n_domains=3):
    state = rule.init(N_FEATURES, n_domains, n_members, Seed(0))
    return None if state is None else state.to(dtype)


@pytest.fixture(params=DOMAIN_LOSSES)
def rule(request):
    return DOMAIN_LOSSES[request.param]()


def test_coral_is_the_mean_squared_distance_of_covariances():
    z = features()
    covariances = [torch.cov(z[0, k == DOMAIN].T) for k in range(3)]
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = np.mean([float((covariances[a] - covariances[b]).square().sum()) for a, b in pairs])
    found = CORAL().loss(z, DOMAIN, 0.0, None)
    assert float(found) == pytest.approx(expected / (4 * N_FEATURES**2))
    assert CORAL().loss(z[:, :2], torch.tensor([0, 1]), 0.0, None) is None, (
        "one row has no variance"
    )


def test_mmd_is_the_squared_distance_of_kernel_means():
    z, domain = features().requires_grad_(), (DOMAIN > 0).long()
    squares = (z[0, :, None] - z[0]).square().sum(-1)
    first, second = torch.triu_indices(z.shape[1], z.shape[1], offset=1)
    median = squares[first, second].median().detach()
    kernel = sum(torch.exp(-squares / (f * median)) for f in (0.5, 2.0)) / 2
    a, b = domain == 0, domain == 1
    expected = kernel[a][:, a].mean() + kernel[b][:, b].mean() - 2 * kernel[a][:, b].mean()
    found = MMD((0.5, 2.0)).loss(z, domain, 0.0, None)
    torch.testing.assert_close(found, expected)
    gradients = [torch.autograd.grad(loss, z)[0] for loss in (found, expected)]
    torch.testing.assert_close(*gradients, msg="the bandwidth has no gradient")


def test_the_gap_is_0_where_nothing_tells_domains_apart(rule):
    z = features(6, n_members=2)
    same, apart = torch.cat([z, z], dim=1), torch.cat([z, z * 3 + 9], dim=1)
    domain = torch.tensor([0, 1]).repeat_interleave(6)
    state = state_of(rule, n_members=2, n_domains=2)
    with torch.no_grad():
        assert float(rule.gap(same, domain, state)) == pytest.approx(0, abs=1e-9)
    assert rule.gap(z, domain[:6], state) is None
    if state is not None:
        optimizer = torch.optim.Adam(state.parameters(), lr=0.01)
        for _ in range(100):
            optimizer.zero_grad()
            rule.loss(apart, domain, 0.5, state).backward()
            optimizer.step()
    with torch.no_grad():
        assert float(rule.gap(apart, domain, state)) > 0.5


def test_the_gap_of_dann_is_what_a_guess_would_lose_more():
    z, rule = features(), DANN()
    state = state_of(rule)
    with torch.no_grad():
        state[-1].weight.zero_()
        state[-1].bias.zero_()
        assert float(rule.gap(z, DOMAIN, state)) == pytest.approx(0), "a guess"
        state[-1].bias.copy_(torch.tensor([2.0, 0.0, 0.0]))
        assert float(rule.gap(z, DOMAIN, state)) == 0, "worse than a guess"


def test_dann_weighs_domains_alike():
    rule, z = DANN(), features()
    state = state_of(rule)
    logs = state(z).log_softmax(-1)
    expected = -sum(logs[0, k == DOMAIN, k].mean() for k in range(3)) / 3
    torch.testing.assert_close(rule.loss(z, DOMAIN, 0.3, state), expected)


@pytest.mark.parametrize("progress", [0.0, 0.05, 0.5])
def test_dann_reverses_the_gradient_of_the_features_alone(progress):
    rule, z = DANN(), features().requires_grad_()
    state = state_of(rule)
    parameters = [z, *state.parameters()]
    found = torch.autograd.grad(rule.loss(z, DOMAIN, progress, state), parameters)
    logs = state(z).log_softmax(-1)
    plain = torch.autograd.grad(
        -sum(logs[0, k == DOMAIN, k].mean() for k in range(3)) / 3, parameters
    )
    strength = 2 / (1 + np.exp(-10 * progress)) - 1
    torch.testing.assert_close(found[0], -strength * plain[0])
    for mine, other in zip(found[1:], plain[1:], strict=True):
        torch.testing.assert_close(mine, other)


def test_members_are_summed_as_if_each_were_alone(rule):
    z = features(n_members=2)
    state = state_of(rule, 2)
    parts = []
    for member in range(2):
        alone = state_of(rule)
        for own, stacked in zip(
            () if alone is None else alone.parameters(),
            () if state is None else state.parameters(),
            strict=True,
        ):
            own.data = stacked.detach()[member].clone()
        parts.append(rule.loss(z[member : member + 1], DOMAIN, 0.5, alone))
    torch.testing.assert_close(rule.loss(z, DOMAIN, 0.5, state), sum(parts))


def test_one_domain_says_nothing(rule):
    z = features(4)
    assert rule.loss(z, torch.ones(4, dtype=torch.int64), 0.5, state_of(rule)) is None


@pytest.mark.parametrize("rule", [CORAL(), MMD()])
def test_alike_distributions_are_no_distance_apart(rule):
    z = features(5)
    both, domain = torch.cat([z, z.flip(1)], dim=1), torch.arange(2).repeat_interleave(5)
    torch.testing.assert_close(rule.loss(both, domain, 0.0, None), z.new_zeros(()))


def test_a_shift_has_a_gradient(rule):
    z = (features(200) * (1 + 2 * (torch.arange(200) % 2))[:, None]).requires_grad_()
    loss = rule.loss(z, torch.arange(200) % 2, 0.5, state_of(rule, n_domains=2))
    assert loss.dim() == 0
    assert torch.autograd.grad(loss, z)[0].norm() > 1e-4


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_the_order_of_rows_says_nothing_and_losses_are_finite(data):
    rule = DOMAIN_LOSSES[data.draw(st.sampled_from(sorted(DOMAIN_LOSSES)))]()
    n = data.draw(st.integers(2, 12))
    domain = torch.tensor(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
    z = features(n, seed=data.draw(st.integers(0, 99))) * data.draw(
        st.sampled_from([0.0, 1.0, 1e3])
    )
    state, order = state_of(rule), torch.randperm(n, generator=torch.Generator().manual_seed(n))
    found = rule.loss(z, domain, 0.2, state)
    turned = rule.loss(z[:, order], domain[order], 0.2, state)
    assert (found is None) == (turned is None)
    if found is not None:
        assert bool(found.isfinite())
        assert float(found.detach()) >= 0
        torch.testing.assert_close(found, turned)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (DANN(gamma=0), r"`DANN.gamma` should be .* Found 0"),
        (DANN(hidden_layer_sizes=(0,)), r"`DANN.hidden_layer_sizes` should be .* Found \(0,\)"),
        (MMD(factors=()), r"`MMD.factors` should be .* Found \(\)"),
        (MMD(factors=(1.0, -1.0)), r"`MMD.factors` should be .* -1.0"),
    ],
)
def test_hyper_parameters_that_are_none(rule, message):
    with pytest.raises(ValueError, match=message):
        state_of(rule)


@pytest.mark.slow
def test_dann_helps_on_turned_moons():
    """Target accuracy on moons turned by 35 degrees, three seeds."""
    gains = []
    for seed in range(3):
        (xs, ys), (xt, yt) = (
            make_moons(150, noise=0.1, random_state=2 * seed + i) for i in range(2)
        )
        c, s = np.cos(np.deg2rad(35)), np.sin(np.deg2rad(35))
        x = torch.from_numpy(np.vstack([xs, xt @ np.array([[c, s], [-s, c]])])).float()
        y, domain = torch.from_numpy(ys).float(), torch.arange(2).repeat_interleave(150)
        scores = []
        for rule in (None, DANN()):
            with global_streams(Seed(seed)):
                net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
                head = nn.Linear(32, 1)
            state = None if rule is None else rule.init(32, 2, 1, Seed(seed))
            learned = [m for m in (net, head, state) if m is not None]
            step = torch.optim.Adam([p for m in learned for p in m.parameters()], lr=3e-3)
            for epoch in range(400):
                z = net(x)
                loss = nn.functional.binary_cross_entropy_with_logits(head(z[:150])[:, 0], y)
                if rule is not None:
                    loss = loss + rule.loss(z[None], domain, epoch / 400, state)
                step.zero_grad()
                loss.backward()
                step.step()
            with torch.no_grad():
                scores.append(float(((head(net(x[150:]))[:, 0] > 0).numpy() == yt).mean()))
        gains.append(scores[1] - scores[0])
    assert np.mean(gains) > 0.05
