"""The bi-level objective: queries judged after each task adapted to its support."""

import pytest
import torch

from sklearn_3mtl.balancing import Equal
from sklearn_3mtl.core.backbones import MLP
from sklearn_3mtl.core.encoders import TabularEncoder
from sklearn_3mtl.core.fusion import ConcatFusion
from sklearn_3mtl.core.heads import LinearHeads
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.meta import META
from sklearn_3mtl.objective import Alignment, BiLevelObjective, SingleLevelObjective
from sklearn_3mtl.rows.batch import Batch, Beside, Supports
from sklearn_3mtl.sharing import HardSharing
from sklearn_3mtl.transfer import MMD
from tests._chains import LAYOUT, TASKS, parameters, plain_loop, run, support_set

LR, STEPS = 0.05, 2
N_TASKS, N_SHOTS, N_QUERIES = 4, 5, 7


def network(n_members=1):
    copies = Copies(("shared",)).times(n_members)
    encoder = TabularEncoder(3, (4,), 2, copies, Seed(0).child("encoder"))

    def make(n_in, copies, seed):
        return MLP(n_in, (24, 8), "tanh", 0.0, copies, seed)

    backbone = HardSharing().build(make, encoder.n_out, copies, Seed(0).child("backbone"))
    widths = {task.name: task.n_outputs for task in TASKS}
    heads = LinearHeads(8, widths, Seed(0).child("head"), n_members)
    return ThreeMTLNetwork(
        {"tabular": encoder}, ConcatFusion(), backbone, heads, n_tasks=3, n_nets=1,
        n_groups=None, n_members=n_members,
    ).double()  # fmt: skip


def objective(
    net, name="maml", n_steps=STEPS, task_weight=None, exchangeable=False, alignment=None
):
    made = BiLevelObjective(
        LAYOUT, None, Equal(), task_weight, Seed(0), alignment, network=net,
        method=META[name](), inner_lr=LR, inner_steps=n_steps, exchangeable=exchangeable,
    )  # fmt: skip
    return made.double()


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
    encoded = net.encode(OWN).unflatten(-2, (N_TASKS, N_SHOTS))
    support = support_set(N_TASKS, N_SHOTS)
    object.__setattr__(support, "x", encoded)
    adapted = plain_loop(
        stages, [True] * len(stages), support, lambda key, step: LR, n_steps, second_order
    )
    x = net.encode(JUDGED).unflatten(-2, (N_TASKS, N_QUERIES))
    return torch.cat(
        [run(stages, weights, x[..., t, :, :]) for t, weights in enumerate(adapted)], dim=-2
    )


@pytest.mark.parametrize("n_members", [1, 2])
@pytest.mark.parametrize(("name", "second_order"), [("maml", True), ("fomaml", False)])
def test_loss_and_gradient_are_the_plain_loops(name, second_order, n_members):
    net = network(n_members)
    made = objective(net, name)
    outputs, total, terms, mass = made.on_batch(net, BATCH)
    slow = by_hand(net, second_order)
    torch.testing.assert_close(outputs, slow, rtol=1e-10, atol=1e-12)
    plain = SingleLevelObjective(LAYOUT, None, Equal(), None, Seed(0))
    wanted, wanted_terms, _ = plain(slow, BATCH.values, BATCH.weight, None)
    torch.testing.assert_close(total, wanted)
    torch.testing.assert_close(terms, wanted_terms)
    assert (mass > 0).all()
    difference = [a - b for a, b in zip(gradients(net, total), gradients(net, wanted), strict=True)]
    assert norm(difference) <= 1e-10 * norm(gradients(net, by_hand(net, second_order).sum()))


def test_reptile_goes_where_the_tasks_went():
    net = network()
    made = objective(net, "reptile")
    outputs, total, _, _ = made.on_batch(net, BATCH)
    plain = SingleLevelObjective(LAYOUT, None, Equal(), None, Seed(0))
    loss = plain(outputs, BATCH.values, BATCH.weight, None)[0]
    torch.testing.assert_close(total, loss, msg="the loss that is shown is the queries'")
    stages = net.stages()
    support = support_set(N_TASKS, N_SHOTS)
    object.__setattr__(support, "x", net.encode(OWN).unflatten(0, (4, 5)))
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
    plain = SingleLevelObjective(LAYOUT, None, Equal(), None, Seed(0))
    for mine, other in zip(
        objective(net, name).on_batch(net, batch), plain.on_batch(net, batch), strict=True
    ):
        assert torch.equal(mine, other)


def test_no_inner_step_is_the_prior():
    net = network()
    torch.testing.assert_close(objective(net, n_steps=0).outputs(net, BATCH), net(**JUDGED))


@pytest.mark.parametrize(("name", "learns"), [("meta_sgd", 6), ("ridge", 3), ("maml", 0)])
def test_what_a_method_learns_is_the_objectives(name, learns):
    net = network()
    # The share of inputs matters where classes are drawn anew.
    made = objective(net, name, exchangeable=name == "ridge")
    assert len(list(made.parameters())) == learns
    assert len(made.state_dict()) == learns
    total = made.on_batch(net, BATCH)[1]
    assert all(norm([g]) > 0 for g in gradients(made, total)) if learns else True


@pytest.mark.parametrize("n_members", [1, 2])
def test_the_features_of_queries_and_of_rows_beside_them_are_made_alike(n_members):
    net = network(n_members)
    others = {name: value[:9].flip(0) for name, value in JUDGED.items()}
    domain = torch.arange(N_TASKS * N_QUERIES) % 2
    batch = BATCH._replace(domain=domain, beside=Beside(others, torch.full((9,), 1)))
    made = objective(net, alignment=Alignment(MMD(), None, weight=0.3, n_domains=2))
    outputs, total, terms, _ = made.on_batch(net, batch)
    plain_outputs, plain_total, plain_terms, _ = objective(net).on_batch(net, BATCH)
    torch.testing.assert_close(outputs, plain_outputs)
    torch.testing.assert_close(terms, plain_terms)
    together = {name: torch.cat([value, others[name]]) for name, value in JUDGED.items()}
    z = net.features(net.encode(together))
    loss = MMD().loss(z, torch.cat([domain, batch.beside.domain]), 0.0, None)
    torch.testing.assert_close(total, plain_total + 0.3 * loss)
    assert loss > 0


def test_rate_and_steps_of_the_moment():
    net = network()
    made = objective(net)
    once = made.adapt(net, OWN, BATCH.support, lr=0.2, n_steps=1)
    x = net.encode(JUDGED).unflatten(0, (N_TASKS, N_QUERIES))
    other = objective(net, n_steps=1)
    other.inner_lr = 0.2
    assert torch.equal(once(x).flatten(0, 1), other.outputs(net, BATCH))


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
    _, total, _, _ = made.on_batch(net, BATCH)
    parts = []
    for member in range(2):
        alone = network()
        for own, stacked in zip(alone.parameters(), net.parameters(), strict=True):
            own.data = stacked.detach()[member].clone()
        parts.append(objective(alone).on_batch(alone, BATCH)[1])
    torch.testing.assert_close(total, sum(parts))
