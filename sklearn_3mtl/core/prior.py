"""A prior's outputs inside the network: an input of the backbone, and where the outputs start."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

__all__ = ["PriorColumns"]


class PriorColumns(nn.Module):
    """Puts a prior's outputs behind the fused features, and adds them to the heads' outputs.

    They pass around the encoders and the fusion: the last columns of the fused features are the
    prior's outputs as they are.

    Parameters
    ----------
    n_out : int
        How many outputs the prior has.
    read_by : bool tensor of shape (n_copies, n_out) or None, default=None
        Which outputs each independent copy of the backbone reads; the others are 0 for it. None:
        every copy reads all of them.
    n_nets : int, default=1
        How many separate nets each member of the ensemble has.
    weighs : bool, default=False
        Whether the heads' outputs have factors, which the evidence of held-out rows sets after
        training.

    Attributes
    ----------
    factor : tensor of shape (n_members, n_out) or None
        What the heads' outputs are multiplied by before the prior's are added. None: 1.
    """

    factor: Tensor | None

    def __init__(
        self,
        n_out: int,
        read_by: Tensor | None = None,
        n_nets: int = 1,
        *,
        weighs: bool = False,
    ) -> None:
        super().__init__()
        self.n_out, self.n_nets = n_out, n_nets
        self.register_buffer("read_by", read_by, persistent=False)
        n_members = 1 if read_by is None else len(read_by) // n_nets
        self.register_buffer("factor", torch.ones(n_members, n_out) if weighs else None)

    def columns(self, prior: Tensor) -> Tensor:
        """The prior's outputs, (B, n_out), as each copy of the backbone reads them.

        The result, of shape (N, B, n_out) or (1, B, n_out), stands behind the fused features.
        """
        read_by = cast(Tensor | None, self.read_by)
        # With a net for each task id, the rows were distributed over the nets before.
        columns = prior if prior.dim() == 3 else prior.unsqueeze(0)
        return columns if read_by is None else columns * read_by.unsqueeze(1)

    def offset(self, x: Tensor) -> Tensor:
        """The prior's outputs from fused features with the prior's `columns` behind them.

        Parameters
        ----------
        x : tensor of shape (N, B, d), or (..., T, R, d) for rows of T tasks

        Returns
        -------
        offset : tensor of shape (n_members, B, n_out), (1, B, n_out) or (..., T, R, n_out)
        """
        columns = x[..., x.shape[-1] - self.n_out :]
        if self.read_by is None:
            return columns
        # Each output is read by at most one net of a member.
        own: Tensor = columns.unflatten(0, (-1, self.n_nets)).sum(1)
        return own

    def multiply(self, factor: Tensor) -> None:
        """Multiply the factors of the heads' outputs by others, (n_members, n_out)."""
        assert self.factor is not None
        self.factor.mul_(factor)

    def added_to(self, out: Tensor, x: Tensor) -> Tensor:
        """The heads' outputs, times their factors, plus the prior's outputs, which `x` holds."""
        if self.factor is not None:
            out = out * self.factor.unsqueeze(1)
        return out + self.offset(x)
