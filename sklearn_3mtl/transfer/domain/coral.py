"""CORAL: make the covariance of the features the same in every domain."""

from __future__ import annotations

from torch import Tensor

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.transfer.domain.base import FeatureLoss, by_domain

__all__ = ["CORAL"]


class CORAL(FeatureLoss[None]):
    """Deep CORAL: squared Frobenius distances between the domains' feature covariances.

    The distance of domains a and b is ``|C_a - C_b|^2 / (4 d^2)``, where d is the number of
    features. The loss is the mean over all pairs of domains with at least two rows in the batch;
    other domains are ignored. Differences between the domains' mean features have no effect.

    References
    ----------
    Sun, Saenko, "Deep CORAL: correlation alignment for deep domain adaptation", ECCV 2016
    workshops, arXiv 1607.01719, equations 1 to 3.

    Examples
    --------
    The variances are 2 and 8:

    >>> import torch
    >>> from sklearn_3mtl.transfer import CORAL
    >>> z = torch.tensor([[[0.0], [2.0], [5.0], [9.0]]])
    >>> CORAL().loss(z, torch.tensor([0, 0, 1, 1]), 0.0, None)
    tensor(9.)
    """

    # The covariance of one row is not defined.
    fewest_rows = 2

    def init(self, n_features: int, n_domains: int, n_members: int, seed: Seed) -> None:
        """Return None: this loss learns nothing."""

    def loss(self, z: Tensor, domain: Tensor, progress: float, state: None) -> Tensor | None:
        """The mean of the scaled squared distances between the domains' covariances."""
        _, member, counts = by_domain(z, domain)
        member, counts = member[:, counts > 1], counts[counts > 1]
        n_domains, n_features = len(counts), z.shape[-1]
        if n_domains < 2:
            return None
        centred = z - member @ ((member / counts).mT @ z)
        share = member / (counts - 1.0)
        # All covariances are one product, of shape (..., K * d, d).
        weighted = (share.unsqueeze(-1) * centred.unsqueeze(-2)).flatten(-2)
        covariance = (weighted.mT @ centred).unflatten(-2, (n_domains, n_features))
        # The squared distances of K points from their mean sum to (K - 1) / 2 times the mean over
        # pairs.
        off = covariance - covariance.mean(-3, keepdim=True)
        out: Tensor = off.square().sum() * (2.0 / (n_domains - 1) / (4.0 * n_features**2))
        return out
