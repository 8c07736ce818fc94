"""Linear corrections on frozen features, solved for in closed form or by convex optimisation."""

from sklearn_3mtl.adapting.probe.linear_probe import Probe, solve_probe
from sklearn_3mtl.adapting.probe.mixtures import Blocks

__all__ = ["Blocks", "Probe", "solve_probe"]
