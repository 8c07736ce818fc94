"""The network: encoders, fusion, backbone, heads."""

import pytest
import torch
from torch import nn

from sklearn_3mtl.core.adapted import AdaptedOutputs
from sklearn_3mtl.core.backbones import MLP
from sklearn_3mtl.core.encoders import EMBEDDING_WIDTH, TabularEncoder
from sklearn_3mtl.core.fusion import ConcatFusion
from sklearn_3mtl.core.heads import StackedHeads
from sklearn_3mtl.core.layers import Layers, SharedLayers
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.shape import NetworkShape
from sklearn_3mtl.core.stacked import Copies, for_each_member
from sklearn_3mtl.sharing import HardSharing, NoSharing, Sharing

SEED = Seed(4)
INPUTS = {
    "numeric": torch.randn(9, 3, generator=torch.Generator().manual_seed(0)),
    "categorical": torch.tensor([[0, 3], [1, 2], [2, 4]] * 3),
}
GROUP = torch.tensor([0, 1, 1] * 3)


def build(sharing, tasks, groups=None, members=(0,)):
    """A network for tasks with two outputs each."""
    names = tasks if groups is None else [f"{g}/{t}" for g in groups for t in tasks]
    owners = Copies(sharing.encoders(names))
    copies = owners.times(members)
    encoder = TabularEncoder(3, (4, 5), 2, copies, SEED.child("encoder"))
    fusion = ConcatFusion().build([encoder.n_out], copies, SEED.child("fusion"))

    def make_backbone(n_in, copies, seed):
        return MLP(n_in, (8,), "relu", 0.0, copies, seed)

    layers = Layers(make_backbone, fusion.n_out, members, False, owners.names)
    backbone = sharing.build(layers, names, SEED.child("backbone"))
    n_views = backbone.n_views // (1 if groups is None else len(groups))
    views = backbone.view_of_task[: len(tasks)]
    copies = Copies(names).times(members)
    heads = StackedHeads(8, (2,), views, n_views, copies, SEED.child("head"))
    shape = NetworkShape(
        n_tasks=len(tasks), n_groups=None if groups is None else len(groups),
        n_members=len(members), net_per_group=groups is not None,
    )  # fmt: skip
    return ThreeMTLNetwork({"tabular": encoder}, fusion, backbone, heads, shape)


def lone_net(net, member, sharing, tasks, groups=None):
    """A net of its own with a member's weights."""
    alone = build(sharing, tasks, groups)
    for stacked, own in zip(net.parameters(), alone.parameters(), strict=True):
        own.data = stacked.detach().reshape(net.n_members, *own.shape)[member].clone()
    return alone


def test_forward_is_heads_of_backbone_of_encoder():
    net = build(HardSharing(), "ab")
    x = net.encoders["tabular"](INPUTS).unsqueeze(0)
    assert torch.equal(net.encode(INPUTS), x)
    z = net.backbone(x)
    assert z.shape == (1, 1, 9, 8)
    torch.testing.assert_close(net.features(x), z)
    torch.testing.assert_close(net(**INPUTS), net.heads(z[0, 0]).unsqueeze(0))
    assert net(**INPUTS).shape == (1, 9, 4)
    torch.testing.assert_close(net.transform(**INPUTS), z[0, 0])


@pytest.mark.parametrize("n_members", [1, 3])
@pytest.mark.parametrize("sharing", [HardSharing(), NoSharing()], ids=["hard", "none"])
def test_a_correction_reads_the_features_of_all_nets_and_the_encoded_inputs(sharing, n_members):
    net = build(sharing, "ab", members=range(n_members))
    x = net.encode(INPUTS)
    z = net.features(x)
    assert z.shape == (n_members, net.n_views, 9, 8)
    frozen = net.frozen_features(z, x)
    assert net.blocks == [8 * net.n_views, 3, 2 * EMBEDDING_WIDTH]
    assert frozen.shape == (n_members, 9, sum(net.blocks))
    assert net.views == [[1, 0, 0], [0, 3, 2], [0, 3, 2]]
    for member in range(n_members):
        own = x[member * net.n_nets]
        assert torch.equal(frozen[member], torch.cat([*z[member], own], dim=-1))


