"""Carrying what was learned over to new tasks and domains; a file for each domain loss."""

from sklearn_3mtl.transfer._domain_loss import DomainLoss
from sklearn_3mtl.transfer._mixtures import Blocks
from sklearn_3mtl.transfer.coral import CORAL
from sklearn_3mtl.transfer.dann import DANN
from sklearn_3mtl.transfer.linear_probe import Probe, solve_probe
from sklearn_3mtl.transfer.mmd import MMD

__all__ = ["CORAL", "DANN", "DOMAIN_LOSSES", "MMD", "Blocks", "DomainLoss", "Probe", "solve_probe"]

DOMAIN_LOSSES: dict[str, type[DomainLoss]] = {"dann": DANN, "coral": CORAL, "mmd": MMD}
