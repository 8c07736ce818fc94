"""The library's own methods, by the parameter that takes them and their short name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sklearn.base import BaseEstimator

from sklearn_3mtl.balancing import BALANCING
from sklearn_3mtl.core.fusion import FUSION
from sklearn_3mtl.data.kinds import KINDS
from sklearn_3mtl.meta import META
from sklearn_3mtl.sharing import SHARING
from sklearn_3mtl.transfer import DOMAIN_LOSSES, STRATEGIES

__all__ = ["REGISTRIES", "PlugIn", "find_plug_in", "make_plug_in"]

REGISTRIES: dict[str, Mapping[str, type[BaseEstimator]]] = {
    "balancing": BALANCING,
    "sharing": SHARING,
    "meta": META,
    "domain_loss": DOMAIN_LOSSES,
    "strategy": STRATEGIES,
    "fusion": FUSION,
    "task_kinds": KINDS,
}


class PlugIn(NamedTuple):
    """How a file writes one of the library's own methods, such as ``balancing=Manual()``.

    Attributes
    ----------
    parameter, name : str
        The estimator's parameter that takes it, and its short name there.
    parameters : dict
        The method's own parameters.
    """

    parameter: str
    name: str
    parameters: dict[str, object]


def find_plug_in(value: object) -> PlugIn | None:
    """Return the record by which a file stands for one of the library's own methods.

    None for any other object.
    """
    for parameter, registry in REGISTRIES.items():
        for name, cls in registry.items():
            if type(value) is cls and isinstance(value, BaseEstimator):
                return PlugIn(parameter, name, value.get_params(deep=False))
    return None


def make_plug_in(plug_in: PlugIn) -> BaseEstimator:
    """Make the object that a record of a file stands for."""
    return REGISTRIES[plug_in.parameter][plug_in.name](**plug_in.parameters)
