"""MMD: make the mean kernel embedding of the features the same in every domain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.transfer.domain.base import FeatureLoss, by_domain

__all__ = ["MMD"]


class MMD(FeatureLoss[None]):
    """Maximum mean discrepancy: squared distances between the domains' mean kernel embeddings.

    The kernel is the mean over `factors` of ``exp(-|x - y|^2 / (factor * m))``, where m is the
    median of ``|x - y|^2`` over all pairs of the batch's rows; no gradient flows through m. The
    loss is the mean over all pairs of domains in the batch of the biased estimate, which is >= 0.

    Parameters
    ----------
    factors : sequence of float, default=(0.25, 0.5, 1.0, 2.0, 4.0)
        The bandwidths as multiples of the median. ``(2.0,)`` is the ``sigma^2 = m`` of Gretton.

    References
    ----------
    Gretton, Borgwardt, Rasch, Schoelkopf, Smola, "A kernel two-sample test", JMLR 13 (2012),
    equation 5 (the estimator) and section 8 (the median). Long, Cao, Wang, Jordan, "Learning
    transferable features with deep adaptation networks", ICML 2015, arXiv 1502.02791, section 3.1
    (several kernels) and section 4.1 (bandwidths around the median).

    Examples
    --------
    Two rows at the median distance, ``2 - 2 exp(-1)``:

    >>> import torch
    >>> from sklearn_3mtl.transfer import MMD
    >>> z = torch.tensor([[[0.0], [3.0]]])
    >>> MMD(factors=(1.0,)).loss(z, torch.tensor([0, 1]), 0.0, None)
    tensor(1.2642)
    """

    def __init__(self, factors: Sequence[float] = (0.25, 0.5, 1.0, 2.0, 4.0)) -> None:
        self.factors = factors

    def init(self, n_features: int, n_domains: int, n_members: int, seed: Seed) -> None:
        """Check the factors and return None: this loss learns nothing."""
        factors = tuple(self.factors) if np.iterable(self.factors) else ()
        if not factors or not all(isinstance(f, Real) and 0 < f < math.inf for f in factors):
            raise ValueError(
                "`MMD.factors` should be a sequence of finite numbers > 0, such as (0.5, 1.0, "
                f"2.0). Found {self.factors!r}."
            )

    def loss(self, z: Tensor, domain: Tensor, progress: float, state: None) -> Tensor | None:
        """The mean squared distance between the domains' mean kernel embeddings."""
        codes, member, counts = by_domain(z, domain)
        if len(codes) < 2:
            return None
        squares = _square_distances(z)
        kernels = _kernels(squares / _typical(squares.detach())[..., None, None], self.factors)
        # The squared distances of K points from their mean sum to (K - 1) / 2 times the mean over
        # pairs.
        off = member / counts
        off = off - off.mean(-1, keepdim=True)
        # A sum of squares, which rounding could make negative.
        total = ((kernels @ off) * off).sum((-2, -1)).clamp_min(0.0)
        return total.sum() * (2.0 / (len(codes) - 1) / len(self.factors))


def _kernels(squares: Tensor, factors: Sequence[float]) -> Tensor:
    """The sum over the factors of ``exp(-squares / factor)``, for an array of squared distances."""
    kernels: dict[float, Tensor] = {}
    for factor in sorted(factors, reverse=True):
        twice = kernels.get(2.0 * factor)
        # Squaring is much faster than another exponential.
        kernels[factor] = torch.exp(squares / -factor) if twice is None else twice * twice
    total = kernels[factors[0]]
    for factor in factors[1:]:
        total = total + kernels[factor]
    return total


def _square_distances(z: Tensor) -> Tensor:
    """Squared distances of all pairs of rows, (..., B, B); exactly 0 from a row to itself."""
    # Centred numbers are small, and so are their rounding errors.
    centred = z - z.mean(-2, keepdim=True)
    products = centred @ centred.mT
    norms = products.diagonal(dim1=-2, dim2=-1)
    return (norms.unsqueeze(-1) + norms.unsqueeze(-2) - 2.0 * products).clamp_min(0.0)


def _typical(squares: Tensor) -> Tensor:
    """The median of the squared distances over pairs of different rows, of shape (...).

    It is about 0 if most rows are equal: then the mean is returned, or 1 if the mean is 0 too.
    """
    n_rows = squares.shape[-1]
    first, second = torch.triu_indices(n_rows, n_rows, offset=1, device=squares.device)
    pairs = squares[..., first, second]
    median, mean = pairs.median(-1).values, pairs.mean(-1)
    told_apart = median > mean * torch.finfo(squares.dtype).eps ** 0.5
    return torch.where(told_apart, median, torch.where(mean > 0, mean, 1.0))