def test_groups_that_were_adapted_to_are_unknown_to_the_heads():
    net = build(HardSharing(), "a")
    seen = []
    net.heads.register_forward_pre_hook(lambda module, args: seen.append(args[1]))
    before = net(group=GROUP, **INPUTS)
    net.adaptations.append(AdaptedOutputs(2, [0, 1], 1, []))
    net.adaptations.append(AdaptedOutputs(2, [-1, 0, 1], 2, []))
    after = net(group=GROUP, **INPUTS)
    assert torch.equal(seen[0], GROUP)
    assert torch.equal(seen[1], torch.where(GROUP < 1, GROUP, -1))
    assert torch.equal(after, torch.cat([torch.zeros(1, 9, 1), before], dim=2))


def test_encoder_puts_embeddings_beside_the_numbers():
    encoder = TabularEncoder(3, (4, 5), 2, Copies("a"), SEED)
    x = encoder(INPUTS)
    assert x.shape == (9, 3 + 2 * EMBEDDING_WIDTH) == (9, encoder.n_out)
    assert torch.equal(x[:, :3], INPUTS["numeric"])
    assert (x[0, 3 : 3 + EMBEDDING_WIDTH] == 0).all(), "code 0 says nothing before training"


def test_encoder_without_categories_passes_the_numbers():
    encoder = TabularEncoder(3, (), 2, Copies("abc"), SEED)
    assert encoder({"numeric": INPUTS["numeric"]}) is INPUTS["numeric"]


def test_fusion_concatenates_and_leaves_one_modality_alone():
    a, b = torch.ones(1, 2, 3), torch.zeros(1, 2, 1)
    fuse = ConcatFusion().build([3, 1], Copies("a"), SEED)
    assert fuse.n_out == 4
    assert torch.equal(fuse([a, b], None), torch.cat([a, b], 2))
    assert fuse([a], None) is a


def test_independent_nets_equal_nets_alone():
    net = build(NoSharing(), "abc")
    out, z = net(**INPUTS), net.transform(**INPUTS)
    assert z.shape == (9, 24)
    assert out.shape == (1, 9, 6)
    for k, name in enumerate("abc"):
        alone = build(NoSharing(), name)
        torch.testing.assert_close(out[..., 2 * k : 2 * k + 2], alone(**INPUTS))
        torch.testing.assert_close(z[:, 8 * k : 8 * k + 8], alone.transform(**INPUTS))


def test_hard_sharing_of_one_task_is_that_tasks_own_net():
    hard, none = build(HardSharing(), "b"), build(NoSharing(), "b")
    for (name, mine), theirs in zip(
        hard.named_parameters(), none.state_dict().values(), strict=True
    ):
        assert torch.equal(mine, theirs), name


def test_a_net_per_group_and_task_equals_the_loop_over_groups():
    net = build(NoSharing(), "ab", groups="pq")
    assert net.n_nets == net.n_views == 4
    out, z = net(group=GROUP, **INPUTS), net.transform(group=GROUP, **INPUTS)
    for g, name in enumerate("pq"):
        rows = {key: value[g == GROUP] for key, value in INPUTS.items()}
        for t, task in enumerate("ab"):
            alone = build(NoSharing(), [f"{name}/{task}"])
            torch.testing.assert_close(out[:, g == GROUP, 2 * t : 2 * t + 2], alone(**rows))
            torch.testing.assert_close(z[g == GROUP, 8 * t : 8 * t + 8], alone.transform(**rows))


@pytest.mark.parametrize("groups", [None, "pq"])
def test_owners_name_the_one_net_that_each_entry_feeds(groups):
    net = build(NoSharing(), "ab", groups)
    owners = net.owners()
    assert set(owners) == {name for name, _ in net.named_parameters()}
    group = None if groups is None else GROUP
    # The output of column 1 in group 0 feeds on net 1 alone.
    rows = GROUP == 0 if groups else slice(None)
    net(group=group, **INPUTS)[0, rows][:, 2:].sum().backward()
    for name, parameter in net.named_parameters():
        fed = parameter.grad != 0
        assert owners[name].expand_as(parameter)[fed].unique().tolist() == [1], name


def test_shared_nets_have_no_owners():
    assert build(HardSharing(), "ab").owners() == {}


