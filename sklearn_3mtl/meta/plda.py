"""Probabilistic linear discriminant analysis: classes whose means are drawn from a Gaussian."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.core.terms import Term
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.meta.base import MetaMethod
from sklearn_3mtl.meta.features import features_of
from sklearn_3mtl.meta.scalars import PositiveScalar
from sklearn_3mtl.meta.support import SupportSet
from sklearn_3mtl.rows.loader import TrainingRows

__all__ = ["PLDA"]

TINY = 1e-6
# More rows hardly change a covariance.
MOST_ROWS = 2**15


class PLDA(MetaMethod["_Covariances"]):
    """Classes are Gaussian, and so are their means; new classes are predicted by Bayes' rule.

    All classes share one within-class covariance; their means have one between-class covariance.
    Both are estimated from the features of the training classes, again before each epoch. Few
    training classes don't show all directions in which new classes may differ, so a multiple of the
    within-class covariance is added to the between-class covariance. A new class is predicted with
    the posterior of its mean given its support. The log-probabilities are multiplied by a learned
    factor. For ``episodes="classes"`` only.

    Parameters
    ----------
    shrinkage : float in (0, 1], default=0.3
        The share of the within-class covariance that is replaced by a multiple of the identity.

    References
    ----------
    Ioffe, "Probabilistic linear discriminant analysis", ECCV 2006, sections 2 and 3.

    Examples
    --------
    >>> from sklearn_3mtl.meta import PLDA
    >>> PLDA(shrinkage=0.5)
    PLDA(shrinkage=0.5)
    """

    has_steps = False
    fixed_outputs = False
    only_new_classes = True
    # Hidden layers would overfit to the training classes; without them, little is left to train.
    defaults = MappingProxyType({"hidden_layer_sizes": (), "n_estimators": 1, "max_epochs": 8})

    def __init__(self, shrinkage: float = 0.3) -> None:
        self.shrinkage = shrinkage

    def init(
        self, stages: Sequence[Stage], n_features: int, layout: TaskLayout, lr: float, seed: Seed
    ) -> _Covariances:
        """Make the module of both covariances, which start as the identity."""
        if not 0 < self.shrinkage <= 1:
            raise ValueError(f"`shrinkage` of PLDA should be in (0, 1]. Found {self.shrinkage!r}.")
        return _Covariances(n_features)

    def terms(self, state: _Covariances) -> list[Term]:
        """The term that updates the covariances before each epoch."""
        return [_CovarianceUpdate(self.shrinkage, state)]

    def adapt(
        self,
        stages: Sequence[Stage],
        support: SupportSet,
        state: _Covariances,
        lr: float,
        n_steps: int,
    ) -> _Gaussians:
        """Compute the posterior of each class's mean, given the support set of each task."""
        weight = support.output_weight * support.targets
        z = state.project(features_of(stages, support.x))
        # With axes for tasks and classes, (..., 1, 1, d); the members come first.
        spread = state.spread[..., None, None, :]
        total = 1.0 + spread * weight.sum(-2)[..., None]
        # Features are correlated: the more there are, the more a sum over them overstates evidence.
        inverse_temperature = state.inverse_temperature() / z.shape[-1] ** 0.25
        return _Gaussians(
            stages,
            state,
            spread * (weight.mT @ z) / total,
            1.0 + spread / total,
            inverse_temperature,
        )


