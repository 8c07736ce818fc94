"""Linear corrections on frozen features, solved instead of trained."""

from sklearn_3mtl.adapting.probe.linear_probe import Probe, solve_probe
from sklearn_3mtl.adapting.probe.mixtures import Blocks

__all__ = ["Blocks", "Probe", "solve_probe"]
