"""The term that makes the features of several domains alike."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn

from sklearn_3mtl.rows.batch import Batch

__all__ = ["Alignment", "FeatureLoss", "with_beside"]


class FeatureLoss(Protocol):
    """A loss of features and domains, such as a ``transfer.DomainLoss``."""

    def loss(self, z: Tensor, domain: Tensor, progress: float, state: object) -> Tensor | None:
        """A scalar, summed over members; None for a batch that says nothing."""

    def gap(self, z: Tensor, domain: Tensor, state: object) -> Tensor | None:
        """How unlike the features are, summed over members; 0 where they are alike."""


class Alignment(nn.Module):
    """A domain loss, its weight, and what it learns.

    Parameters
    ----------
    rule : FeatureLoss
        The loss.
    state : nn.Module or None
        What it learns.
    weight : float
        What it is multiplied by; above 0, since a term of weight 0 is left out.
    n_domains : int
        How many domains there are.

    Attributes
    ----------
    progress : float
        The share of training that is done; whoever trains sets it.
    """

    def __init__(
        self, rule: FeatureLoss, state: nn.Module | None, weight: float, n_domains: int
    ) -> None:
        super().__init__()
        self.rule, self.state = rule, state
        self.weight, self.n_domains = weight, n_domains
        self.progress = 0.0

    def added(self, total: Tensor, z: Tensor, batch: Batch) -> Tensor:
        """The total with the term for the rows of a batch and those beside them."""
        assert batch.domain is not None
        domain = batch.domain
        if batch.beside is not None:
            domain = torch.cat([domain, batch.beside.domain])
        loss = self.rule.loss(z, domain, self.progress, self.state)
        return total if loss is None else total + self.weight * loss

    def gap(self, z: Tensor, domain: Tensor) -> float:
        """How unlike the features are, times the weight, in the mean over members."""
        gap = self.rule.gap(z, domain, self.state)
        n_members = len(z) if z.dim() == 3 else 1
        return 0.0 if gap is None else self.weight * float(gap) / n_members


def with_beside(batch: Batch) -> dict[str, Tensor]:
    """The inputs of a batch, and behind them those of the rows beside it."""
    beside = batch.beside
    if beside is None:
        return batch.inputs
    return {name: torch.cat([x, beside.inputs[name]]) for name, x in batch.inputs.items()}
