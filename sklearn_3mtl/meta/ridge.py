"""A ridge regression on each task's features, solved in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import side_by_side
from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.meta.base import MetaMethod
from sklearn_3mtl.meta.features import features_of, heads_of
from sklearn_3mtl.meta.scalars import PositiveScalar
from sklearn_3mtl.meta.support import SupportSet

__all__ = ["Ridge"]

TINY = 1e-12


class Ridge(MetaMethod["_Scalars"]):
    """A ridge regression of the heads' residuals for each task, through which gradients flow.

    The heads are the prior. The more rows a task's support has, compared to the learned penalty,
    the more it corrects them. The residual of a class is its indicator minus its probability, and
    the correction of a logit is multiplied by a learned scale.

    Where classes are drawn for each episode there is no prior. The method is then R2-D2 on two
    views of a row, its features and its encoded inputs, each centred and scaled to a mean squared
    norm of 1 on the support. Features are trained to tell the training classes apart; what tells
    new classes apart may be in the inputs only. The weight of the inputs relative to the features
    is learned.

    Parameters
    ----------
    penalty : float, default=1.0
        The initial penalty, in rows: that many rows with features of norm 1 count as much as the
        prior.

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
    ) -> _Scalars:
        """Make the learned numbers: the penalty, the scale of logits and the share of inputs."""
        if not self.penalty > 0:
            raise ValueError(f"`penalty` of Ridge should be > 0. Found {self.penalty!r}.")
        return _Scalars(self.penalty)

    def adapt(
        self, stages: Sequence[Stage], support: SupportSet, state: _Scalars, lr: float, n_steps: int
    ) -> _Corrected:
        """Solve for each task's correction, a linear function of its features, in closed form."""
        z = features_of(stages, support.x)
        if support.draws_classes:
            share = state.share()
            views = _Views(_View.of(z, support, 1.0), _View.of(support.x, support, share))
            prior, seen = torch.zeros_like(support.targets), views(z, support.x)
        else:
            views, prior, seen = None, heads_of(stages, z), z
        residual = support.residual(prior)
        coefficients = _solve(seen, residual, support, state.penalty())
        scale = state.scale()
        scales = torch.where(support.is_logit, scale, torch.ones_like(scale))
        return _Corrected(stages, coefficients * scales, views)


class _View(NamedTuple):
    """Standardises the features, or the encoded inputs, of each task's rows.

    `centre`, (..., T, 1, d), is subtracted; then `factor`, (..., T, 1, 1), multiplies.
    """

    centre: Tensor
    factor: Tensor

    @classmethod
    def of(cls, x: Tensor, support: SupportSet, share: Tensor | float) -> _View:
        there = (support.weight > 0).any(-1, keepdim=True).to(x.dtype)
        n_rows = there.sum(-2, keepdim=True).clamp_min(1.0)
        centre = (x * there).sum(-2, keepdim=True) / n_rows
        square = ((x - centre) * there).square().sum((-2, -1), keepdim=True) / n_rows
        # A single row, or equal rows, have no spread to divide by: the factor is 0.
        return cls(centre, share / square.clamp_min(TINY).sqrt() * (square > TINY))

    def __call__(self, x: Tensor) -> Tensor:
        return (x - self.centre) * self.factor

    def of_tasks(self, tasks: Tensor) -> _View:
        return _View(*(part.index_select(-3, tasks) for part in self))


class _Views(NamedTuple):
    """Standardises the features `z` and the encoded inputs `x`, and concatenates them."""

    z: _View
    x: _View

    def __call__(self, z: Tensor, x: Tensor) -> Tensor:
        return side_by_side([self.z(z), self.x(x)])

    def of(self, tasks: Tensor) -> _Views:
        return _Views(self.z.of_tasks(tasks), self.x.of_tasks(tasks))


@dataclass(frozen=True)
class _Corrected:
    """The network with a linear function of the features added to the heads, for T tasks.

    The coefficients have the shape (..., T, d + 1, n_outputs), the bias last. If `views` is given,
    the outputs are a linear function of the standardised features and encoded inputs alone.
    """

    stages: Sequence[Stage]
    coefficients: Tensor
    views: _Views | None

    def __call__(self, x: Tensor) -> Tensor:
        z = features_of(self.stages, x)
        if self.views is not None:
            return _with_bias(self.views(z, x)) @ self.coefficients
        return heads_of(self.stages, z) + _with_bias(z) @ self.coefficients

    def of(self, tasks: Tensor) -> _Corrected:
        views = None if self.views is None else self.views.of(tasks)
        return replace(self, coefficients=self.coefficients.index_select(-3, tasks), views=views)


class _Scalars(nn.Module):
    """The numbers that `Ridge` learns: the penalty, the scale of logits, the share of inputs."""

    def __init__(self, penalty: float) -> None:
        super().__init__()
        self.penalty = PositiveScalar(penalty)
        # The residual of a class is at most 1; the logit of a confident prediction is larger.
        self.scale = PositiveScalar(4.0)
        self.share = PositiveScalar(1.0)


def _solve(z: Tensor, residual: Tensor, support: SupportSet, penalty: Tensor) -> Tensor:
    """Fit a ridge regression of the residuals to each task's features.

    The coefficients, (..., T, d + 1, n_outputs), come from a linear system as large as the support
    set.
    """
    z = _with_bias(z)
    root = support.weight.sqrt().mT.unsqueeze(-1)
    kernel = (z @ z.mT).unsqueeze(-3) * root * root.mT
    system = kernel + penalty * torch.eye(kernel.shape[-1], dtype=z.dtype, device=z.device)
    own = F.one_hot(support.column_of, support.weight.shape[-1]).to(z.dtype).T
    right = residual.unsqueeze(-3) * root * own[:, None, :]
    # Rows of weight 0, such as padding, get a coefficient of 0.
    # cholesky_ex doesn't raise: features that are not finite give such a loss, which is reported.
    factor, _ = torch.linalg.cholesky_ex(system)
    dual = (torch.cholesky_solve(right, factor) * root).sum(-3)
    return z.mT @ dual


def _with_bias(z: Tensor) -> Tensor:
    return F.pad(z, (0, 1), value=1.0)
