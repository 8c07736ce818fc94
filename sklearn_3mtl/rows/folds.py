"""Which rows are held out from which members of an ensemble."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["MemberFolds", "number_of_folds"]


@dataclass(frozen=True)
class MemberFolds:
    """Which rows are held out from which members of an ensemble.

    Members of one kind hold out different folds, one after the other. If a kind has more members
    than there are folds, the further ones hold out the first folds again. All kinds hold out the
    same folds, so that their outputs for held-out rows can be compared.

    Attributes
    ----------
    of_row : int64 tensor of shape (n,)
        The fold of each row; -1 for a row that is held out from no member.
    of_member : int64 tensor of shape (n_members,)
        The fold that each member holds out.
    judges : int64 tensor of shape (n_kinds, n_folds)
        For each kind and fold, the member whose outputs for the fold's rows are judged.
    """

    of_row: Tensor
    of_member: Tensor
    judges: Tensor

    @classmethod
    def of(cls, of_row: Tensor, kinds: Sequence[int]) -> MemberFolds:
        """Let the members hold out the folds of some rows; `kinds` is the kind of each member."""
        n_folds = number_of_folds(kinds)
        of_member = [kinds[:m].count(kind) % n_folds for m, kind in enumerate(kinds)]
        judges = [
            [m for m, own in enumerate(kinds) if own == kind][:n_folds]
            for kind in sorted(set(kinds))
        ]
        return cls(of_row, torch.tensor(of_member), torch.tensor(judges))

    def to(self, device: torch.device) -> MemberFolds:
        """The same on a device."""
        parts = (self.of_row, self.of_member, self.judges)
        return MemberFolds(*(part.to(device) for part in parts))

    def seen(self, rows: Tensor) -> Tensor:
        """Which of some rows each member trains on, a bool tensor of shape (n_members, B)."""
        return self.of_row.index_select(0, rows) != self.of_member[:, None]

    def places(self, rows: Tensor) -> Tensor:
        """For each member, where the rows of its fold stand among held-out rows.

        The last one is repeated where a fold has fewer rows than another.

        Parameters
        ----------
        rows : int64 tensor of shape (B,)
            The numbers of all held-out rows.

        Returns
        -------
        places : int64 tensor of shape (n_members, rows of the largest fold)
        """
        of_row = self.of_row.index_select(0, rows)
        counts = of_row.bincount(minlength=self.judges.shape[1])
        order, starts = of_row.argsort(stable=True), counts.cumsum(0) - counts
        steps = torch.arange(int(counts.max()), device=rows.device)
        found = starts[:, None] + torch.minimum(steps, (counts[:, None] - 1).clamp_min(0))
        places: Tensor = order[found.clamp_max(len(rows) - 1)][self.of_member]
        return places

    def judged(self, outputs: Tensor, rows: Tensor) -> Tensor:
        """Each kind's outputs for held-out rows, from the member that they were held out from.

        Parameters
        ----------
        outputs : tensor of shape (n_members, B, n_outputs)
            Every member's outputs for these rows.
        rows : int64 tensor of shape (B,)
            The rows' numbers.

        Returns
        -------
        outputs : tensor of shape (n_kinds, B, n_outputs)
        """
        judges = self.judges[:, self.of_row.index_select(0, rows)]
        return outputs[judges, torch.arange(len(rows), device=rows.device)]


def number_of_folds(kinds: Sequence[int]) -> int:
    """How many folds the members hold out: as many as the rarest kind has members."""
    return min(kinds.count(kind) for kind in set(kinds))
