"""Carrying what was learned over to new tasks and domains; a file for each method."""

from sklearn_3mtl.transfer._domain_loss import DomainLoss
from sklearn_3mtl.transfer._mixtures import Blocks
from sklearn_3mtl.transfer._strategy import Rate, TransferStrategy
from sklearn_3mtl.transfer.auto import Auto
from sklearn_3mtl.transfer.coral import CORAL
from sklearn_3mtl.transfer.dann import DANN
from sklearn_3mtl.transfer.extract import Extract
from sklearn_3mtl.transfer.fine_tune import FineTune
from sklearn_3mtl.transfer.linear_probe import Probe, solve_probe
from sklearn_3mtl.transfer.mmd import MMD

__all__ = [
    "CORAL",
    "DANN",
    "DOMAIN_LOSSES",
    "MMD",
    "STRATEGIES",
    "Auto",
    "Blocks",
    "DomainLoss",
    "Extract",
    "FineTune",
    "Probe",
    "Rate",
    "TransferStrategy",
    "solve_probe",
]

DOMAIN_LOSSES: dict[str, type[DomainLoss]] = {"dann": DANN, "coral": CORAL, "mmd": MMD}
STRATEGIES: dict[str, type[TransferStrategy]] = {
    "auto": Auto,
    "extract": Extract,
    "fine_tune": FineTune,
}