class _CovarianceUpdate(Term):
    """The term that estimates the covariances of the training classes before each epoch."""

    def __init__(self, shrinkage: float, state: _Covariances) -> None:
        super().__init__()
        # In a tuple, so that it is not registered here too: the objective already saves the state.
        self.shrinkage, self._state = shrinkage, (state,)

    @torch.no_grad()
    def before_epoch(self, network: ThreeMTLNetwork, rows: TrainingRows) -> None:
        """Estimate the covariances on at most `MOST_ROWS` rows."""
        inputs, unit = rows.by_unit(MOST_ROWS)
        network.eval()
        x = network.encode(inputs).squeeze(0)
        self._update(features_of(network.stages(), x.unsqueeze(-3)).squeeze(-3).double(), unit)

    def _update(self, z: Tensor, unit: Tensor) -> None:
        centre = z.mean(-2, keepdim=True)
        z = z - centre
        own = F.one_hot(unit).to(z.dtype)
        own = own[:, own.any(0)]
        n_rows = own.sum(0)[:, None]
        means = own.mT @ z / n_rows
        off = means - means.mean(-2, keepdim=True)
        within = (z.mT @ z - (means * n_rows).mT @ means) / max(len(unit) - len(n_rows), 1)
        between = off.mT @ off / max(len(n_rows) - 1, 1)
        identity = torch.eye(z.shape[-1], dtype=z.dtype, device=z.device)
        size = within.diagonal(dim1=-2, dim2=-1).mean(-1).clamp_min(TINY)[..., None, None]
        within = within + self.shrinkage * (size * identity - within)
        # In this basis the within-class covariance is the identity, the other one is diagonal.
        lower = torch.linalg.cholesky(within)
        half = torch.linalg.solve_triangular(lower, between, upper=False)
        between = torch.linalg.solve_triangular(lower, half.mT, upper=False)
        spread, axes = torch.linalg.eigh(between)
        spread = spread.clamp_min(0.0)
        unseen = spread.mean(-1, keepdim=True).clamp_min(TINY)
        self._state[0].keep(
            centre=centre,
            basis=torch.linalg.solve_triangular(lower.mT, axes, upper=True),
            spread=spread + unseen,
        )


class _Covariances(nn.Module):
    """What `PLDA` learns: a basis in which both covariances are diagonal, and a factor.

    The factor multiplies the log-probabilities of the classes.

    Attributes
    ----------
    centre, basis, spread : tensors of shape (..., 1, d), (..., d, d) and (..., d)
        The mean; the basis in which the within-class covariance is the identity; the variances of
        the class means in that basis. There is a leading member axis once they were estimated.
    """

    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.inverse_temperature = PositiveScalar(1.0)
        self.register_buffer("centre", torch.zeros(1, n_features, dtype=torch.float32))
        self.register_buffer("basis", torch.eye(n_features, dtype=torch.float32))
        self.register_buffer("spread", torch.ones(n_features, dtype=torch.float32))

    centre: Tensor
    basis: Tensor
    spread: Tensor

    def keep(self, **found: Tensor) -> None:
        """Store estimates in the dtype of the parameters."""
        for name, value in found.items():
            setattr(self, name, value.to(self.inverse_temperature.logarithm.dtype))

    def project(self, z: Tensor) -> Tensor:
        """Centre features (..., T, R, d) of R rows of T tasks, and express them in the basis."""
        return (z - self.centre.unsqueeze(-3)) @ self.basis.unsqueeze(-3)

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Tensor], prefix: str, *args: object
    ) -> None:
        # The buffers take the shapes of the state, which depend on the number of members.
        self.keep(**{n: torch.empty_like(state_dict[prefix + n]) for n, _ in self.named_buffers()})
        super()._load_from_state_dict(state_dict, prefix, *args)


@dataclass(frozen=True)
class _Gaussians:
    """Classifies rows by Gaussian classes, each with a predictive mean and variance.

    Both have shape (..., T, n_outputs, d), for T tasks.
    """

    stages: Sequence[Stage]
    state: _Covariances
    mean: Tensor
    variance: Tensor
    inverse_temperature: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        z = self.state.project(features_of(self.stages, x))
        precision = 1.0 / self.variance
        fixed = (self.mean.square() * precision + self.variance.log()).sum(-1).unsqueeze(-2)
        square = z.square() @ precision.mT - 2.0 * z @ (self.mean * precision).mT
        return -0.5 * self.inverse_temperature * (square + fixed)

    def of(self, tasks: Tensor) -> _Gaussians:
        mean, variance = (v.index_select(-3, tasks) for v in (self.mean, self.variance))
        return replace(self, mean=mean, variance=variance)
