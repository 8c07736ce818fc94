"""Members of an ensemble that are trained together are the members trained alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sklearn_3mtl.balancing import BALANCING, Manual
from sklearn_3mtl.core.backbones import BACKBONES
from sklearn_3mtl.core.fusion import ConcatFusion
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.fitting.network import build_network
from sklearn_3mtl.fitting.plan import NetworkPlan
from sklearn_3mtl.objective import LabelLosses, SingleLevelObjective, TaskBalance
from sklearn_3mtl.rows.folds import MemberFolds
from sklearn_3mtl.rows.loader import RowDataset
from sklearn_3mtl.sharing import SHARING
from sklearn_3mtl.training import MultiTaskNet
from sklearn_3mtl.training.plan import TrainingPlan
from tests._pinned import tiny
from tests._reductions import complete_table

N_MEMBERS, N_EPOCHS, SEED = 4, 3, Seed(11)
OPTIMIZERS = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}
GROUPS = np.array(["p", "q", "r"], dtype=object)


def rules():
    """Every rule, the given weights not all 1."""
    return {name: Manual({"sort": 2.5, "number": 0.3}) if name == "manual" else rule()
            for name, rule in BALANCING.items()}  # fmt: skip


@pytest.fixture(scope="module")
def fitted():
    """What reads the inputs, and the rows, some of whose labels are missing."""
    X, Y = complete_table(60)
    model = tiny(max_epochs=1).fit(X, Y)._model
    inputs = {name: value.double() if value.is_floating_point() else value
              for name, value in model.inputs.transform(read_inputs(X)).items()}  # fmt: skip
    draw = torch.Generator().manual_seed(3)
    layout = model.codec.layout
    inputs["prior"] = torch.randn(60, layout.n_outputs, generator=draw, dtype=torch.float64)
    values = torch.zeros(60, len(layout), dtype=torch.float64)
    for k, task in enumerate(layout.tasks):
        n_classes = 0 if task.classes is None else len(task.classes)
        values[:, k] = (
            torch.randint(n_classes, (60,), generator=draw).double()
            if n_classes
            else torch.randn(60, generator=draw, dtype=torch.float64)
        )
    weight = 0.5 + torch.rand(values.shape, generator=draw, dtype=torch.float64)
    weight = weight * (torch.rand(values.shape, generator=draw) < 0.7)
    # Some members have no label of this column in some batches.
    weight[6:, 1] = 0.0
    fold = torch.arange(60) % (N_MEMBERS + 1) - 1
    return (
        model.inputs,
        layout,
        RowDataset(inputs, values, weight, folds=MemberFolds.of(fold, (0,) * N_MEMBERS)),
    )


def built(fitted, sharing, rule, members, long, heads, prior=False):
    """The network and the objective of some members."""
    inputs, layout, _ = fitted
    plan = NetworkPlan(
        modalities=None, numeric_embedding=None, backbone=BACKBONES["mlp"], widths=(8, 6),
        activation="tanh", dropout=0.2, members=members, sharing=sharing, heads=heads,
        fusion=ConcatFusion(), has_prior=prior,
    )  # fmt: skip
    network = build_network(plan, inputs, layout, GROUPS if long else None, SEED).double()
    objective = SingleLevelObjective(
        LabelLosses(layout), TaskBalance(rule, [1.0, 0.5, 2.0, 1.0]),
        network.shape, SEED, has_own_nets=network.backbone.has_own_nets,
    ).double()  # fmt: skip
    return network, objective


def batches(fitted, long, members):
    """The same batches for all; each member has the label weights of its own folds."""
    rows = fitted[2]
    if long:
        group = torch.randint(3, (60,), generator=torch.Generator().manual_seed(5))
        rows = replace(rows, group=group)
    for batch in rows.batches(20, torch.Generator().manual_seed(6)):
        yield batch._replace(weight=batch.weight[list(members)])


def trained(fitted, sharing, rule, members, optimizer, long=False, heads=None, prior=False):
    network, objective = built(fitted, sharing, rule, members, long, heads or {}, prior)
    plan = TrainingPlan(
        OPTIMIZERS[optimizer], lr=0.05, weight_decay=0.1, schedule=lambda progress: 1.0,
        max_epochs=N_EPOCHS, batch_size=20, device=torch.device("cpu"),
    )  # fmt: skip
    net = MultiTaskNet(
        network, objective, plan, valid_rows=None, generator=torch.Generator(), own_callbacks=[]
    ).initialize()
    network.train(), objective.train()
    for epoch in range(N_EPOCHS):
        for number, batch in enumerate(batches(fitted, long, members)):
            net.train_step(batch, progress=(epoch + number / 3) / N_EPOCHS)
    return network.eval(), objective


def assert_members_equal(fitted, sharing, rule, optimizer, **more):
    """Parameters and outputs of four members, and of each by itself."""
    members = range(N_MEMBERS)
    together, rule_of_all = trained(fitted, sharing, rule, members, optimizer, **more)
    [batch, *_] = batches(fitted, more.get("long", False), members)
    outputs = together(**batch.inputs)
    shape = more.get("long", False), more.get("heads", {}), more.get("prior", False)
    start, _ = built(fitted, sharing, rule, members, *shape)
    moved = [not torch.equal(a, b) for a, b in zip(
        start.parameters(), together.parameters(), strict=True)]  # fmt: skip
    assert all(moved)
    for member in members:
        alone, own_rule = trained(fitted, sharing, rule, [member], optimizer, **more)
        torch.testing.assert_close(
            outputs[member : member + 1], alone(**batch.inputs), rtol=1e-9, atol=1e-9
        )
        for (name, stacked), own in zip(
            together.named_parameters(), alone.parameters(), strict=True
        ):
            torch.testing.assert_close(
                of_member(stacked, own.shape, member, name), own, rtol=1e-9, atol=1e-9, msg=name
            )
        for stacked, own in zip(rule_of_all.parameters(), own_rule.parameters(), strict=True):
            mine = stacked[member : member + 1]
            torch.testing.assert_close(mine, own, rtol=1e-9, atol=1e-9)


def of_member(stacked, shape, member, name):
    """A member's own part of a parameter of all."""
    if name.endswith("deviation"):
        return stacked.unflatten(1, (N_MEMBERS, -1))[:, member]
    return stacked.reshape(N_MEMBERS, *shape)[member]


@pytest.mark.parametrize("long", [False, True], ids=["wide", "long"])
@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("rule", sorted(BALANCING))
def test_under_every_rule(fitted, rule, optimizer, long):
    assert_members_equal(fitted, SHARING["hard"](), rules()[rule], optimizer, long=long)


@pytest.mark.parametrize("long", [False, True], ids=["wide", "long"])
@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("sharing", sorted(SHARING))
def test_under_every_sharing_method(fitted, sharing, optimizer, long):
    rule = BALANCING["uncertainty"]()
    assert_members_equal(fitted, SHARING[sharing](), rule, optimizer, long=long)


@pytest.mark.parametrize("sharing", sorted(SHARING))
def test_with_heads_of_several_shapes(fitted, sharing):
    heads = {"number": (5,), "answer": torch.nn.Linear(6, 1)}
    assert_members_equal(fitted, SHARING[sharing](), BALANCING["equal"](), "sgd", heads=heads)


@pytest.mark.parametrize("long", [False, True], ids=["wide", "long"])
@pytest.mark.parametrize("sharing", sorted(SHARING))
def test_with_a_prior(fitted, sharing, long):
    rule = BALANCING["uncertainty"]()
    assert_members_equal(fitted, SHARING[sharing](), rule, "adamw", long=long, prior=True)
