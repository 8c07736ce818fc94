"""Build the network from its plan and the fitted inputs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from sklearn_3mtl.core.backbones import ModuleBackbone
from sklearn_3mtl.core.heads import GroupHeads, Heads, LinearHeads, StackedHeads
from sklearn_3mtl.core.layers import BackboneFactory, Layers, SharedLayers
from sklearn_3mtl.core.module_head import ModuleHead
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.prior import PriorColumns
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.shape import NetworkShape
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.fitting.encoders import build_encoders
from sklearn_3mtl.fitting.plan import NetworkPlan
from sklearn_3mtl.inputs.modalities import ModalInputs
from sklearn_3mtl.settings.types import HeadSpec
from sklearn_3mtl.settings.values import check_widths

__all__ = ["build_network"]


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
        The task ids that have parameters of their own. None: no task id has any.
    seed : Seed
        Seeds all parts by name.
    """
    sharing, members = plan.sharing, plan.members
    names = [f"{task.name!r}" for task in layout.tasks]
    units = names
    if groups is not None:
        units = [f"{group!r}/{name}" for group in groups.tolist() for name in names]
    net_per_group = sharing.net_per_group and groups is not None
    tasks = units if net_per_group else names
    shares_members = not isinstance(plan.backbone, nn.Module) and plan.backbone.shares_members
    owners = Copies(sharing.encoders(units))
    copies = owners.times([0] if shares_members else members)
    encoders = build_encoders(plan, inputs, copies, seed)
    if not encoders:
        raise ValueError("X has no column to learn from besides the task column.")
    widths = [encoder.n_out for encoder in encoders.values()]
    fused = plan.fusion.build(widths, copies, seed.child("fusion"))
    n_prior = layout.n_outputs if plan.has_prior else 0
    n_in = fused.n_out + n_prior
    layers = Layers(_backbone_factory(plan), n_in, members, shares_members, owners.names)
    backbone = sharing.build(layers, tasks, seed.child("backbone"))
    n_groups = None if groups is None else len(groups)
    heads = _HeadBuilder(layout, tasks, backbone, members, seed.child("head"))
    shape = NetworkShape(
        n_tasks=len(layout),
        n_groups=n_groups,
        n_members=len(members),
        members_share_weights=shares_members,
        net_per_group=net_per_group and len(tasks) > 1,
        n_without_prior=plan.n_without_prior,
    )
    built = heads.build(plan.heads, None if net_per_group else n_groups)
    prior = None
    if plan.has_prior:
        built.start_at_zero()
        n_nets = len(owners) if backbone.has_own_nets else 1
        prior = _prior_columns(layout, shape, copies, n_nets)
    return ThreeMTLNetwork(encoders, fused, backbone, built, shape, prior)


def _prior_columns(
    layout: TaskLayout, shape: NetworkShape, copies: Copies, n_nets: int
) -> PriorColumns:
    """The prior's outputs for the copies of the backbone.

    Separate nets read the outputs of their own task only, and members without the prior read none.
    """
    read_by = torch.ones(len(copies), layout.n_outputs, dtype=torch.bool)
    if n_nets > 1:
        column = torch.tensor(copies.owners) % len(layout)
        read_by = column[:, None] == layout.column_of_output
    if shape.n_without_prior:
        of_member = torch.tensor(shape.kinds) == 0
        read_by &= of_member.repeat_interleave(len(copies) // shape.n_members)[:, None]
    return PriorColumns(
        layout.n_outputs,
        None if bool(read_by.all()) else read_by,
        n_nets,
        weighs=shape.n_without_prior > 0,
    )


def _backbone_factory(plan: NetworkPlan) -> BackboneFactory:
    """Make the function that builds a backbone from input width, copies and seed."""
    backbone = plan.backbone
    if isinstance(backbone, nn.Module):
        return lambda n_in, copies, seed: ModuleBackbone(backbone, n_in, copies)
    make: Callable[..., nn.Module] = backbone
    more = {"n_members": len(plan.members)} if backbone.shares_members else {}
    shape = plan.widths, plan.activation, plan.dropout
    return lambda n_in, copies, seed: make(n_in, *shape, copies, seed, **more)


@dataclass(frozen=True)
class _HeadBuilder:
    """Builds the heads of all tasks.

    Attributes
    ----------
    layout : TaskLayout
        The columns of y.
    tasks : sequence of str
        The names of y's columns. If each group has its own network: of each group's columns.
    backbone : SharedLayers
        The layers whose features the heads read.
    members : sequence of int
        The members of the ensemble.
    seed : Seed
        The heads' seed.
    """

    layout: TaskLayout
    tasks: Sequence[str]
    backbone: SharedLayers
    members: Sequence[int]
    seed: Seed

    def build(
        self, specs: Mapping[Hashable, HeadSpec], n_groups: int | None
    ) -> LinearHeads | GroupHeads | Heads:
        """Build the heads of all tasks: those in `specs` as it says, the others linear.

        If `n_groups` is given, each group (task id) also has a linear layer of its own, which is
        added.
        """
        if n_groups is None:
            return self._common(specs)
        views = None
        if self.backbone.n_views > 1:
            of_output = self.layout.column_of_output.tolist()
            views = [self.backbone.view_of_task[task] for task in of_output]
        return GroupHeads(
            self.backbone.n_out, self.layout.n_outputs, n_groups, self._common(specs),
            len(self.members), views,
        )  # fmt: skip

    def _common(self, specs: Mapping[Hashable, HeadSpec]) -> LinearHeads | Heads:
        layout, n_in = self.layout, self.backbone.n_out
        if self.backbone.n_views == 1 and not specs:
            widths = {f"{task.name!r}": task.n_outputs for task in layout.tasks}
            return LinearHeads(n_in, widths, self.seed, self.members)
        blocks: list[nn.Module] = []
        order: list[int] = []
        same_shape: dict[tuple[int, ...], list[int]] = {}
        for index, task in enumerate(layout.tasks):
            spec = specs.get(task.name, ())
            if isinstance(spec, nn.Module):
                blocks.append(self._module_head(spec, index))
                order += range(*layout.outputs_of(index).indices(layout.n_outputs))
            else:
                hidden = check_widths(f"heads[{task.name!r}]", spec)
                same_shape.setdefault((*hidden, task.n_outputs), []).append(index)
        for shape, indices in same_shape.items():
            blocks.append(self._stacked_heads(shape, indices))
            for index in indices:
                order += range(*layout.outputs_of(index).indices(layout.n_outputs))
        return Heads(blocks, np.argsort(order).tolist())

    @property
    def _n_groups(self) -> int:
        """The number of groups that have their own networks; 1 if none has."""
        return len(self.tasks) // max(len(self.layout), 1)

    def _module_head(self, module: nn.Module, index: int) -> ModuleHead:
        task, n_views = self.layout.tasks[index], self.backbone.n_views // self._n_groups
        view = self.backbone.view_of_task[index]
        return ModuleHead(
            module, self.backbone.n_out, task.n_outputs, index, task.name, view, n_views,
            self.members,
        )  # fmt: skip

    def _stacked_heads(self, shape: Sequence[int], indices: Sequence[int]) -> StackedHeads:
        n_tasks, n_groups = len(self.layout), self._n_groups
        owners = [group * n_tasks + index for group in range(n_groups) for index in indices]
        copies = Copies([self.tasks[owner] for owner in owners], owners).times(self.members)
        views = [self.backbone.view_of_task[index] for index in indices]
        n_views = self.backbone.n_views // n_groups
        return StackedHeads(self.backbone.n_out, shape, views, n_views, copies, self.seed)
