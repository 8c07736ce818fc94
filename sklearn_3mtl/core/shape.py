"""How many tasks, task ids and members of an ensemble a network has."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NetworkShape"]


@dataclass(frozen=True)
class NetworkShape:
    """How many of everything a network holds.

    Attributes
    ----------
    n_tasks : int
        How many columns y has.
    n_groups : int or None, default=None
        How many task ids have parameters of their own. None where no layer depends on the id.
    n_members : int, default=1
        How many members the ensemble has.
    members_share_weights : bool, default=False
        Whether the members have most weights in common.
    net_per_group : bool, default=False
        Whether rows of different task ids pass through different nets.
    """

    n_tasks: int
    n_groups: int | None = None
    n_members: int = 1
    members_share_weights: bool = False
    net_per_group: bool = False
