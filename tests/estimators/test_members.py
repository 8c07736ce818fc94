"""Each member of an ensemble is a net that could stand alone."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_3mtl.data.tables import read_inputs
from tests._inputs import mixed_table
from tests._pinned import tiny

LAYOUTS = {
    "hard": {},
    "hidden": {"hidden_layer_sizes": (8, 4)},
    "resnet": {"backbone": "resnet", "hidden_layer_sizes": (8, 8)},
    "none": {"sharing": "none"},
    "groups": {"task": "store"},
    "groups, none": {"task": "store", "sharing": "none"},
    "heads": {"heads": {"price": (5,), "grade": (4, 3)}},
    "heads, none": {"heads": {"price": (5,), "grade": nn.Linear(8, 3)}, "sharing": "none"},
    "module": {"backbone": nn.Sequential(nn.LazyLinear(6), nn.LayerNorm(6), nn.Tanh())},
    "module, none": {"backbone": nn.Sequential(nn.LazyLinear(6), nn.Tanh()), "sharing": "none"},
    "bins": {"numeric_embedding": "piecewise_linear", "sharing": "none"},
    "waves": {"numeric_embedding": "periodic"},
    "waves, groups": {"numeric_embedding": "periodic", "sharing": "none", "task": "store"},
}
# A fit that leaves the initial weights as they are.
FROZEN = {"lr": 1e-60, "weight_decay": 0.0, "max_epochs": 1}


def table(n=60):
    X, Y = mixed_table(n)
    return X.reset_index(drop=True).assign(store=np.resize(["p", "q", "r"], n)), Y


def fitted(name, n_members):
    return tiny(n_estimators=n_members, **FROZEN, **LAYOUTS[name]).fit(*table())


def pairs(together, alone):
    """For each parameter of a lone net its name, it, and its like of all members."""
    lone, stacked = parameters_of(alone), parameters_of(together)
    for (name, own), (_, all_members) in zip(lone, stacked, strict=True):
        n_members = all_members.numel() // own.numel()
        if name.endswith("deviation"):
            # Each group's row holds the deviations of all members.
            of_members = all_members.unflatten(1, (n_members, -1)).movedim(1, 0)
        else:
            of_members = all_members.reshape(n_members, *own.shape)
        yield name, own, of_members


def parameters_of(est):
    return [(name, p.detach()) for name, p in est._model.network.named_parameters()]


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_first_member_starts_with_the_bits_of_the_lone_net(name):
    together, alone = fitted(name, 3), fitted(name, 1)
    drawn = 0
    for part, own, of_members in pairs(together, alone):
        assert len(of_members) == 3
        assert torch.equal(of_members[0], own), part
        drawn += not torch.equal(of_members[1], own)
    assert drawn > 0, "the others start elsewhere"


@pytest.mark.parametrize("name", LAYOUTS)
def test_each_member_puts_out_what_a_lone_net_of_its_weights_does(name):
    X, _ = table()
    together, alone = fitted(name, 3), fitted(name, 1)
    random = torch.Generator().manual_seed(0)
    for parameter in together._model.network.parameters():
        # Deviations of groups start at zero, and a user's module starts alike in all members.
        parameter.data += 0.1 * torch.randn(parameter.shape, generator=random)
    inputs = together._model.inputs.transform(read_inputs(X))
    if together._model.uses_groups:
        inputs["group"] = torch.arange(60) % 3
    with torch.no_grad():
        out = together._model.network.eval()(**inputs)
        assert len(out) == 3
        for m in range(3):
            for _, own, of_members in pairs(together, alone):
                own.copy_(of_members[m])
            torch.testing.assert_close(out[m : m + 1], alone._model.network.eval()(**inputs))


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_lone_net_is_an_ensemble_of_one_member(name):
    network = fitted(name, 1)._model.network
    inputs = fitted(name, 1)._model.inputs.transform(read_inputs(table()[0]))
    group = torch.arange(60) % 3 if network.n_groups else None
    assert network(group=group, **inputs).shape == (1, 60, 6)
