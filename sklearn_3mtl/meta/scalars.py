"""Learned numbers that are positive."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["PositiveScalar"]

PACE = 10.0


class PositiveScalar(nn.Module):
    """A positive number, learned by its logarithm.

    A step of Adam moves a parameter by about the learning rate. That suits weights, but a penalty
    or a scale may have to change by orders of magnitude: the logarithm moves `PACE` times as far.

    Parameters
    ----------
    start : float
        The initial value, > 0.
    """

    def __init__(self, start: float) -> None:
        super().__init__()
        self.logarithm = nn.Parameter(torch.tensor(start, dtype=torch.float32).log() / PACE)

    def forward(self) -> Tensor:
        """The number, of shape ()."""
        return (PACE * self.logarithm).exp()
