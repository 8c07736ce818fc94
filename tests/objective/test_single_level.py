"""The objective: masked means per task, balanced."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sklearn_3mtl.balancing import Equal, Manual, Uncertainty
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.objective import SingleLevelObjective

LAYOUT = TaskLayout(
    [
        Task("number", "regression"),
        Task("yes", "binary", np.arange(2)),
        Task("sort", "multiclass", np.arange(3)),
    ]
)
N = 8
RANDOM = torch.Generator().manual_seed(0)
OUTPUTS = torch.randn(N, 5, generator=RANDOM)
VALUES = torch.tensor([[0.3, 1, 2], [-1, 0, 0], [2, 1, 1], [0.1, 0, 2]] * 2)
GROUP = torch.tensor([0, 2, 2, 0, 0, 2, 0, 2])


def objective(balancing=None, n_groups=None, task_weight=None):
    rule = balancing or Equal()
    return SingleLevelObjective(LAYOUT, n_groups, rule, task_weight, Seed(0))


def test_without_weights_terms_are_plain_means_and_the_total_their_sum():
    total, terms, mass = objective()(OUTPUTS, VALUES, None, None)
    losses = objective().losses(OUTPUTS, VALUES)
    torch.testing.assert_close(terms, losses.mean(0))
    torch.testing.assert_close(total, losses.mean(0).sum())
    assert mass is None


def test_terms_are_weighted_sums_over_the_number_of_labelled_rows():
    weight = torch.rand(N, 3, generator=RANDOM) * (torch.rand(N, 3, generator=RANDOM) > 0.4)
    _, terms, mass = objective()(OUTPUTS, VALUES, weight, None)
    losses = objective().losses(OUTPUTS, VALUES).numpy()
    expected = (losses * weight.numpy()).sum(0) / (weight.numpy() > 0).sum(0)
    np.testing.assert_allclose(terms.numpy(), expected, rtol=1e-5)
    torch.testing.assert_close(mass, (weight > 0).float().sum(0))


def test_a_sample_weight_of_two_is_the_row_twice():
    weight = torch.ones(N, 3)
    weight[0] = 2
    once = objective()(OUTPUTS, VALUES, weight, None)[1]
    rows = [0, *range(N)]
    twice = objective()(OUTPUTS[rows], VALUES[rows], None, None)[1]
    torch.testing.assert_close(N * once, (N + 1) * twice)


def finite(shape):
    return arrays(np.float32, shape, elements=st.floats(-1e6, 1e6, width=32))


@settings(max_examples=60, deadline=None)
@given(finite((5,)), st.integers(0, N - 1), st.integers(0, 2), st.booleans())
def test_an_unlabelled_row_adds_exactly_nothing(strange, row, task, grouped):
    """Whatever the network says there: the task's loss and its other gradients keep their bits."""
    weight = torch.ones(N, 3)
    weight[row, task] = 0
    found = []
    for outputs in (OUTPUTS.clone(), OUTPUTS.clone()):
        if found:
            outputs[row] = torch.from_numpy(strange)
        outputs.requires_grad_()
        rule = objective(n_groups=3 if grouped else None)
        terms, _ = rule.terms(outputs, VALUES, weight, GROUP if grouped else None)
        terms.view(-1, 3)[:, task].sum().backward()
        found.append((terms.view(-1, 3)[:, task], outputs.grad))
    (terms, gradient), (other_terms, other_gradient) = found
    assert torch.equal(terms, other_terms)
    assert torch.equal(gradient, other_gradient)
    assert (other_gradient[row] == 0).all()


@pytest.mark.parametrize("balancing", [Equal(), Manual(), Uncertainty()], ids=repr)
@pytest.mark.parametrize("absent", [0, 1, 2])
def test_an_absent_task_has_no_loss_and_no_gradient(balancing, absent):
    weight = torch.ones(N, 3)
    weight[:, absent] = 0
    outputs = OUTPUTS.clone().requires_grad_()
    rule = objective(balancing)
    total, terms, mass = rule(outputs, VALUES, weight, None)
    total.backward()
    assert terms[absent] == 0
    assert mass[absent] == 0
    assert (outputs.grad[:, LAYOUT.outputs_of(absent)] == 0).all()
    others = [k for k in range(3) if k != absent]
    assert (terms[others] > 0).all()
    for parameter in rule.parameters():
        assert parameter.grad[absent] == 0
        assert (parameter.grad[others] != 0).all()


