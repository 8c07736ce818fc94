"""The network, built from its plan and the inputs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import cast

import numpy as np
from torch import nn

from sklearn_3mtl.core.heads import GroupHeads, Heads, LinearHeads, ModuleHead, StackedHeads
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.core.user_module import UserModule
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.fitting.encoders import build_encoders
from sklearn_3mtl.fitting.plan import NetworkPlan
from sklearn_3mtl.inputs.modalities import ModalInputs
from sklearn_3mtl.settings.types import HeadSpec
from sklearn_3mtl.settings.values import check_widths
from sklearn_3mtl.sharing import BackboneFactory

__all__ = ["build_network"]


def backbone_factory(plan: NetworkPlan) -> tuple[BackboneFactory, bool]:
    """A function that makes the backbone, and whether it holds all members itself."""
    backbone = plan.backbone
    if isinstance(backbone, nn.Module):
        return lambda n_in, copies, seed: UserModule(backbone, n_in, copies), False
    make: Callable[..., nn.Module] = backbone
    more = {"n_members": plan.n_members} if backbone.shares_members else {}
    shape = plan.widths, plan.activation, plan.dropout
    return (
        lambda n_in, copies, seed: make(n_in, *shape, copies, seed, **more),
        backbone.shares_members,
    )


def build_network(
    plan: NetworkPlan,
    inputs: ModalInputs,
    layout: TaskLayout,
    groups: np.ndarray | None,
    seed: Seed,
) -> ThreeMTLNetwork:
    """Build encoders, fusion, backbone and heads.

    Parameters
    ----------
    plan : NetworkPlan
        What the network consists of.
    inputs : ModalInputs
        What the encoders read.
    layout : TaskLayout
        The tasks.
    groups : ndarray or None
        The groups that have layers of their own. None where the tasks are the columns.
    seed : Seed
        Seeds all parts by name.
    """
    n_members = plan.n_members
    make_backbone, shares_members = backbone_factory(plan)
    names = [f"{task.name!r}" for task in layout.tasks]
    per_task = names if groups is None else [f"{g!r}/{n}" for g in groups.tolist() for n in names]
    nets = plan.sharing.copies(per_task)
    copies = nets if shares_members else nets.times(n_members)
    encoders = build_encoders(plan, inputs, copies, seed)
    if not encoders:
        raise ValueError("X has no column to learn from besides the task column.")
    n_in = sum(cast(int, encoder.n_out) for encoder in encoders.values())
    backbone = plan.sharing.build(make_backbone, n_in, copies, seed.child("backbone"))
    net_per_task = len(nets) == len(per_task) and not backbone.has_cut
    return ThreeMTLNetwork(
        encoders,
        plan.fusion(),
        backbone,
        _build_heads(
            backbone.n_out,
            layout,
            per_task,
            groups,
            net_per_task,
            plan.heads,
            n_members,
            seed.child("head"),
        ),
        n_tasks=len(layout),
        n_nets=len(nets),
        n_members=n_members,
        independent=not shares_members,
        n_groups=None if groups is None else len(groups),
    )


def _build_heads(
    n_in: int,
    layout: TaskLayout,
    per_task: Sequence[str],
    groups: np.ndarray | None,
    net_per_task: bool,
    specs: Mapping[Hashable, HeadSpec],
    n_members: int,
    seed: Seed,
) -> nn.Module:
    widths = {f"{task.name!r}": task.n_outputs for task in layout.tasks}
    if not net_per_task and not specs:
        if groups is None:
            return LinearHeads(n_in, widths, seed, n_members)
        return GroupHeads(n_in, widths, len(groups), seed, n_members)

    n_tasks = len(layout)
    n_nets = n_tasks if net_per_task else 1
    blocks: list[nn.Module] = []
    order: list[int] = []
    same_shape: dict[tuple[int, ...], list[int]] = {}
    for index, task in enumerate(layout.tasks):
        spec = specs.get(task.name, ())
        if isinstance(spec, nn.Module):
            blocks.append(
                ModuleHead(spec, n_in, task.n_outputs, index, task.name, n_nets, n_members)
            )
            order += range(*layout.outputs_of(index).indices(layout.n_outputs))
        else:
            hidden = check_widths(f"heads[{task.name!r}]", spec)
            same_shape.setdefault((*hidden, task.n_outputs), []).append(index)
    for shape, tasks in same_shape.items():
        owners = [g * n_tasks + t for g in range(len(per_task) // n_tasks) for t in tasks]
        copies = Copies([per_task[owner] for owner in owners], owners).times(n_members)
        blocks.append(StackedHeads(n_in, shape, tasks, n_nets, copies, seed))
        for index in tasks:
            order += range(*layout.outputs_of(index).indices(layout.n_outputs))
    return Heads(blocks, np.argsort(order).tolist())
