"""Which weights `adapt` may change, and what the other tasks forget."""

import numpy as np
import pytest
import torch
from torch import nn

from tests._adapting import (
    assert_same_bits,
    assert_untouched,
    bits,
    planted,
    r2,
    shops,
    small,
    state,
)

X, Y, NEW = planted()
FEW, REST = slice(0, 60), slice(60, None)


def parameters_of(est):
    return {name: p.detach().clone() for name, p in est._model.network.named_parameters()}


def changed(est, adapted):
    """The names of the parameters of both that differ."""
    before, after = parameters_of(est), parameters_of(adapted)
    after = {name.replace("heads.base.", "heads."): value for name, value in after.items()}
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


def fit(**parameters):
    return small(numeric_embedding="periodic", **parameters).fit(X[REST], Y[REST])


def test_by_default_old_weights_stay_and_nothing_is_forgotten():
    est = fit()
    for parts in ("auto", "head"):
        adapted = est.set_params(adapt_parts=parts).adapt(X[FEW], NEW[FEW])
        assert changed(est, adapted) == set()
        assert adapted.forgetting_ == dict.fromkeys(Y, 0.0)


def test_all_parts_change_and_forgetting_says_how_far():
    est = fit(adapt_parts="all", adapt_lr=0.01)
    adapted = est.adapt(X[FEW], NEW[FEW])
    assert changed(est, adapted) >= {n for n in parameters_of(est) if not n.startswith("heads")}
    assert list(adapted.forgetting_) == list(Y)
    assert all(moved > 0 for moved in adapted.forgetting_.values())
    old, new = est.predict(X[FEW])["number"], adapted.predict(X[FEW])["number"]
    spread = est._model.codec.scale[0]
    expected = ((old - new) ** 2).mean() ** 0.5 / spread
    assert adapted.forgetting_["number"] == pytest.approx(expected, rel=1e-3)
    for column, name in ((1, "answer"), (2, "sort")):
        p, q = (e.predict_proba(X[FEW])[column] for e in (est, adapted))
        expected = np.abs(p - q).sum(1).mean() / 2
        assert adapted.forgetting_[name] == pytest.approx(expected, rel=1e-3)


def test_tasks_with_new_labels_are_not_forgotten():
    adapted = fit(adapt_parts="all").adapt(X[FEW], Y[["sort"]][FEW])
    assert list(adapted.forgetting_) == ["number", "answer"]


PARTS = {
    "encoders": ["encoders"],
    "backbone": ["backbone"],
    "both": ["encoders", "backbone"],
    "tuple": ("backbone",),
    "a parameter": ["backbone.net.layers.0.bias"],
    "a prefix": ["backbone.net.layers.0"],
}


@pytest.mark.parametrize("name", PARTS)
def test_named_parts_change_and_no_others(name):
    est = fit(adapt_parts=PARTS[name], adapt_lr=0.01)
    found = changed(est, est.adapt(X[FEW], NEW[FEW]))
    assert found
    assert all(any(n.startswith(part) for part in PARTS[name]) for n in found)


@pytest.mark.parametrize("steps", ["auto", 0])
def test_an_unknown_part_is_named(steps):
    with pytest.raises(ValueError, match=r"`adapt_parts` should be .*Found 'tail'"):
        fit(adapt_parts=["backbone", "tail"], adapt_steps=steps).adapt(X[FEW], NEW[FEW])


@pytest.mark.parametrize("parts", [[], ["encoders"]])
def test_parts_without_a_weight_are_the_solved_heads_alone(parts):
    est = small(adapt_parts=parts).fit(X[REST], Y[REST])
    solved = small(adapt_parts="head").fit(X[REST], Y[REST])
    expected = bits(solved.adapt(X[FEW], NEW[FEW]), X)
    assert_same_bits(bits(est.adapt(X[FEW], NEW[FEW]), X), expected)


def test_no_steps_are_the_solved_heads_alone():
    est = fit()
    solved = est.adapt(X[FEW], NEW[FEW])
    still = est.set_params(adapt_parts="all", adapt_steps=0).adapt(X[FEW], NEW[FEW])
    assert_same_bits(bits(still, X), bits(solved, X))
    assert still.forgetting_ == dict.fromkeys(Y, 0.0)


def test_steps_on_the_head_leave_the_features_and_the_other_tasks():
    est = fit(adapt_steps=20, adapt_lr=0.01)
    adapted = est.adapt(X[FEW], NEW[FEW])
    np.testing.assert_array_equal(adapted.transform(X), est.transform(X))
    assert_same_bits(bits(adapted, X, Y), bits(est, X))
    assert adapted.forgetting_ == dict.fromkeys(Y, 0.0)
    solved = est.set_params(adapt_steps=0).adapt(X[FEW], NEW[FEW])
    assert not adapted.predict(X)["rent"].equals(solved.predict(X)["rent"])


@pytest.mark.parametrize(("name", "values"), [("adapt_lr", (1e-5, 1e-2)), ("adapt_steps", (1, 60))])
def test_larger_and_more_steps_go_farther(name, values):
    moved = []
    for value in values:
        options = {"adapt_lr": 1e-3, "adapt_steps": 20, name: value}
        est = fit(adapt_parts="all", **options)
        moved.append(est.adapt(X[FEW], NEW[FEW]).forgetting_["number"])
    assert moved[0] < moved[1]


