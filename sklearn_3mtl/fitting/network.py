"""The network and the objective, built from parameters and data."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from numbers import Integral
from typing import Any, cast

import numpy as np
from torch import nn

from sklearn_3mtl.core.backbones import BACKBONES
from sklearn_3mtl.core.fusion import FUSION
from sklearn_3mtl.core.heads import GroupHeads, Heads, LinearHeads, ModuleHead, StackedHeads
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.core.user_module import UserModule
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.fitting.encoders import build_encoders
from sklearn_3mtl.inputs.modalities import ModalInputs
from sklearn_3mtl.sharing import BackboneFactory, Sharing

__all__ = ["backbone_factory", "build_network", "check_widths"]


def check_widths(parameter: str, value: Any) -> tuple[int, ...]:
    """A tuple of layer widths, each at least 1."""
    given = tuple(value) if np.iterable(value) else (value,)
    widths = tuple(
        int(width) for width in given if isinstance(width, Integral) and not isinstance(width, bool)
    )
    if len(widths) < len(given) or min(widths, default=1) < 1:
        raise ValueError(f"`{parameter}` should hold integers >= 1. Found {value!r}.")
    return widths


def backbone_factory(
    backbone: str | nn.Module,
    widths: tuple[int, ...],
    activation: str,
    dropout: float,
    n_members: int,
) -> tuple[BackboneFactory, bool]:
    """A function that makes the chosen backbone, and whether it holds all members itself."""
    if isinstance(backbone, nn.Module):
        return lambda n_in, copies, seed: UserModule(backbone, n_in, copies), False
    make: Any = BACKBONES[backbone]
    more = {"n_members": n_members} if make.shares_members else {}
    return (
        lambda n_in, copies, seed: make(n_in, widths, activation, dropout, copies, seed, **more),
        make.shares_members,
    )


def build_network(
    *,
    inputs: ModalInputs,
    layout: TaskLayout,
    groups: np.ndarray | None,
    sharing: Sharing,
    make_backbone: BackboneFactory,
    shares_members: bool,
    head_specs: Mapping[Hashable, Any],
    numeric_embedding: str | None,
    modalities: Mapping[str, Any] | None,
    fusion: str,
    dropout: float,
    n_members: int,
    seed: Seed,
) -> ThreeMTLNetwork:
    """Build encoders, fusion, backbone and heads.

    Parameters
    ----------
    inputs : ModalInputs
        What the encoders read.
    layout : TaskLayout
        The tasks.
    groups : ndarray or None
        The groups that have layers of their own. None where the tasks are the columns.
    sharing : Sharing
        How tasks share the backbone.
    make_backbone : callable
        Makes the backbone.
    shares_members : bool
        Whether one backbone holds all members.
    head_specs : mapping of task name to widths or nn.Module
        Heads that are not linear.
    numeric_embedding : str or None
        A name in `NUMERIC_EMBEDDINGS`. None leaves numbers as they are.
    modalities : mapping of modality name to spec, or None
        The user's modules among the encoders.
    fusion : str
        A name in `FUSION`.
    dropout : float
        The rate, for the encoders; the backbone's is settled.
    n_members : int
        How many members of an ensemble to build side by side.
    seed : Seed
        Seeds all parts by name.
    """
    names = [f"{task.name!r}" for task in layout.tasks]
    per_task = names if groups is None else [f"{g!r}/{n}" for g in groups.tolist() for n in names]
    nets = sharing.copies(per_task)
    copies = nets if shares_members else nets.times(n_members)
    encoders = build_encoders(inputs, modalities, numeric_embedding, dropout, copies, seed)
    if not encoders:
        raise ValueError("X has no column to learn from besides the task column.")
    n_in = sum(cast(int, encoder.n_out) for encoder in encoders.values())
    backbone = sharing.build(make_backbone, n_in, copies, seed.child("backbone"))
    net_per_task = len(nets) == len(per_task) and not backbone.has_cut
    return ThreeMTLNetwork(
        encoders,
        FUSION[fusion](),
        backbone,
        _build_heads(
            backbone.n_out,
            layout,
            per_task,
            groups,
            net_per_task,
            head_specs,
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
    specs: Mapping[Hashable, Any],
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
