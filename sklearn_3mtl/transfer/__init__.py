"""Transfer to new tasks and domains: strategies and domain losses."""

from sklearn_3mtl.transfer.domain import CORAL, DANN, DOMAIN_LOSSES, MMD, DomainLoss, FeatureLoss
from sklearn_3mtl.transfer.strategies import (
    STRATEGIES,
    Auto,
    Extract,
    FineTune,
    Rate,
    TransferStrategy,
)

__all__ = [
    "CORAL",
    "DANN",
    "DOMAIN_LOSSES",
    "MMD",
    "STRATEGIES",
    "Auto",
    "DomainLoss",
    "Extract",
    "FeatureLoss",
    "FineTune",
    "Rate",
    "TransferStrategy",
]
