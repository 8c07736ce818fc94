"""Carrying what was learned over to new tasks."""

from sklearn_3mtl.transfer._mixtures import Blocks
from sklearn_3mtl.transfer.linear_probe import Probe, solve_probe

__all__ = ["Blocks", "Probe", "solve_probe"]
