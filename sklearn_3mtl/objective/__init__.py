"""What training minimises."""

from sklearn_3mtl.objective.losses import LabelLosses
from sklearn_3mtl.objective.single_level import SingleLevelObjective

__all__ = ["LabelLosses", "SingleLevelObjective"]
