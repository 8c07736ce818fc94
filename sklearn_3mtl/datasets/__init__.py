"""Small data sets with several tasks, and generators of tasks with known correlation."""

from sklearn_3mtl.datasets._generators import (
    make_multitask_classification,
    make_multitask_regression,
)
from sklearn_3mtl.datasets._loaders import (
    load_beijing_air,
    load_student_performance,
    load_wine_quality,
    load_womens_clothing,
)

__all__ = [
    "load_beijing_air",
    "load_student_performance",
    "load_wine_quality",
    "load_womens_clothing",
    "make_multitask_classification",
    "make_multitask_regression",
]