LAYOUTS = {
    "hard": (HardSharing(), "ab", None),
    "none": (NoSharing(), "ab", None),
    "none, one task": (NoSharing(), "a", None),
    "none, groups": (NoSharing(), "ab", "pq"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_members_equal_separate_nets(name):
    layout = LAYOUTS[name]
    inputs = INPUTS if layout[2] is None else {"group": GROUP, **INPUTS}
    net = build(*layout, members=range(3))
    out, z = net(**inputs), net.transform(**inputs)
    assert out.shape == (3, 9, 2 * len(layout[1]))
    width = z.shape[1] // 3
    for m in range(3):
        alone = lone_net(net, m, *layout)
        torch.testing.assert_close(out[m : m + 1], alone(**inputs))
        torch.testing.assert_close(z[:, m * width : (m + 1) * width], alone.transform(**inputs))


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_first_member_starts_as_a_lone_net_and_the_others_elsewhere(name):
    layout = LAYOUTS[name]
    net = build(*layout, members=range(2))
    pairs = list(zip(net.parameters(), build(*layout).parameters(), strict=True))
    for stacked, alone in pairs:
        first, second = stacked.reshape(2, *alone.shape)
        assert torch.equal(first, alone)
        assert not torch.equal(first, second)


def test_owners_of_members_are_the_nets_of_their_tasks():
    net = build(NoSharing(), "ab", members=range(2))
    assert set(net.owners()) == {name for name, _ in net.named_parameters()}
    assert all(owners.flatten().tolist() == [0, 1, 0, 1] for owners in net.owners().values())


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_member_is_the_same_whichever_others_there_are(name):
    layout = LAYOUTS[name]
    inputs = INPUTS if layout[2] is None else {"group": GROUP, **INPUTS}
    together = build(*layout, members=range(4))
    for m in range(4):
        alone = build(*layout, members=[m])
        for stacked, own in zip(together.parameters(), alone.parameters(), strict=True):
            assert torch.equal(stacked.reshape(4, *own.shape)[m], own)
        torch.testing.assert_close(together(**inputs)[m : m + 1], alone(**inputs))


def test_hard_sharing_has_one_view_and_independent_nets_one_each():
    hard, none = build(HardSharing(), "ab"), build(NoSharing(), "ab")
    assert (hard.n_views, hard.n_nets) == (1, 1)
    assert (none.n_views, none.n_nets) == (2, 2)
    assert hard.backbone.view_of_task == [0, 0]
    assert none.backbone.view_of_task == [0, 1]


class Gated(Sharing):
    """A backbone for each task, which all tasks' heads read: views that are no nets of their own.

    Its layers give features of the shape that `shaped` makes of the right one.
    """

    def __init__(self, shaped=lambda z: z):
        self.shaped = shaped

    def build(self, layers, tasks, seed):
        return GatedLayers(layers.backbone(tasks, seed), layers.n_members, len(tasks), self.shaped)


class GatedLayers(SharedLayers):
    def __init__(self, net, n_members, n_tasks, shaped):
        super().__init__()
        self.net, self.n_members, self.shaped = net, n_members, shaped
        self.n_out, self.view_of_task = net.n_out, list(range(n_tasks))

    def forward(self, x):
        n_views = len(self.view_of_task)
        own = self.net(for_each_member(x, n_views)).unflatten(0, (self.n_members, n_views))
        return self.shaped(own + own.mean(1, keepdim=True))


@pytest.mark.parametrize("name", ["hard", "gated"])
def test_views_that_share_layers_are_one_net(name):
    net = build({"hard": HardSharing(), "gated": Gated()}[name], "ab", members=range(2))
    assert net.n_nets == 1
    assert net.owners() == {}
    assert net(**INPUTS).shape == (2, 9, 4)
    assert net.transform(**INPUTS).shape == (9, 2 * net.n_views * 8)


@pytest.mark.parametrize(
    ("shaped", "n_members", "found"),
    [
        (lambda z: z[0], 1, r"\(2, 9, 8\)"),
        (lambda z: z.flatten(0, 1), 2, r"\(4, 9, 8\)"),
        (lambda z: z[:, :1], 2, r"\(2, 1, 9, 8\)"),
        (lambda z: z.transpose(0, 1), 1, r"\(2, 1, 9, 8\)"),
        (lambda z: z[:1], 2, r"\(1, 2, 9, 8\)"),
    ],
    ids=["tasks", "flat", "one view", "views first", "one member"],
)
def test_features_of_another_shape_are_refused(shaped, n_members, found):
    net = build(Gated(shaped), "ab", members=range(n_members))
    wanted = rf"shape \(n_members={n_members}, n_views=2, B, n_out\)\. Found {found}"
    with pytest.raises(ValueError, match="GatedLayers should map fused features .*" + wanted):
        net(**INPUTS)


def test_a_backbone_of_the_users_is_asked_for_its_width():
    class Wide(nn.Module):
        n_out = 6

        def forward(self, x):
            return x[..., :6]

    layers = Layers(lambda n_in, copies, seed: Wide(), 10, [0], False, ["shared"])
    assert HardSharing().build(layers, "ab", SEED).n_out == 6
