"""The contract of a balancing rule, on every registered one, and each rule's own numbers."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from torch import nn

from sklearn_3mtl import MultiTaskEstimator
from sklearn_3mtl.balancing import BALANCING, Balancing, Equal, Manual, Uncertainty
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.training.callbacks import BestWeights
from tests._inputs import mixed_table, numeric_table
from tests._pinned import tiny

TASKS = [
    Task("a", "regression"),
    Task("b", "binary", np.arange(2)),
    Task("c", "multiclass", np.arange(3)),
]
LOSSES = torch.tensor([0.5, 0.7, 1.1])
rules = pytest.mark.parametrize("name", sorted(BALANCING))


def state_of(rule, tasks=TASKS):
    return rule.init(tasks, torch.Generator().manual_seed(0))


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
def test_weights_are_one_number_per_task_or_none(name):
    rule = BALANCING[name]()
    weights = rule.weights(LOSSES, None, state_of(rule))
    if weights is not None:
        assert weights.shape == (3,)
        assert (weights >= 0).all()
        assert weights.isfinite().all()


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
    present = torch.tensor([True, False, True])
    losses = LOSSES * present
    weights = rule.weights(losses, present, state)
    total = losses.sum() if weights is None else (weights * losses).sum()
    penalty = rule.penalty(present, state)
    total = total if penalty is None else total + penalty
    alone_rule = BALANCING[name]()
    alone_state = state_of(alone_rule, [TASKS[0], TASKS[2]])
    two = LOSSES[[0, 2]]
    weights = alone_rule.weights(two, None, alone_state)
    expected = two.sum() if weights is None else (weights * two).sum()
    penalty = alone_rule.penalty(None, alone_state)
    torch.testing.assert_close(total, expected if penalty is None else expected + penalty)


def test_equal_is_the_sum():
    rule = Equal()
    assert rule.weights(LOSSES, None, None) is None
    assert rule.penalty(None, None) is None


def test_manual_gives_the_named_weights():
    rule = Manual({"a": 2.0, "c": 0.0})
    assert rule.weights(LOSSES, None, state_of(rule)).tolist() == [2.0, 1.0, 0.0]


def test_manual_weighs_a_column_alike_in_every_group():
    rule = Manual({"a": 2.0})
    assert rule.weights(LOSSES, None, state_of(rule, TASKS * 2)).tolist() == [2, 1, 1, 2, 1, 1]


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
    s = torch.tensor([0.3, -0.2, 1.0])
    state.log_variance.data = s
    total = (rule.weights(LOSSES, None, state) * LOSSES).sum() + rule.penalty(None, state)
    variance = s.exp()
    expected = (
        LOSSES[0] / (2 * variance[0]) + LOSSES[1] / variance[1] + LOSSES[2] / variance[2]
    ) + variance.sqrt().log().sum()
    torch.testing.assert_close(total, expected)


def test_uncertainty_starts_where_it_is_told():
    rule = Uncertainty(initial_log_variance=1.0)
    expected = torch.tensor([0.5, 1.0, 1.0]) * torch.tensor(-1.0).exp()
    torch.testing.assert_close(rule.weights(LOSSES, None, state_of(rule)).detach(), expected)


def test_uncertainty_learns_the_optimum_by_hand():
    """exp(s) = loss for a regression task, 2 * loss for a classification task."""
    rule = Uncertainty()
    state = state_of(rule)
    optimizer = torch.optim.Adam(state.parameters(), lr=0.05)
    for _ in range(1000):
        optimizer.zero_grad()
        total = (rule.weights(LOSSES, None, state) * LOSSES).sum() + rule.penalty(None, state)
        total.backward()
        optimizer.step()
    expected = LOSSES * torch.tensor([1.0, 2.0, 2.0])
    torch.testing.assert_close(state.log_variance.detach().exp(), expected, rtol=1e-3, atol=1e-4)


def test_uncertainty_gives_absent_tasks_no_gradient():
    rule = Uncertainty()
    state = state_of(rule)
    present = torch.tensor([True, False, True])
    losses = LOSSES * present
    total = (rule.weights(losses, present, state) * losses).sum() + rule.penalty(present, state)
    total.backward()
    assert state.log_variance.grad[1] == 0
    assert (state.log_variance.grad[[0, 2]] != 0).all()


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


class Loudest(Balancing):
    """Weighs the task with the greatest loss alone, and counts its steps."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def init(self, tasks, generator):
        state = nn.Module()
        state.register_buffer("steps", torch.zeros(()))
        state.register_buffer("last", torch.zeros(len(tasks)))
        return state

    def weights(self, losses, present, state):
        return self.factor * (losses.detach() == losses.detach().max())

    def after_step(self, losses, present, state):
        assert not losses.requires_grad
        state.steps += 1
        state.last.copy_(losses)


def test_a_users_own_rule_trains_and_keeps_its_state():
    X, Y = numeric_table()
    est = tiny(balancing=Loudest(), max_epochs=3, batch_size=20).fit(X, Y)
    state = est._model.objective.state
    assert state.steps == 9
    assert (state.last > 0).all()
    plain = tiny(max_epochs=3, batch_size=20).fit(X, Y)
    assert not np.allclose(est.predict(X)["number"], plain.predict(X)["number"])


def test_a_users_own_rule_has_nested_parameters():
    est = MultiTaskEstimator(balancing=Loudest()).set_params(balancing__factor=3.0)
    assert est.get_params()["balancing__factor"] == 3.0
    assert clone(est).balancing.factor == 3.0


def test_a_users_own_rule_balances_groups_too():
    X, Y = numeric_table()
    X = X.assign(store=np.resize(["p", "q"], len(X)))
    est = tiny(balancing=Loudest(), task="store").fit(X, Y)
    assert est._model.objective.state.last.shape == (6,)
    assert isinstance(est.predict(X), pd.DataFrame)
