"""The contract of a balancing rule, on every registered one, and each rule's own numbers."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from sklearn_3mtl.balancing import BALANCING, Equal, Manual, Uncertainty
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.terms import Step, Term
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.training.callbacks import BestWeights
from tests._inputs import mixed_table, numeric_table
from tests._pinned import tiny

TASKS = [
    Task("a", "regression"),
    Task("b", "binary", np.arange(2)),
    Task("c", "multiclass", np.arange(3)),
]
N_MEMBERS = 2
LOSSES = torch.tensor([[0.5, 0.7, 1.1], [0.2, 1.3, 0.4]])
rules = pytest.mark.parametrize("name", sorted(BALANCING))


def state_of(rule, tasks=TASKS, n_members=N_MEMBERS):
    return rule.init(tasks, n_members, Seed(0))


def gramian(losses, seed=0):
    """Inner products of gradients of tasks, zero where a task has no loss."""
    draw = torch.Generator().manual_seed(seed)
    gradients = torch.randn(*losses.shape, 6, generator=draw) * losses.unsqueeze(-1)
    return gradients @ gradients.mT


def weights_of_step(rule, state, losses=LOSSES, present=None, seed=0):
    """The weights as numbers; those of a rule that needs nothing are ones."""
    if rule.needs == "nothing":
        assert rule.weights(losses, present, None, state) is None
        return torch.ones_like(losses)
    between = gramian(losses, seed) if rule.needs == "gramian" else None
    found = rule.weights(losses, present, between, state)
    return torch.ones_like(losses) if found is None else found


def total_of(rule, state, losses=LOSSES, present=None):
    """The number that a step minimises."""
    mass = None if present is None else present.to(losses.dtype)
    step = Step(None, None, 0.0, None, None, losses, mass, losses.shape[1])
    total = (weights_of_step(rule, state, losses, present) * losses).sum()
    found = [term(step) for term in rule.terms(state)]
    return total + sum(summand for summand in found if summand is not None)


def weights_of(est):
    return {k: v.clone() for k, v in est._model.network.state_dict().items()}


def options(name):
    """Manual weights come from the estimator's own parameter."""
    return {"balancing": name, **({"task_weight": [1.0]} if name == "manual" else {})}


@rules
def test_one_task_is_the_identity(name):
    X, Y = numeric_table()
    plain = weights_of(tiny(balancing="equal").fit(X, Y[["number"]]))
    ruled = weights_of(tiny(**options(name)).fit(X, Y[["number"]]))
    for key, value in plain.items():
        assert torch.equal(value, ruled[key]), key


@rules
def test_weights_are_one_number_per_task_of_each_member(name):
    rule = BALANCING[name]()
    weights = weights_of_step(rule, state_of(rule))
    assert weights.shape == (N_MEMBERS, 3)
    assert (weights >= 0).all()
    assert weights.isfinite().all()


@rules
def test_members_do_not_influence_each_other(name):
    """Other losses of the second member leave the first's weights, and its gradients, alone."""
    rule, changed = BALANCING[name](), LOSSES.clone()
    changed[1] = torch.tensor([9.0, 0.1, 3.0])
    found = []
    for losses in (LOSSES, changed):
        state = state_of(rule)
        leaf = losses.clone().requires_grad_()
        weights = weights_of_step(rule, state, leaf)
        (weights[0] * leaf[0]).sum().backward()
        rule.after_step(losses, None, state)
        found.append((weights[0], leaf.grad[0], weights_of_step(rule, state, losses)[0]))
        assert (leaf.grad[1] == 0).all()
    for mine, other in zip(*found, strict=True):
        assert torch.equal(mine, other)


@rules
def test_terms_of_a_rule_say_what_they_are(name):
    rule = BALANCING[name]()
    assert all(isinstance(term, Term) for term in rule.terms(state_of(rule)))


@rules
def test_constructor_takes_hyper_parameters_only_and_clones(name):
    rule = BALANCING[name]()
    before = vars(rule).copy()
    state_of(rule)
    assert vars(rule) == before, "what a rule learns lives in its state"
    assert clone(rule).get_params() == rule.get_params()


@rules
def test_state_is_a_module_or_none(name):
    rule = BALANCING[name]()
    state = state_of(rule)
    assert state is None or isinstance(state, nn.Module)


@rules
def test_every_rule_trains_mixed_tasks_with_gaps(name):
    X, Y = mixed_table()
    weight = {"task_weight": dict.fromkeys(Y, 1.0)} if name == "manual" else {}
    est = tiny(balancing=name, **weight, max_epochs=3).fit(X, Y)
    assert np.isfinite(est.history_[:, "train_loss"]).all()
    assert est.predict(X).notna().all().all()


@rules
def test_a_task_that_is_absent_changes_no_other_weight(name):
    rule = BALANCING[name]()
    state = state_of(rule)
    present = torch.tensor([True, False, True]).expand(N_MEMBERS, -1)
    losses = LOSSES * present
    alone_state = state_of(rule, [TASKS[0], TASKS[2]])
    found = weights_of_step(rule, state, losses, present)[:, [0, 2]]
    if rule.needs == "gramian":
        two = gramian(losses)[:, [0, 2]][:, :, [0, 2]]
        expected = rule.weights(LOSSES[:, [0, 2]], None, two, alone_state)
    else:
        expected = weights_of_step(rule, alone_state, LOSSES[:, [0, 2]])
        total = total_of(rule, state, losses, present)
        torch.testing.assert_close(total, total_of(rule, alone_state, LOSSES[:, [0, 2]]))
    torch.testing.assert_close(found, expected)


