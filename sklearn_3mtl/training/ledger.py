"""The losses of an epoch, summed as the batches come."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["EpochLedger"]


class EpochLedger:
    """Running sums of the losses of an epoch, over batches and members of the ensemble.

    They are sums, not a list of each step's tensors, because small tensors that outlive a step keep
    the allocator from using the step's memory again, which costs a hundred megabytes within a few
    epochs.

    Parameters
    ----------
    n_members, n_units : int
        How many members the ensemble has, and how many losses a step has for each of them.
    device : torch.device
        Where they are.
    """

    def __init__(self, n_members: int, n_units: int, device: torch.device) -> None:
        shape = n_members, n_units
        self.weighted = torch.zeros(shape, dtype=torch.float64, device=device)
        self.mass = torch.zeros(shape, dtype=torch.float64, device=device)
        self.total = torch.zeros((), dtype=torch.float64, device=device)
        self.n_batches, self.n_rows = 0, 0

    def add(
        self, losses: Tensor, mass: Tensor | None, n_rows: int, total: Tensor | None = None
    ) -> None:
        """Add the losses of a batch.

        Parameters
        ----------
        losses : tensor of shape (n_members, n_units)
            Mean losses.
        mass : tensor of shape (n_members, n_units) or None
            The number of labels behind each mean. None: every row has every label.
        n_rows : int
            How many rows the batch has.
        total : scalar tensor or None, default=None
            The number that the step minimised.
        """
        if mass is None:
            self.weighted.add_(losses, alpha=n_rows)
            self.n_rows += n_rows
        else:
            self.weighted.addcmul_(losses, mass)
            self.mass.add_(mass)
        if total is not None:
            self.total.add_(total)
        self.n_batches += 1

    def losses(self) -> Tensor:
        """The mean loss of each unit, of shape (n_units,).

        A unit is a task, or a task under one task id. The loss is NaN for a unit without a label,
        and infinite if it could not be computed as a number.
        """
        mass = (self.mass + self.n_rows).sum(0)
        mean = (self.weighted.sum(0) / mass).float()
        return torch.where(mean.isnan() & (mass > 0), torch.inf, mean)

    def mean_total(self) -> float:
        """The mean over batches of the number that was minimised."""
        return float(self.total) / self.n_batches
