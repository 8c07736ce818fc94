"""Rules that combine the tasks' losses into one; one file for each."""

from sklearn_3mtl.balancing.base import Balancing
from sklearn_3mtl.balancing.equal import Equal
from sklearn_3mtl.balancing.manual import Manual
from sklearn_3mtl.balancing.uncertainty import Uncertainty

__all__ = ["BALANCING", "Balancing", "Equal", "Manual", "Uncertainty"]

BALANCING: dict[str, type[Balancing]] = {
    "equal": Equal,
    "manual": Manual,
    "uncertainty": Uncertainty,
}
