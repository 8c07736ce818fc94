"""The bi-level objective: queries judged after each task adapted to its support."""

import pytest
import torch

from sklearn_3mtl.balancing import Equal
from sklearn_3mtl.core.backbones import MLP
from sklearn_3mtl.core.encoders import TabularEncoder
from sklearn_3mtl.core.fusion import ConcatFusion
from sklearn_3mtl.core.heads import LinearHeads
from sklearn_3mtl.core.layers import Layers
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.shape import NetworkShape
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.meta import META
from sklearn_3mtl.objective import (
    BiLevelObjective,
    DomainTerm,
    InnerLoop,
    LabelLosses,
    SingleLevelObjective,
    TaskBalance,
    adapted_outputs,
)
from sklearn_3mtl.rows.batch import Batch, Supports, UnlabelledRows
from sklearn_3mtl.sharing import HardSharing
from sklearn_3mtl.transfer import MMD
from tests._chains import LAYOUT, TASKS, parameters, plain_loop, run, support_set

LR, STEPS = 0.05, 2
N_TASKS, N_SHOTS, N_QUERIES = 4, 5, 7


def network(n_members=1):
    members = range(n_members)
    copies = Copies(("shared",)).times(members)
    encoder = TabularEncoder(3, (4,), 2, copies, Seed(0).child("encoder"))

    def make(n_in, copies, seed):
        return MLP(n_in, (24, 8), "tanh", 0.0, copies, seed)

    layers = Layers(make, encoder.n_out, members, False, ["shared"])
    backbone = HardSharing().build(layers, "abc", Seed(0).child("backbone"))
    widths = {task.name: task.n_outputs for task in TASKS}
    heads = LinearHeads(8, widths, Seed(0).child("head"), members)
    fusion = ConcatFusion().build([encoder.n_out], copies, Seed(0))
    shape = NetworkShape(n_tasks=3, n_members=n_members)
    return ThreeMTLNetwork({"tabular": encoder}, fusion, backbone, heads, shape).double()


LOSSES = LabelLosses(LAYOUT)


def objective(
    net, name="maml", n_steps=STEPS, task_weight=None, draws_classes=False, terms=(), lr=LR
):
    inner = InnerLoop(META[name](), lr, n_steps, draws_classes)
    balance = TaskBalance(Equal(), task_weight)
    return BiLevelObjective(LOSSES, balance, net, Seed(0), terms, inner).double()


def plain_objective(net):
    return SingleLevelObjective(LOSSES, TaskBalance(Equal()), net.shape, Seed(0))


def on_batch(made, net, batch):
    """A step, and the number that it minimises."""
    step = made.step(net, batch, 0.0)
    return step, made.total(step)


def total_of(net, outputs):
    """The plain objective's number for outputs that are given."""
    made = plain_objective(net)
    losses = made.mean_losses(outputs, BATCH)
    return losses.losses.sum(), losses.losses


def inputs(x, seed):
    codes = torch.randint(
        4, (x.shape[:-1].numel(), 1), generator=torch.Generator().manual_seed(seed)
    )
    return {"numeric": x.flatten(0, -2), "categorical": codes}


SUPPORT, QUERY = support_set(N_TASKS, N_SHOTS), support_set(N_TASKS, N_QUERIES, seed=1)
OWN, JUDGED = inputs(SUPPORT.x, 0), inputs(QUERY.x, 1)
BATCH = Batch(
    {name: torch.cat([own, JUDGED[name]]) for name, own in OWN.items()},
    QUERY.values.flatten(0, 1),
    QUERY.weight.flatten(0, 1),
    None,
    Supports(SUPPORT.values, SUPPORT.weight),
)


def gradients(module, total):
    ps = list(module.parameters())
    return torch.autograd.grad(total, ps, allow_unused=True, materialize_grads=True)


def norm(tensors):
    return torch.cat([t.flatten() for t in tensors]).norm()


def by_hand(net, second_order, n_steps=STEPS):
    """Outputs for the queries from the loop over tasks; the encoder is common."""
    stages = net.stages()
    encoded = net.encode(OWN).squeeze(0).unflatten(-2, (N_TASKS, N_SHOTS))
    support = support_set(N_TASKS, N_SHOTS)
    object.__setattr__(support, "x", encoded)
    adapted = plain_loop(
        stages, [True] * len(stages), support, lambda key, step: LR, n_steps, second_order
    )
    x = net.encode(JUDGED).squeeze(0).unflatten(-2, (N_TASKS, N_QUERIES))
    found = torch.cat(
        [run(stages, weights, x[..., t, :, :]) for t, weights in enumerate(adapted)], dim=-2
    )
    return found.reshape(net.n_members, N_TASKS * N_QUERIES, -1)


@pytest.mark.parametrize("n_members", [1, 2])
@pytest.mark.parametrize(("name", "second_order"), [("maml", True), ("fomaml", False)])
def test_loss_and_gradient_are_the_plain_loops(name, second_order, n_members):
    net = network(n_members)
    made = objective(net, name)
    step, total = on_batch(made, net, BATCH)
    slow = by_hand(net, second_order)
    torch.testing.assert_close(step.outputs, slow, rtol=1e-10, atol=1e-12)
    wanted, losses = total_of(net, slow)
    torch.testing.assert_close(total, wanted)
    torch.testing.assert_close(step.unit_losses, losses)
    assert step.unit_mass.shape == (n_members, 3)
    assert (step.unit_mass > 0).all()
    difference = [a - b for a, b in zip(gradients(net, total), gradients(net, wanted), strict=True)]
    assert norm(difference) <= 1e-10 * norm(gradients(net, by_hand(net, second_order).sum()))