def test_group_terms_equal_the_loop_over_groups():
    weight = torch.rand(N, 3, generator=RANDOM)
    for given_weight in (weight, None):
        terms, mass = objective(n_groups=3).terms(OUTPUTS, VALUES, given_weight, GROUP)
        for g in range(3):
            rows = g == GROUP
            own = terms[3 * g : 3 * g + 3]
            if not rows.any():
                assert (own == 0).all()
                assert (mass[3 * g : 3 * g + 3] == 0).all()
                continue
            part = None if given_weight is None else given_weight[rows]
            expected, _ = objective().terms(OUTPUTS[rows], VALUES[rows], part, None)
            torch.testing.assert_close(own, expected)


def test_task_weight_scales_the_step_and_not_the_reported_terms():
    plain_total, plain, _ = objective()(OUTPUTS, VALUES, None, None)
    total, terms, _ = objective(task_weight=[2.0, 1.0, 0.5])(OUTPUTS, VALUES, None, None)
    assert torch.equal(terms, plain)
    torch.testing.assert_close(total, 2 * plain[0] + plain[1] + 0.5 * plain[2])
    assert total != plain_total


def test_task_weight_zero_removes_the_term():
    outputs = OUTPUTS.clone().requires_grad_()
    total, terms, _ = objective(task_weight=[1.0, 0.0, 1.0])(outputs, VALUES, None, None)
    total.backward()
    torch.testing.assert_close(total, terms[0] + terms[2])
    assert (outputs.grad[:, 1] == 0).all()
    assert (outputs.grad[:, [0, 2, 3, 4]] != 0).all()


def test_task_weight_holds_in_every_group():
    rule = objective(n_groups=3, task_weight=[2.0, 1.0, 0.5])
    total, terms, _ = rule(OUTPUTS, VALUES, None, GROUP)
    expected = terms.view(3, 3) * torch.tensor([2.0, 1.0, 0.5])
    torch.testing.assert_close(total, expected.sum())


def test_one_task_is_never_balanced():
    layout = TaskLayout([Task("y", "regression")])
    rule = Uncertainty(initial_log_variance=3.0)
    alone = SingleLevelObjective(layout, None, rule, None, Seed(0))
    total, terms, _ = alone(torch.ones(4, 1), torch.zeros(4, 1), None, None)
    assert total == terms[0] == 1
    assert list(alone.parameters()) == []


# Members of an ensemble


MEMBERS = torch.randn(3, N, 5, generator=RANDOM)


@pytest.mark.parametrize("n_groups", [None, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_terms_of_members_are_the_means_of_their_own(weighted, n_groups):
    group = None if n_groups is None else GROUP
    weight = (torch.arange(3.0 * N).view(N, 3) % 3 > 0).float() if weighted else None
    rule = objective(n_groups=n_groups)
    terms, mass = rule.terms(MEMBERS, VALUES, weight, group)
    alone = [rule.terms(outputs, VALUES, weight, group) for outputs in MEMBERS]
    torch.testing.assert_close(terms, torch.stack([own for own, _ in alone]).mean(0))
    if mass is not None:
        torch.testing.assert_close(mass, 3 * alone[0][1])


def test_terms_of_members_with_rows_of_their_own_are_the_means_over_all_labels():
    fold = torch.tensor([0, 1, 2, -1] * 2)
    weight = (fold != torch.arange(3)[:, None]).float().unsqueeze(2).expand(-1, -1, 3)
    terms, mass = objective().terms(MEMBERS, VALUES, weight, None)
    alone = [
        objective().terms(out[w[:, 0] > 0], VALUES[w[:, 0] > 0], None, None)[0]
        for out, w in zip(MEMBERS, weight, strict=True)
    ]
    torch.testing.assert_close(terms, torch.stack(alone).mean(0))
    assert mass.tolist() == [18.0, 18.0, 18.0]


@pytest.mark.parametrize("balancing", [Equal(), Manual({"yes": 3.0}), Uncertainty(0.7)], ids=repr)
def test_each_member_gets_the_gradient_that_it_would_get_alone(balancing):
    together = MEMBERS.clone().requires_grad_()
    weight = torch.ones(N, 3)
    weight[::2, 0] = 0
    objective(balancing)(together, VALUES, weight, None)[0].backward()
    for m in range(3):
        alone = MEMBERS[m].clone().requires_grad_()
        objective(balancing)(alone, VALUES, weight, None)[0].backward()
        torch.testing.assert_close(together.grad[m], alone.grad)


def test_one_task_of_members_is_never_balanced():
    layout = TaskLayout([Task("y", "regression")])
    rule = SingleLevelObjective(layout, None, Uncertainty(), None, Seed(0))
    total, terms, _ = rule(torch.ones(2, 4, 1), torch.zeros(4, 1), None, None)
    assert terms.tolist() == [1.0]
    assert total == 2.0
