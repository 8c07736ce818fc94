"""Strategies: how a target uses the network of a source; one file for each."""

from sklearn_3mtl.transfer.strategies.auto import Auto
from sklearn_3mtl.transfer.strategies.base import Rate, TransferStrategy
from sklearn_3mtl.transfer.strategies.extract import Extract
from sklearn_3mtl.transfer.strategies.fine_tune import FineTune

__all__ = ["STRATEGIES", "Auto", "Extract", "FineTune", "Rate", "TransferStrategy"]

STRATEGIES: dict[str, type[TransferStrategy]] = {
    "auto": Auto,
    "extract": Extract,
    "fine_tune": FineTune,
}