def test_reptile_goes_where_the_tasks_went():
    net = network()
    made = objective(net, "reptile")
    step, total = on_batch(made, net, BATCH)
    loss = total_of(net, step.outputs)[0]
    torch.testing.assert_close(total, loss, msg="the loss that is shown is the queries'")
    stages = net.stages()
    support = support_set(N_TASKS, N_SHOTS)
    object.__setattr__(support, "x", net.encode(OWN)[0].unflatten(0, (4, 5)))
    slow = plain_loop(stages, [True] * len(stages), support, lambda key, step: LR, STEPS, False)
    found = torch.autograd.grad(total, list(parameters(stages).values()), retain_graph=True)
    for gradient, (key, start) in zip(found, parameters(stages).items(), strict=True):
        mean = torch.stack([weights[key] for weights in slow]).mean(0)
        torch.testing.assert_close(gradient, start - mean, rtol=1e-9, atol=1e-12)
    encoders = gradients(net.encoders, total)
    assert norm(encoders) > 0, "the queries teach the encoder"


@pytest.mark.parametrize("name", ["maml", "meta_sgd", "ridge"])
def test_without_support_it_is_the_single_level_objective(name):
    net = network()
    batch = BATCH._replace(inputs=JUDGED, support=None)
    mine, total = on_batch(objective(net, name), net, batch)
    other, wanted = on_batch(plain_objective(net), net, batch)
    assert torch.equal(total, wanted)
    assert torch.equal(mine.outputs, other.outputs)
    assert torch.equal(mine.unit_losses, other.unit_losses)
    assert torch.equal(mine.unit_mass, other.unit_mass)


def test_no_inner_step_is_the_prior():
    net = network()
    torch.testing.assert_close(objective(net, n_steps=0).outputs(net, BATCH), net(**JUDGED))


@pytest.mark.parametrize(("name", "learns"), [("meta_sgd", 6), ("ridge", 3), ("maml", 0)])
def test_what_a_method_learns_is_the_objectives(name, learns):
    net = network()
    # The share of inputs matters where classes are drawn anew.
    made = objective(net, name, draws_classes=name == "ridge")
    assert len(list(made.parameters())) == learns
    assert len(made.state_dict()) == learns
    total = on_batch(made, net, BATCH)[1]
    assert all(norm([g]) > 0 for g in gradients(made, total)) if learns else True


@pytest.mark.parametrize("n_members", [1, 2])
def test_the_features_of_queries_and_of_unlabelled_rows_are_made_alike(n_members):
    net = network(n_members)
    others = {name: value[:9].flip(0) for name, value in JUDGED.items()}
    domain = torch.arange(N_TASKS * N_QUERIES) % 2
    batch = BATCH._replace(domain=domain, unlabelled=UnlabelledRows(others, torch.full((9,), 1)))
    made = objective(net, terms=[DomainTerm(MMD(), None, weight=0.3, n_domains=2)])
    step, total = on_batch(made, net, batch)
    plain, plain_total = on_batch(objective(net), net, BATCH)
    torch.testing.assert_close(step.outputs, plain.outputs)
    torch.testing.assert_close(step.unit_losses, plain.unit_losses)
    together = {name: torch.cat([value, others[name]]) for name, value in JUDGED.items()}
    z = net.features(net.encode(together)).squeeze(1)
    loss = MMD().loss(z, torch.cat([domain, batch.unlabelled.domain]), 0.0, None)
    torch.testing.assert_close(total, plain_total + 0.3 * loss)
    assert loss > 0


def test_rate_and_steps_of_the_moment():
    net = network()
    made = objective(net)
    once = made.adapt(net, net.encode(OWN), BATCH.support, lr=0.2, n_steps=1)
    found = adapted_outputs(net, once, net.encode(JUDGED), N_TASKS)
    other = objective(net, n_steps=1, lr=0.2)
    assert torch.equal(found, other.outputs(net, BATCH))


def test_a_column_without_weight_moves_no_inner_step():
    net = network()
    made = objective(net, task_weight=[0.0, 1.0, 2.0])
    outputs = made.outputs(net, BATCH)
    changed = BATCH.support.values.clone()
    changed[..., 0] += 5.0
    support = BATCH.support._replace(values=changed)
    assert torch.equal(made.outputs(net, BATCH._replace(support=support)), outputs)


def test_the_loss_of_members_is_summed_as_if_each_were_alone():
    net = network(2)
    made = objective(net)
    _, total = on_batch(made, net, BATCH)
    parts = []
    for member in range(2):
        alone = network()
        for own, stacked in zip(alone.parameters(), net.parameters(), strict=True):
            own.data = stacked.detach()[member].clone()
        parts.append(on_batch(objective(alone), alone, BATCH)[1])
    torch.testing.assert_close(total, sum(parts))


def test_a_rule_that_compares_gradients_is_refused():
    class Compares(Equal):
        needs = "gramian"

    net = network()
    inner = InnerLoop(META["maml"](), LR, STEPS)
    made = BiLevelObjective(LOSSES, TaskBalance(Compares()), net, Seed(0), (), inner)
    with pytest.raises(ValueError, match=r"balancing=Compares\(\) compares .* meta=None"):
        made.refuse_episodes(net)
