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
    n_without_prior : int, default=0
        How many members, the last ones, neither read a prior nor start from it, while the others
        do. 0: all members are alike.
    """

    n_tasks: int
    n_groups: int | None = None
    n_members: int = 1
    members_share_weights: bool = False
    net_per_group: bool = False
    n_without_prior: int = 0

    @property
    def kinds(self) -> tuple[int, ...]:
        """The kind of each member: 0, or 1 for a member without the prior that others have."""
        n_first = self.n_members - self.n_without_prior
        return (0,) * n_first + (1,) * self.n_without_prior

    @property
    def n_kinds(self) -> int:
        """How many kinds of members there are."""
        return len(set(self.kinds))