def test_equal_is_the_sum():
    rule = Equal()
    assert rule.needs == "nothing"
    assert rule.init(TASKS, 1, Seed(0)) is None
    assert rule.weights(LOSSES, None, None, None) is None
    assert list(rule.terms(None)) == []
    assert rule.epoch_weight(None) is None


def test_manual_gives_the_named_weights():
    rule = Manual({"a": 2.0, "c": 0.0})
    assert rule.weights(LOSSES, None, None, state_of(rule)).tolist() == [[2.0, 1.0, 0.0]] * 2
    assert rule.epoch_weight(state_of(rule)).tolist() == [2.0, 1.0, 0.0]


def test_manual_weighs_a_column_alike_for_every_task_id():
    X, Y = numeric_table()
    X = X.assign(store=np.resize(["p", "q"], len(X)))
    by_rule = tiny(balancing=Manual({"answer": 3.0}), task="store").fit(X, Y)
    by_weight = tiny(task_weight={"answer": 3.0}, task="store").fit(X, Y)
    ruled, weighted = weights_of(by_rule), weights_of(by_weight)
    for key, value in ruled.items():
        torch.testing.assert_close(value, weighted[key], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("given", "message"), [({"z": 1.0}, "'z'"), ({"a": -1.0}, ">= 0"), ({"a": np.nan}, ">= 0")]
)
def test_manual_refuses_unknown_names_and_negative_weights(given, message):
    with pytest.raises(ValueError, match=message):
        state_of(Manual(given))


def test_manual_weights_change_the_fit():
    X, Y = numeric_table()
    plain = tiny().fit(X, Y).predict(X)["number"]
    heavy = tiny(balancing=Manual({"answer": 50.0})).fit(X, Y).predict(X)["number"]
    assert not np.allclose(plain, heavy)


def test_uncertainty_is_kendalls_sum():
    rule = Uncertainty()
    state = state_of(rule)
    s = torch.tensor([[0.3, -0.2, 1.0], [0.0, 0.4, -0.7]])
    state.log_variance.data = s
    variance, losses = s.exp().T, LOSSES.T
    expected = (
        losses[0] / (2 * variance[0]) + losses[1] / variance[1] + losses[2] / variance[2]
    ) + variance.sqrt().log().sum(0)
    torch.testing.assert_close(total_of(rule, state), expected.sum())
    for m in range(N_MEMBERS):
        alone = state_of(rule, n_members=1)
        alone.log_variance.data = s[m : m + 1]
        torch.testing.assert_close(total_of(rule, alone, LOSSES[m : m + 1]), expected[m])


def test_uncertainty_starts_where_it_is_told():
    rule = Uncertainty(initial_log_variance=1.0)
    expected = torch.tensor([[0.5, 1.0, 1.0]] * N_MEMBERS) * torch.tensor(-1.0).exp()
    found = rule.weights(LOSSES, None, None, state_of(rule)).detach()
    torch.testing.assert_close(found, expected)


def test_uncertainty_learns_the_optimum_by_hand():
    """exp(s) = loss for a regression task, 2 * loss for a classification task."""
    rule = Uncertainty()
    state = state_of(rule)
    optimizer = torch.optim.Adam(state.parameters(), lr=0.05)
    for _ in range(1000):
        optimizer.zero_grad()
        total_of(rule, state).backward()
        optimizer.step()
    expected = LOSSES * torch.tensor([1.0, 2.0, 2.0])
    torch.testing.assert_close(state.log_variance.detach().exp(), expected, rtol=1e-3, atol=1e-4)


def test_uncertainty_gives_absent_tasks_no_gradient():
    rule = Uncertainty()
    state = state_of(rule)
    present = torch.tensor([[True, False, True], [False, True, True]])
    total_of(rule, state, LOSSES * present, present).backward()
    assert (state.log_variance.grad[~present] == 0).all()
    assert (state.log_variance.grad[present] != 0).all()


def log_variance(est):
    return est._model.objective.state.log_variance.detach()


def test_the_rules_parameters_are_trained_without_weight_decay():
    X, Y = numeric_table()
    rule = Uncertainty(initial_log_variance=1.0)
    weak = tiny(balancing=rule, lr=1e-2, weight_decay=0.0, max_epochs=1, batch_size=60)
    strong = clone(weak).set_params(weight_decay=10.0)
    weak.fit(X, Y), strong.fit(X, Y)
    assert (log_variance(weak) != 1).all()
    assert torch.equal(log_variance(weak), log_variance(strong)), "one step, the same gradient"
    head = "heads.weight"
    assert not torch.equal(weights_of(weak)[head], weights_of(strong)[head])


def test_the_rules_parameters_are_restored_with_the_best_weights(monkeypatch):
    seen = []
    remember = BestWeights.on_epoch_end

    def on_epoch_end(self, net, **kwargs):
        seen.append(net.criterion_.state.log_variance.detach().clone())
        remember(self, net, **kwargs)

    monkeypatch.setattr(BestWeights, "on_epoch_end", on_epoch_end)
    X, Y = numeric_table()
    est = tiny(
        balancing="uncertainty", lr=0.3, max_epochs=30, early_stopping=True, n_iter_no_change=5
    ).fit(X, Y)
    best = int(np.argmin(est.history_[:, "valid_loss"]))
    assert best < len(seen) - 1
    assert torch.equal(log_variance(est), seen[best])
    assert not torch.equal(log_variance(est), seen[-1])
