"""The term that makes the features of several domains alike."""

from __future__ import annotations

from torch import Tensor, nn

from sklearn_3mtl.core.terms import Phase, Step, Term
from sklearn_3mtl.transfer.domain.base import DomainLoss

__all__ = ["DomainTerm"]


class DomainTerm(Term):
    """The summand of the objective that is a domain loss times its weight.

    Parameters
    ----------
    rule : DomainLoss
        The loss.
    state : nn.Module or None
        What it learns.
    weight : float
        What it is multiplied by; above 0, since a term of weight 0 is left out.
    n_domains : int
        How many domains there are.
    """

    def __init__(
        self, rule: DomainLoss, state: nn.Module | None, weight: float, n_domains: int
    ) -> None:
        super().__init__()
        self.rule, self.state = rule, state
        self.weight, self.n_domains = weight, n_domains
        self.trained_with_network = rule.trained_with_network

    def forward(self, step: Step) -> Tensor | None:
        """The weighted domain loss of all rows of the batch, with and without a label."""
        loss = self.rule.step_loss(step, self.state)
        return None if loss is None else self.weight * loss

    def gap(self, step: Step) -> Tensor | None:
        """How different the domains' features are, times the weight; the mean over members."""
        gap = self.rule.step_gap(step, self.state)
        return None if gap is None else self.weight * gap / step.network.n_members

    def phases(self) -> list[Phase]:
        """The optimizer steps that the domain loss adds to the main one on each batch."""
        return list(self.rule.phases(self.state))