def test_steps_on_all_parts_lower_the_loss_of_the_rows():
    est = fit(adapt_lr=3e-3, adapt_steps=200)
    solved = est.set_params(adapt_parts="head", adapt_steps=0).adapt(X[FEW], NEW[FEW])
    tuned = est.set_params(adapt_parts="all", adapt_steps=200).adapt(X[FEW], NEW[FEW])
    truth = NEW["rent"][FEW]
    assert r2(truth, tuned.predict(X[FEW])["rent"]) > r2(truth, solved.predict(X[FEW])["rent"])


def test_divergence_names_the_rate_of_the_steps():
    est = fit(adapt_parts="all", adapt_lr=1e30)
    with pytest.raises(ValueError, match=r"diverged.*Lower `adapt_lr`"):
        est.adapt(X[FEW], NEW[FEW])


class _Interrupted(torch.optim.SGD):
    """An optimizer at whose steps the user presses Ctrl-C once it is told so."""

    pressed = False

    def step(self, closure=None):
        if self.pressed:
            raise KeyboardInterrupt
        return super().step(closure)


def test_ctrl_c_passes_through_and_leaves_the_estimator(monkeypatch):
    est = fit(adapt_parts="all", optimizer=_Interrupted)
    before = state(est)
    monkeypatch.setattr(_Interrupted, "pressed", True)
    with pytest.warns(UserWarning, match="interrupted"), pytest.raises(KeyboardInterrupt):
        est.adapt(X[FEW], NEW[FEW])
    assert_untouched(est, before)


def test_a_second_adaptation_builds_on_the_changed_weights():
    est = fit(adapt_parts="all", adapt_lr=0.01)
    one = est.adapt(X[FEW], NEW["rent"][FEW])
    before = bits(one, X)
    two = one.set_params(adapt_parts="head").adapt(X[FEW], NEW["kind"][FEW])
    assert_same_bits(bits(two, X, [*Y, "rent"]), before)


def test_task_ids_and_all_parts():
    rows, y = shops()
    west, labels = shops(60, seed=1, names=["west"])
    est = small(task="shop", max_epochs=30, adapt_parts="all").fit(rows, y)
    adapted = est.adapt(west[:30], labels[:30])
    assert r2(labels[30:], adapted.predict(west[30:])) > 0.9
    assert not np.array_equal(adapted.predict(rows), est.predict(rows))
    assert adapted.forgetting_["sales"] > 0, "as rows of the other shops"


def test_independent_nets_and_all_parts():
    est = fit(sharing="none", adapt_parts="all", adapt_lr=0.01)
    adapted = est.adapt(X[FEW], NEW[FEW])
    assert all(moved > 0 for moved in adapted.forgetting_.values())


MODULES = {
    "dropout": lambda: nn.Sequential(nn.Linear(4, 12), nn.Tanh(), nn.Dropout(0.5)),
    "statistics": lambda: nn.Sequential(nn.Linear(4, 12), nn.BatchNorm1d(12), nn.Tanh()),
}


@pytest.mark.parametrize("name", MODULES)
def test_a_frozen_module_of_the_users_stays_as_it_is(name):
    """Steps on the head alone move no running statistics of the backbone."""
    est = small(backbone=MODULES[name](), n_estimators=1, adapt_steps=10).fit(X[REST], Y[REST])
    adapted = est.adapt(X[FEW], NEW[FEW])
    np.testing.assert_array_equal(adapted.transform(X), est.transform(X))
    assert_same_bits(bits(adapted, X, Y), bits(est, X))


@pytest.mark.parametrize("name", MODULES)
def test_the_old_estimator_keeps_its_module(name):
    est = small(backbone=MODULES[name](), n_estimators=1, adapt_parts="all").fit(X[REST], Y[REST])
    before = bits(est, X)
    state = {k: v.clone() for k, v in est._model.network.state_dict().items()}
    adapted = est.adapt(X[FEW], NEW[FEW])
    assert_same_bits(bits(est, X), before)
    assert all(torch.equal(v, state[k]) for k, v in est._model.network.state_dict().items())
    assert any(moved > 0 for moved in adapted.forgetting_.values())


@pytest.mark.parametrize(
    "parameters",
    [
        {"backbone": "tabm", "n_estimators": 3},
        {"backbone": "tabm", "n_estimators": 3, "sharing": "none"},
        {"backbone": "resnet", "hidden_layer_sizes": (12, 12)},
        {"heads": {"number": (6,), "sort": (6,)}},
        {"n_estimators": 1},
        {"n_estimators": 1, "sharing": "none"},
    ],
    ids=str,
)
@pytest.mark.parametrize("parts", ["head", "all"])
def test_every_kind_of_network_is_adapted(parts, parameters):
    est = small(adapt_parts=parts, **parameters).fit(X[REST], Y[REST])
    adapted = est.adapt(X[FEW], NEW[FEW])
    assert r2(NEW["rent"][REST], adapted.predict(X[REST])["rent"]) > 0.8
    if parts == "head":
        assert_same_bits(bits(adapted, X, Y), bits(est, X))
