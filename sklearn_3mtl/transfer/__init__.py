"""Carrying what was learned over to new tasks."""

from sklearn_3mtl.transfer._views import View
from sklearn_3mtl.transfer.linear_probe import Probe, solve_probe

__all__ = ["Probe", "View", "solve_probe"]
