"""The linear corrections of the outputs that an adaptation adds, fitted task by task."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from sklearn_3mtl.adapting.probe import Blocks, Probe, solve_probe
from sklearn_3mtl.core.adapted import AdaptedOutputs, GroupCorrection, SharedCorrection
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.smooth import SmoothFeatures
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.rows.loader import RowDataset

__all__ = ["Corrections", "solve_corrections"]


@dataclass(frozen=True)
class Corrections:
    """The linear corrections of one adaptation, before they are part of a network.

    A correction is a linear layer on frozen features whose output is added to those of the heads. A
    group is the rows of one task id.

    Attributes
    ----------
    layout : TaskLayout
        The tasks after the adaptation.
    shared, own : dict of task index to Probe
        Corrections for all rows, and corrections for each adapted group.
    groups : list of int
        The groups that were adapted.
    """

    layout: TaskLayout
    shared: dict[int, Probe]
    own: dict[int, Probe]
    groups: list[int]

    @property
    def names(self) -> list[Hashable]:
        """The names of the tasks whose outputs are corrected."""
        return [self.layout.tasks[index].name for index in {**self.shared, **self.own}]

    def columns(self, probes: Mapping[int, Probe]) -> list[int]:
        """The positions of the outputs that some of the corrections change."""
        columns = range(self.layout.n_outputs)
        return [c for index in probes for c in columns[self.layout.outputs_of(index)]]

    def fill(self, network: ThreeMTLNetwork, smooth: SmoothFeatures | None) -> None:
        """Copy the weights into the layers that the last adaptation added to a network.

        The random frequencies of the smooth features that these layers read are copied too.
        """
        last = cast(AdaptedOutputs, network.adaptations[-1])
        if smooth is not None and last.smooth is not None:
            last.smooth.load_state_dict(smooth.state_dict())
        for correction in last.corrections:
            if isinstance(correction, GroupCorrection):
                correction.fill(*_side_by_side(self.own))
            elif isinstance(correction, SharedCorrection):
                weight, bias, keep = _side_by_side(self.shared)
                correction.fill(weight[0], bias[0], keep)


def solve_corrections(
    codec: TargetCodec,
    rows: RowDataset,
    features: Tensor,
    before: Tensor,
    order: Sequence[int],
    blocks: Blocks,
) -> Corrections:
    """Fit a linear correction of the outputs to every task that has a label.

    Parameters
    ----------
    codec : TargetCodec
        The tasks after the adaptation.
    rows : RowDataset
        The labelled rows.
    features : tensor of shape (M, n, d)
        What the corrections read.
    before : tensor of shape (M, n, n_outputs before)
        The outputs before the adaptation.
    order : sequence of int
        For each output after it, its position before; -1 if no head computes it.
    blocks : Blocks
        Which features belong together.
    """
    values, weight = rows.labels()
    padded = None if rows.group is None else _Padded.of(rows.group)
    shared: dict[int, Probe] = {}
    own: dict[int, Probe] = {}
    for index, task in enumerate(codec.layout.tasks):
        mass = weight[:, index]
        columns = range(codec.layout.n_outputs)[codec.layout.outputs_of(index)]
        old = [order[column] for column in columns]
        is_new = min(old) < 0
        if not bool((mass > 0).any()):
            if is_new:
                raise ValueError(
                    f"New task {task.name!r} has no label with a positive weight: "
                    "`sample_weight` or `class_weight` is 0 wherever it is labelled."
                )
            continue
        target = task.kind_object.targets(values[:, index], task.n_outputs)
        # The likelihood is for calibrated outputs, which are divided by the temperature.
        temperature = float(codec.temperature[index])
        offset = before.new_zeros(*before.shape[:2], len(old))
        offset = offset if is_new else before[..., old] / temperature
        if padded is None or is_new:
            parts = features[None], offset[None], target[None], mass[None]
        else:
            parts = (
                padded.of_rows(features), padded.of_rows(offset), target[padded.rows],
                mass[padded.rows] * padded.real,
            )  # fmt: skip
        found = shared if padded is None or is_new else own
        probe = solve_probe(blocks, *parts, task.kind_object.likelihood, is_new=is_new)
        found[index] = probe.times(temperature)
    return Corrections(codec.layout, shared, own, padded.groups if padded and own else [])


@dataclass(frozen=True)
class _Padded:
    """The positions of each group's rows, (n_groups, n_rows), and which are not padding.

    A group is the rows of one task id.
    """

    groups: list[int]
    rows: Tensor
    real: Tensor

    @classmethod
    def of(cls, group: Tensor) -> _Padded:
        groups = sorted(set(group[group >= 0].tolist()))
        members = [torch.nonzero(group == g).flatten() for g in groups]
        rows = torch.nn.utils.rnn.pad_sequence(members, batch_first=True)
        lengths = torch.tensor([len(m) for m in members])
        return cls(groups, rows, (torch.arange(rows.shape[1]) < lengths[:, None]).float())

    def of_rows(self, values: Tensor) -> Tensor:
        """Distribute values of n rows, (M, n, d), over the groups: (n_groups, M, n_rows, d)."""
        return values[:, self.rows].transpose(0, 1)


def _side_by_side(probes: Mapping[int, Probe]) -> tuple[Tensor, Tensor, Tensor]:
    weight = torch.cat([probe.weight for probe in probes.values()], dim=2)
    keep = [probe.keep for probe in probes.values() for _ in range(probe.weight.shape[2])]
    bias = torch.cat([probe.bias for probe in probes.values()], dim=2)
    return weight, bias, torch.tensor(keep)
