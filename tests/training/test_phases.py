"""Methods with two players: further optimizer steps on the same batch."""

import pytest
import torch
from torch import nn

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
from sklearn_3mtl.core.terms import Phase, Term
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.objective import LabelLosses, SingleLevelObjective, TaskBalance
from sklearn_3mtl.rows.batch import Batch
from sklearn_3mtl.sharing import HardSharing
from sklearn_3mtl.training import MultiTaskNet
from sklearn_3mtl.training.plan import TrainingPlan

LAYOUT = TaskLayout([Task("a", "regression"), Task("b", "regression")])
RANDOM = torch.Generator().manual_seed(0)
BATCH = Batch(
    {"numeric": torch.randn(12, 3, generator=RANDOM)},
    torch.randn(12, 2, generator=RANDOM),
    None,
    None,
)
OPTIMIZERS = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}


def network():
    seed, copies = Seed(1), Copies(["shared"])
    encoder = TabularEncoder(3, (), 2, copies, seed)
    fusion = ConcatFusion().build([3], copies, seed)

    def make(n_in, copies, seed):
        return MLP(n_in, (6,), "tanh", 0.0, copies, seed)

    backbone = HardSharing().build(Layers(make, 3, [0], False, ["shared"]), "ab", seed)
    heads = LinearHeads(6, {"a": 1, "b": 1}, seed)
    return ThreeMTLNetwork({"tabular": encoder}, fusion, backbone, heads, NetworkShape(2))


class Critic(Term):
    """Its weight on the features' mean is raised by phases, and lowered for the features."""

    def __init__(self, trained_with_network, phases=()):
        super().__init__()
        self.trained_with_network = trained_with_network
        self.weight = nn.Parameter(torch.linspace(-1, 1, 6))
        self.own_phases = phases
        self.seen = []

    def forward(self, step):
        return (step.features.mean((0, 1, 2)) * self.weight).sum()

    def phases(self):
        return [self.phase(name) for name in self.own_phases]

    def phase(self, name):
        parameters = {
            "own": lambda network: self.parameters(),
            "heads": lambda network: network.heads.parameters(),
            "backbone": lambda network: network.backbone.parameters(),
        }[name]

        def loss(step):
            self.seen.append({n: p.detach().clone() for n, p in step.network.named_parameters()})
            return self(step).square() + step.losses.sum()

        return Phase(loss, parameters)


def net_of(term, optimizer="sgd", lr=0.1):
    losses = LabelLosses(LAYOUT)
    module = network()
    objective = SingleLevelObjective(losses, TaskBalance(Equal()), module.shape, Seed(0), [term])
    plan = TrainingPlan(
        OPTIMIZERS[optimizer], lr, weight_decay=0.1, schedule=lambda progress: 1.0, max_epochs=10,
        batch_size=128, device=torch.device("cpu"),
    )  # fmt: skip
    return MultiTaskNet(
        module, objective, plan, valid_rows=None, generator=torch.Generator(), own_callbacks=[]
    ).initialize()


def values(module):
    return {name: p.detach().clone() for name, p in module.named_parameters()}


def changed(before, module):
    return {name for name, p in module.named_parameters() if not torch.equal(before[name], p)}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("with_network", [True, False])
def test_the_main_step_trains_a_terms_parameters_where_it_says_so(with_network, optimizer):
    term = Critic(with_network)
    net, before = net_of(term, optimizer), values(term)
    for _ in range(3):
        net.train_step(BATCH)
    assert bool(changed(before, term)) is with_network
    assert changed(values(network()), net.module_) == set(values(net.module_))


def test_features_learn_from_a_term_that_the_main_step_does_not_train():
    frozen, absent = net_of(Critic(False)), net_of(Term())
    for net in (frozen, absent):
        net.train_step(BATCH)
    assert changed(values(absent.module_), frozen.module_) == {
        name for name in values(frozen.module_) if name.startswith("backbone")
    }


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("phase", ["own", "heads", "backbone"])
def test_a_phase_trains_exactly_its_parameters(phase, optimizer):
    """Moments and weight decay of the others stand still too."""
    term = Critic(False, [phase])
    net = net_of(term, optimizer)
    for _ in range(3):
        net.train_step(BATCH)
    # A step whose main part moves nothing shows the phase alone.
    before, own = values(net.module_), values(term)
    net._phase_step(term.phase(phase), BATCH, 0.0)
    assert bool(changed(own, term)) is (phase == "own")
    expected = {name for name in before if name.startswith(phase)}
    assert changed(before, net.module_) == expected


def test_phases_come_after_the_main_step_in_their_order():
    term = Critic(False, ["heads", "own", "backbone"])
    net = net_of(term)
    start = values(net.module_)
    net.train_step(BATCH)
    first, second, third = term.seen
    main = net_of(Critic(False))
    main.train_step(BATCH)
    after_main = values(main.module_)
    for name, value in after_main.items():
        assert torch.equal(first[name], value), "the first sees what the main step made"
        assert not torch.equal(start[name], value)
    moved = {name for name in first if not torch.equal(first[name], second[name])}
    assert moved == {name for name in first if name.startswith("heads")}
    assert all(torch.equal(second[name], third[name]) for name in second)


def test_a_phase_is_the_step_by_hand():
    term = Critic(False, ["own"])
    net = net_of(term)
    start = values(term)["weight"]
    net.train_step(BATCH)
    with torch.no_grad():
        mean = net.module_.features(net.module_.encode(BATCH.inputs)).mean((0, 1, 2))
    gradient = 2 * (mean * start).sum() * mean
    torch.testing.assert_close(term.weight.detach(), start - 0.1 * gradient)
