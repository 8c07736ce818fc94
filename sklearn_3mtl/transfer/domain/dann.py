"""DANN: features from which a classifier can't recognise the domain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sklearn_3mtl.core.backbones import MLP
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies, StackedLinear
from sklearn_3mtl.transfer.domain.base import FeatureLoss, by_domain

__all__ = ["DANN"]


class DANN(FeatureLoss[nn.Module]):
    r"""Domain-adversarial training: the features learn to mislead a classifier of the domains.

    The classifier minimises its cross-entropy. The gradient that it passes to the features is
    multiplied by ``-(2 / (1 + exp(-gamma * progress)) - 1)``, which goes from 0 at the start of
    training to about -1 at its end.

    All domains in a batch have the same weight, whatever their
    numbers of rows. The classifier chooses among the domains in the batch only.

    Parameters
    ----------
    gamma : float, default=10.0
        How fast the gradient reversal reaches its full strength.
    hidden_layer_sizes : sequence of int, default=(100,)
        Widths of the classifier's hidden layers. Empty: a linear classifier.

    References
    ----------
    Ganin et al., "Domain-adversarial training of neural networks", JMLR 17 (2016),
    arXiv 1505.07818, equations 9 to 18 and section 5.2.2 (the schedule).

    Examples
    --------
    >>> import torch
    >>> from sklearn_3mtl.core.seeding import Seed
    >>> from sklearn_3mtl.transfer import DANN
    >>> rule = DANN(hidden_layer_sizes=())
    >>> state = rule.init(n_features=1, n_domains=2, n_members=1, seed=Seed(0))
    >>> z, domain = torch.tensor([[[0.0], [1.0]]], requires_grad=True), torch.tensor([0, 1])
    >>> loss = rule.loss(z, domain, 0.5, state)
    >>> loss.backward()
    >>> round(rule.strength(0.5), 4)
    0.9866
    >>> print(rule.loss(z[:, :1], domain[:1], 0.5, state))
    None
    """

    def __init__(self, gamma: float = 10.0, hidden_layer_sizes: Sequence[int] = (100,)) -> None:
        self.gamma = gamma
        self.hidden_layer_sizes = hidden_layer_sizes

    def init(self, n_features: int, n_domains: int, n_members: int, seed: Seed) -> nn.Module:
        """Make a classifier of the domains for each member of the ensemble."""
        if not (isinstance(self.gamma, Real) and 0 < self.gamma < math.inf):
            raise ValueError(f"`DANN.gamma` should be a finite number > 0. Found {self.gamma!r}.")
        widths = self.hidden_layer_sizes
        if not np.iterable(widths) or not all(isinstance(w, Integral) and w >= 1 for w in widths):
            raise ValueError(
                "`DANN.hidden_layer_sizes` should be a sequence of whole numbers >= 1, such as "
                f"(100,). Found {widths!r}."
            )
        copies = Copies(["domain"]).times(range(n_members))
        hidden = MLP(n_features, tuple(widths), "relu", 0.0, copies, seed.child("hidden"))
        return nn.Sequential(
            hidden, StackedLinear(hidden.n_out, n_domains, copies, seed.child("out"))
        )

    def strength(self, progress: float) -> float:
        """The number by which the classifier's gradient to the features is multiplied.

        Its sign is also reversed. It grows from 0 to about 1 with `progress`, the fraction of
        training.
        """
        return 2.0 / (1.0 + math.exp(-self.gamma * progress)) - 1.0

    def loss(self, z: Tensor, domain: Tensor, progress: float, state: nn.Module) -> Tensor | None:
        """The classifier's cross-entropy: the mean over rows of a domain, then over domains."""
        codes, member, counts = by_domain(z, domain)
        if len(codes) < 2:
            return None
        logits = state(_Reversal.apply(z, self.strength(progress)))[..., codes]
        weight = member / (counts * len(codes))
        out: Tensor = -(logits.log_softmax(-1) * weight).sum()
        return out

    def gap(self, z: Tensor, domain: Tensor, state: nn.Module) -> Tensor | None:
        """The cross-entropy of a random guess minus that of the classifier, at least 0."""
        loss = self.loss(z, domain, 1.0, state)
        if loss is None:
            return None
        return (len(z) * math.log(len(domain.unique())) - loss).clamp_min(0.0)


class _Reversal(torch.autograd.Function):
    """The identity, except that its gradient is multiplied by -strength."""

    generate_vmap_rule = True

    @staticmethod
    def forward(z: Tensor, strength: float) -> Tensor:
        return z.view_as(z)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, float], output: Tensor) -> None:
        ctx.strength = inputs[1]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return -ctx.strength * gradient, None
