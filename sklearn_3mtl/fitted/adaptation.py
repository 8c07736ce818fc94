"""The record of what an `adapt` adds to a network, in plain values that a file can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from torch import nn

from sklearn_3mtl.core.adapted import AdaptedOutputs, GroupCorrection, SharedCorrection
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.smooth import SmoothFeatures
from sklearn_3mtl.data.state import are_positions

__all__ = ["Adaptation", "restore_adaptations", "smooth_features"]


def smooth_features(network: ThreeMTLNetwork) -> SmoothFeatures | None:
    """The layer of random Fourier features of a network's plain inputs; None without inputs.

    Its frequencies are not drawn yet. Corrections, the linear layers that `adapt` adds, read it.
    """
    plain = network.views[-1]
    return SmoothFeatures(network.blocks, plain, network.n_members) if sum(plain) else None


@dataclass(frozen=True)
class Adaptation:
    """Which outputs and groups one `adapt` adds, and which outputs it corrects.

    A correction is a linear layer on frozen features whose output is added to those of the heads. A
    group is the rows of one task id.

    Attributes
    ----------
    n_before : int
        How many outputs there were before it.
    n_base_groups, n_groups : int or None
        How many groups were known before and after it. None where no layer depends on the group.
    order : list of int
        For each output after it, its position before. -1 for an output that starts at 0, such as
        that of a new task.
    shared, own : list of int
        The outputs that are corrected for all rows, and those with a correction for each adapted
        group.
    groups : list of int
        The groups that were adapted.
    """

    n_before: int
    n_base_groups: int | None
    n_groups: int | None
    order: list[int]
    shared: list[int]
    own: list[int]
    groups: list[int]

    def apply(self, network: ThreeMTLNetwork) -> ThreeMTLNetwork:
        """Make a network that shares all modules of `network`, with linear corrections added.

        The corrections, linear layers on frozen features, have weights of zero.
        """
        n_members = network.n_members
        smooth = smooth_features(network) if self.shared or self.own else None
        n_in = sum(network.blocks) + (0 if smooth is None else smooth.n_out)
        corrections: list[SharedCorrection | GroupCorrection] = []
        if self.shared:
            corrections.append(SharedCorrection(n_in, self.shared, n_members))
        if self.own:
            corrections.append(GroupCorrection(n_in, self.own, self.groups, n_members))
        after = network.shallow_copy()
        added = AdaptedOutputs(self.n_before, self.order, self.n_base_groups, corrections, smooth)
        added.to(next(network.parameters()).device).eval()
        after.adaptations = nn.ModuleList([*network.adaptations, added])
        after.n_groups = self.n_groups
        return after

    def state(self) -> dict[str, object]:
        """The record as plain values."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def restore(cls, state: object, n_outputs: int, n_groups: int | None) -> Adaptation:
        """Restore a record from what `state` returned.

        `n_outputs` and `n_groups` are the numbers of outputs and groups before the adaptation.

        Raises
        ------
        ValueError
            If the record doesn't fit such a network.
        """
        names = {field.name for field in fields(cls)}
        if not isinstance(state, dict) or set(state) != names:
            raise ValueError(f"its record of an adaptation is {state!r}")
        record = cls(**state)
        corrected = record.shared + record.own
        kept = [column for column in record.order if column != -1]
        holds = (
            record.n_before == n_outputs
            and are_positions(kept, n_outputs)
            and len(set(kept)) == len(kept)
            and sorted(set(corrected)) == sorted(corrected)
            and are_positions(corrected, len(record.order))
            and record.n_base_groups == n_groups
            and are_positions(record.groups, record.n_groups or 0)
            and bool(record.groups) == bool(record.own)
            and (n_groups is None) == (record.n_groups is None)
            and 0 <= (n_groups or 0) <= (record.n_groups or 0)
        )
        if not holds:
            raise ValueError(f"its record of an adaptation is {record!r}")
        return record


def restore_adaptations(
    states: Sequence[object], n_outputs: int, n_after: int, groups: int | None
) -> tuple[Adaptation, ...]:
    """Restore the records of successive calls of `adapt`.

    Parameters
    ----------
    states : sequence
        The state of each record, the oldest first.
    n_outputs, n_after : int
        How many outputs there are before the first adaptation, and after the last.
    groups : int or None
        How many groups (task ids) are known after the last. None where no ids were given.

    Raises
    ------
    ValueError
        If the records don't lead from `n_outputs` outputs to `n_after`, and to `groups` groups.
    """
    records: list[Adaptation] = []
    n_groups = _first_groups(states)
    for state in states:
        record = Adaptation.restore(state, n_outputs, n_groups)
        n_groups, n_outputs = record.n_groups, len(record.order)
        records.append(record)
    if records and n_outputs != n_after:
        raise ValueError(f"its records of adaptations lead to {n_outputs} outputs")
    if n_groups is not None and n_groups != (groups or 0):
        raise ValueError(f"its records of adaptations lead to {n_groups} groups")
    return tuple(records)


def _first_groups(states: Sequence[object]) -> int | None:
    first = states[0] if states else None
    found = first.get("n_base_groups") if isinstance(first, dict) else None
    if found is not None and type(found) is not int:
        raise ValueError(f"its record of an adaptation is {first!r}")
    return found
