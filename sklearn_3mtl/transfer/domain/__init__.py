"""Losses that make the features of several domains alike; one file for each."""

from sklearn_3mtl.transfer.domain.base import DomainLoss, FeatureLoss
from sklearn_3mtl.transfer.domain.coral import CORAL
from sklearn_3mtl.transfer.domain.dann import DANN
from sklearn_3mtl.transfer.domain.mmd import MMD

__all__ = ["CORAL", "DANN", "DOMAIN_LOSSES", "MMD", "DomainLoss", "FeatureLoss"]

DOMAIN_LOSSES: dict[str, type[DomainLoss]] = {"dann": DANN, "coral": CORAL, "mmd": MMD}
