"""What training minimises."""

from sklearn_3mtl.objective.bi_level import BiLevelObjective, InnerLoop, adapted_outputs
from sklearn_3mtl.objective.domain_term import DomainTerm
from sklearn_3mtl.objective.losses import LabelLosses
from sklearn_3mtl.objective.single_level import MeanLosses, SingleLevelObjective, TaskBalance

__all__ = [
    "BiLevelObjective",
    "DomainTerm",
    "InnerLoop",
    "LabelLosses",
    "MeanLosses",
    "SingleLevelObjective",
    "TaskBalance",
    "adapted_outputs",
]
