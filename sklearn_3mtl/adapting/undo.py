"""Remove from a model some of the linear corrections that adaptations added."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import nn

from sklearn_3mtl.core.adapted import AdaptedOutputs, GroupCorrection, SharedCorrection
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.fitted.adaptation import Adaptation
from sklearn_3mtl.fitted.model import FittedModel

__all__ = ["added_since", "without_corrections"]

# From an output to the groups in which it loses its correction; None: in all.
Cleared = Mapping[int, Sequence[int] | None]


def added_since(model: FittedModel, start: int) -> set[Hashable]:
    """The names of the tasks that the adaptations from number `start` on have added."""
    layout = model.codec.layout
    found = set()
    for index, task in enumerate(layout.tasks):
        columns = list(range(layout.n_outputs)[layout.outputs_of(index)])
        for record in reversed(model.adaptations[start:]):
            columns = [record.order[column] for column in columns if column >= 0]
        if min(columns, default=-1) < 0:
            found.add(task.name)
    return found


def without_corrections(
    model: FittedModel,
    start: int,
    removed: Sequence[Hashable],
    cleared: Mapping[Hashable, Sequence[int] | None],
) -> FittedModel:
    """A model in which some tasks are as if they had not adapted since adaptation `start`.

    They lose their corrections, the linear layers that `adapt` added. A group is the rows of one
    task id.

    Parameters
    ----------
    model : FittedModel
        The model.
    start : int
        How many adaptations stay as they are.
    removed : sequence of task names
        Tasks that were added since; they are removed from the model.
    cleared : mapping of task name to groups, or to None
        Other tasks, with the groups in which they lose their corrections; None: in all.
    """
    layout = model.codec.layout
    left = TaskLayout([task for task in model.codec.tasks.values() if task.name not in removed])
    columns = range(layout.n_outputs)
    groups = {
        column: cleared[task.name]
        for index, task in enumerate(layout.tasks)
        if task.name in cleared
        for column in columns[layout.outputs_of(index)]
    }
    network, records = _undone(model, start, left.outputs_in(layout), groups)
    return replace(
        model,
        codec=model.codec.of(left),
        network=network,
        names=tuple(name for name in model.names if name not in removed),
        adaptations=records,
        predictor=model.predictor.without([*removed, *cleared]),
    )


@dataclass(frozen=True)
class _Changed:
    """One adaptation, and which of its outputs and linear corrections are removed.

    Attributes
    ----------
    record : Adaptation
        The adaptation as it was.
    before, after : list of int
        The outputs before and after it that are kept.
    cleared : dict of output to groups or None
        The outputs, numbered as after it, that lose their correction, with the groups (task ids) in
        which they do; None: in all groups.
    """

    record: Adaptation
    before: list[int]
    after: list[int]
    cleared: Cleared

    @property
    def shared(self) -> list[int]:
        """The positions of the outputs whose linear correction for all rows is kept."""
        return [c for c in self.record.shared if c in self.after and c not in self.cleared]

    @property
    def own(self) -> list[int]:
        """The positions of the outputs that keep a linear correction for at least one task id."""
        return [c for c in self.record.own if c in self.after and not self._in_all_groups(c)]

    def _in_all_groups(self, column: int) -> bool:
        if column not in self.cleared:
            return False
        groups = self.cleared[column]
        return groups is None or set(self.record.groups) <= set(groups)

    def new_record(self) -> Adaptation:
        """The record of the adaptation without what is removed, with outputs numbered anew."""
        before = {column: place for place, column in enumerate(self.before)}
        after = {column: place for place, column in enumerate(self.after)}
        order = [self.record.order[column] for column in self.after]
        return replace(
            self.record,
            n_before=len(before),
            order=[before[column] if column >= 0 else -1 for column in order],
            shared=[after[column] for column in self.shared],
            own=[after[column] for column in self.own],
            groups=self.record.groups if self.own else [],
        )

    def fill(self, old: AdaptedOutputs, new: AdaptedOutputs) -> None:
        """Copy the weights of the linear corrections that are kept, from `old` to `new`."""
        if old.smooth is not None and new.smooth is not None:
            new.smooth.load_state_dict(old.smooth.state_dict())
        for correction in new.corrections:
            [same] = [c for c in old.corrections if type(c) is type(correction)]
            if isinstance(same, SharedCorrection) and isinstance(correction, SharedCorrection):
                chosen = torch.tensor([self.record.shared.index(c) for c in self.shared])
                correction.fill(same.weight[:, chosen], same.bias[:, chosen], same.kept[chosen])
            elif isinstance(same, GroupCorrection) and isinstance(correction, GroupCorrection):
                chosen = torch.tensor([self.record.own.index(c) for c in self.own])
                weight, bias = same.weight[:, :, chosen].clone(), same.bias[:, :, chosen].clone()
                keep = same.kept[:, chosen].clone()
                for place, column in enumerate(self.own):
                    groups = self.cleared.get(column) or []
                    gone = torch.tensor([g in groups for g in self.record.groups])
                    weight[gone, :, place], bias[gone, :, place], keep[gone, place] = 0.0, 0.0, 1.0
                correction.fill(weight, bias, keep)


def _undone(
    model: FittedModel, start: int, left: list[int], cleared: Cleared
) -> tuple[ThreeMTLNetwork, tuple[Adaptation, ...]]:
    changes: list[_Changed] = []
    for record in reversed(model.adaptations[start:]):
        gone = set(range(len(record.order))) - set(left)
        gone_before = {record.order[column] for column in gone}
        # Outputs that this adaptation itself left out are kept too.
        before = [column for column in range(record.n_before) if column not in gone_before]
        changes.append(_Changed(record, before, left, cleared))
        left = before
        cleared = {record.order[c]: groups for c, groups in cleared.items() if record.order[c] >= 0}
    modules = cast(Sequence[AdaptedOutputs], list(model.network.adaptations))
    network = model.network.shallow_copy()
    network.adaptations = nn.ModuleList(modules[:start])
    records = list(model.adaptations[:start])
    for change, old in zip(reversed(changes), modules[start:], strict=True):
        record = change.new_record()
        if not _does_nothing(record):
            network = record.apply(network)
            change.fill(old, cast(AdaptedOutputs, network.adaptations[-1]))
            records.append(record)
    return network, tuple(records)


def _does_nothing(record: Adaptation) -> bool:
    keeps_all = record.order == list(range(record.n_before))
    same_groups = record.n_base_groups == record.n_groups
    return keeps_all and same_groups and not record.shared and not record.own
