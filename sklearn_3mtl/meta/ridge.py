"""A ridge regression on each task's features, solved in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.meta._base import MetaMethod
from sklearn_3mtl.meta._features import features_of, heads_of
from sklearn_3mtl.meta._support import SupportSet

__all__ = ["Ridge"]


class Ridge(MetaMethod):
    """A ridge regression of what the heads leave over, solved for each task and differentiated.

    The heads are the prior: a task's support corrects them as far as its rows and the learned
    penalty say. The residual of a class is its indicator less its probability, and the correction
    of a logit has a learned scale. Where classes are drawn anew for each episode there is no
    prior, and this is R2-D2.

    Parameters
    ----------
    penalty : float, default=1.0
        Where the penalty starts, in rows: as many rows of unit features weigh as much as the prior.

    References
    ----------
    Bertinetto, Henriques, Torr, Vedaldi, "Meta-learning with differentiable closed-form solvers",
    ICLR 2019, arXiv 1805.08136, eqs. 4 to 6.

    Examples
    --------
    >>> from sklearn_3mtl.meta import Ridge
    >>> Ridge(penalty=3.0)
    Ridge(penalty=3.0)
    """

    has_steps = False
    fixed_outputs = False

    def __init__(self, penalty: float = 1.0) -> None:
        self.penalty = penalty

    def init(
        self, stages: Sequence[Stage], n_features: int, layout: TaskLayout, lr: float, seed: Seed
    ) -> nn.Module:
        """The penalty and the scale of logits, each by its logarithm."""
        if not self.penalty > 0:
            raise ValueError(f"`penalty` of Ridge should be > 0. Found {self.penalty!r}.")
        return _Scalars(self.penalty)

    def adapt(
        self, stages: Sequence[Stage], support: SupportSet, state: Any, lr: float, n_steps: int
    ) -> _Corrected:
        """Solve for each task's correction."""
        z = features_of(stages, support.x)
        has_prior = not support.exchangeable
        prior = heads_of(stages, z) if has_prior else torch.zeros_like(support.targets)
        residual = support.residual(prior)
        coefficients = _solve(z, residual, support, state.log_penalty.exp())
        scale = torch.where(support.is_logit, state.log_scale.exp(), 1.0)
        return _Corrected(stages, coefficients * scale, has_prior)


@dataclass(frozen=True)
class _Corrected:
    """The heads' outputs plus a linear function of the features: (..., T, d + 1, n_outputs)."""

    stages: Sequence[Stage]
    coefficients: Tensor
    has_prior: bool

    def __call__(self, x: Tensor) -> Tensor:
        z = features_of(self.stages, x)
        own = _with_bias(z) @ self.coefficients
        return own + heads_of(self.stages, z) if self.has_prior else own

    def of(self, tasks: Tensor) -> _Corrected:
        return replace(self, coefficients=self.coefficients.index_select(-3, tasks))


class _Scalars(nn.Module):
    def __init__(self, penalty: float) -> None:
        super().__init__()
        self.log_penalty = nn.Parameter(torch.tensor(penalty).log())
        # A residual is at most 1, a logit of a sure answer several.
        self.log_scale = nn.Parameter(torch.tensor(4.0).log())


def _solve(z: Tensor, residual: Tensor, support: SupportSet, penalty: Tensor) -> Tensor:
    """Coefficients (..., T, d + 1, n_outputs), from a system of as many rows as the support's."""
    z = _with_bias(z)
    root = support.weight.sqrt().mT.unsqueeze(-1)
    kernel = (z @ z.mT).unsqueeze(-3) * root * root.mT
    system = kernel + penalty * torch.eye(kernel.shape[-1], dtype=z.dtype, device=z.device)
    own = F.one_hot(support.column_of, support.weight.shape[-1]).to(z.dtype).T
    right = residual.unsqueeze(-3) * root * own[:, None, :]
    # Zero rows of weight and padding solve to zero.
    dual = (torch.cholesky_solve(right, torch.linalg.cholesky(system)) * root).sum(-3)
    return z.mT @ dual


def _with_bias(z: Tensor) -> Tensor:
    return F.pad(z, (0, 1), value=1.0)
