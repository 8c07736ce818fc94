"""What training minimises."""

from sklearn_3mtl.objective.alignment import Alignment
from sklearn_3mtl.objective.bi_level import BiLevelObjective
from sklearn_3mtl.objective.losses import LabelLosses
from sklearn_3mtl.objective.single_level import SingleLevelObjective

__all__ = ["Alignment", "BiLevelObjective", "LabelLosses", "SingleLevelObjective"]
