"""The table of all estimators' parameters and attributes.

Constraints, signatures and docstrings are all made from it; ``make shells`` writes the latter two.
"""

from __future__ import annotations

from sklearn_3mtl.settings.parameters.adapting import ADAPTING
from sklearn_3mtl.settings.parameters.attributes import ATTRIBUTES
from sklearn_3mtl.settings.parameters.base import (
    FAMILIES,
    KINDS,
    MIXED,
    Entry,
    Family,
    Kinds,
    Parameter,
)
from sklearn_3mtl.settings.parameters.data import DATA
from sklearn_3mtl.settings.parameters.meta import META_LEARNING
from sklearn_3mtl.settings.parameters.network import NETWORK
from sklearn_3mtl.settings.parameters.objective import OBJECTIVE
from sklearn_3mtl.settings.parameters.training import TRAINING
from sklearn_3mtl.settings.parameters.transfer import TRANSFER
from sklearn_3mtl.settings.parameters.union import UNION

__all__ = [
    "FAMILIES",
    "KINDS",
    "MIXED",
    "Entry",
    "Family",
    "Kinds",
    "Parameter",
    "attributes_of",
    "constraints_of",
    "parameters_of",
]

# In the order of the signatures.
_TABLE = (
    *UNION, *DATA, *NETWORK, *OBJECTIVE, *META_LEARNING, *TRANSFER, *ADAPTING, *TRAINING,
)  # fmt: skip


def parameters_of(family: Family, kinds: Kinds = "mixed") -> list[Parameter]:
    """The table's entries for the parameters of an estimator class, in the signature's order."""
    return [row.within(family, kinds) for row in _TABLE if family in row.families]


def attributes_of(family: Family, kinds: Kinds = "mixed") -> list[Entry]:
    """The table's entries for the attributes that `fit` sets on an estimator class."""
    return [
        row.within(family, kinds)
        for row in ATTRIBUTES
        if family in row.families and kinds in row.kinds
    ]


def constraints_of(family: Family) -> dict[str, list[object]]:
    """What scikit-learn's parameter validation accepts for each parameter, by name.

    `family` names the estimators, such as ``"multitask"``.
    """
    return {row.name: row.constraint for row in parameters_of(family)}
