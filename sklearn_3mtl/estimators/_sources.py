"""What training starts from: the representation of a fitted estimator."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.data._tables import InputTable
from sklearn_3mtl.estimators._model import FittedModel

__all__ = ["Start"]

# What the shapes of encoders and backbone follow from.
SHAPES = ("n_estimators", "hidden_layer_sizes")
REPRESENTATION = ("encoders.", "backbone.")


@dataclass(frozen=True)
class Start:
    """A fitted model whose encoders and backbone another one starts from.

    Parameters
    ----------
    model : FittedModel
        The source.
    columns : list of hashable
        The columns of its X; positions where they had no names.
    """

    model: FittedModel
    columns: list[Hashable]

    def check(self, table: InputTable) -> None:
        """Refuse a table of other columns than the source's."""
        if list(table.names) != self.columns:
            raise ValueError(
                f"X should have the columns of `source`'s X, {self.columns!r}. "
                f"Found {list(table.names)!r}."
            )

    def shapes(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """The source's own values of the parameters that are "auto" and shape the network."""
        known = {**self.model.parameters, **self.model.chosen}
        return {name: known[name] for name in SHAPES if name in chosen}

    def copy_weights(self, network: ThreeMTLNetwork) -> None:
        """Give a network of the same shape the source's representation.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        theirs, ours = self._representation(self.model.network), self._representation(network)
        differing = [n for n in {**theirs, **ours} if _shape(theirs, n) != _shape(ours, n)]
        if differing:
            raise ValueError(
                "The network has another shape than that of `source` "
                f"({differing[0]!r}: {_shape(theirs, differing[0])} there, "
                f"{_shape(ours, differing[0])} here). Give the same `backbone`, "
                "`hidden_layer_sizes`, `n_estimators`, `numeric_embedding` and `modalities`; "
                '"auto" takes the source\'s sizes.'
            )
        for name, parameter in ours.items():
            parameter.data.copy_(theirs[name].data)

    def _representation(self, network: ThreeMTLNetwork) -> dict[str, Any]:
        return {n: p for n, p in network.named_parameters() if n.startswith(REPRESENTATION)}


def _shape(parameters: Mapping[str, Any], name: str) -> tuple[int, ...] | None:
    return tuple(parameters[name].shape) if name in parameters else None
