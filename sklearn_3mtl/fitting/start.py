"""What training starts from: encoders and backbone of a fitted estimator."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable
from dataclasses import dataclass, replace
from itertools import zip_longest

from torch import nn

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.data.tables import InputTable, find_name
from sklearn_3mtl.fitted.fitted import Fitted
from sklearn_3mtl.fitted.model import FittedModel

__all__ = ["Start"]

# The parameters that can be "auto" and set the shapes of encoders and backbone.
SHAPES = ("n_estimators", "hidden_layer_sizes")
REPRESENTATION = ("encoders.", "backbone.")
# Inner learning rate times curvature of the heads' loss. Steps on the heads alone diverge at 2; the
# layers below the heads move too, so the rate has to be lower.
SAFE_STEP = 0.25
Named = tuple[str, nn.Parameter]


@dataclass(frozen=True)
class Start:
    """A fitted model from whose encoders and backbone the training of another one starts.

    Parameters
    ----------
    model : FittedModel
        The source.
    columns : list of hashable
        Names of the columns of the source's X; positions if they had no names.
    no_inputs : collection of int
        Positions of the columns that hold task ids or domains.
    """

    model: FittedModel
    columns: list[Hashable]
    no_inputs: Collection[int] = ()

    @classmethod
    def of(cls, fitted: Fitted) -> Start:
        """Make the start of training from the result of a fit, the source."""
        names, settings = fitted.columns.as_list(), fitted.model.settings
        ids = [column for column in (settings.task, settings.domain) if column is not None]
        return cls(fitted.model, names, [find_name(names, column, "source") for column in ids])

    def reading(self, table: InputTable, no_inputs: Collection[int]) -> Start:
        """Match the source to the columns of another table.

        `no_inputs` are the positions of its columns of task ids or domains, which may differ from
        the source's.

        Raises
        ------
        ValueError
            If the table's inputs are not those of the source.
        """
        theirs = [p for p in range(len(self.columns)) if p not in self.no_inputs]
        ours = [p for p in range(len(table.names)) if p not in no_inputs]
        wanted, found = [self.columns[p] for p in theirs], [table.names[p] for p in ours]
        unnamed = all(list(c) == list(range(len(c))) for c in (self.columns, table.names))
        if len(wanted) != len(found) or not (unnamed or wanted == found):
            raise ValueError(
                f"X should have the columns of `source`'s X, {wanted!r}, ids aside. "
                f"Found {found!r}."
            )
        place = dict(zip(theirs, ours, strict=True))
        return replace(self, model=self.model.moved(place))

    def shapes(self) -> dict[str, object]:
        """The source's values of parameters that shape the network and can be "auto"."""
        known = {**self.model.settings.values(), **self.model.chosen}
        return {name: known[name] for name in SHAPES}

    def inner_lr(self, table: InputTable) -> float:
        """The largest safe `inner_lr`, from the curvature of the loss on the source's features."""
        return SAFE_STEP / (1.0 + self.model.feature_norm(table))

    def copy_weights(self, network: ThreeMTLNetwork) -> None:
        """Copy the source's weights of encoders and backbone to a network of the same shape.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        theirs, ours = _representation(self.model.network), _representation(network)
        if self.model.network.prior is not None and network.prior is None:
            theirs = _without_prior(theirs, ours)
        pairs = list(zip_longest(theirs, ours))
        for there, here in pairs:
            if _shape(there) != _shape(here):
                raise ValueError(
                    f"The network has another shape than that of `source`: {_told(there)} there, "
                    f"{_told(here)} here. Give the same `backbone`, `hidden_layer_sizes`, "
                    '`n_estimators`, `numeric_embedding` and `modalities`; "auto" takes the '
                    "source's sizes."
                )
        for there, here in pairs:
            here[1].data.copy_(there[1].data)


def _without_prior(theirs: list[Named], ours: list[Named]) -> list[Named]:
    """The parameters of a source without the weights of its prior's outputs, the last inputs."""
    found = []
    for (name, there), (_, here) in zip_longest(theirs, ours, fillvalue=theirs[0]):
        narrower = there.dim() == here.dim() and there.shape[:-1] == here.shape[:-1]
        n_inputs = here.shape[-1] if narrower else there.shape[-1]
        found.append((name, nn.Parameter(there.data[..., :n_inputs])))
    return found


def _representation(network: ThreeMTLNetwork) -> list[Named]:
    """The parameters of a network's encoders and backbone, with their names, in order.

    Names are compared without numbers: those differ if one network has dropout layers.
    """
    return [(n, p) for n, p in network.named_parameters() if n.startswith(REPRESENTATION)]


def _shape(named: Named | None) -> tuple[str, tuple[int, ...]] | None:
    if named is None:
        return None
    name, parameter = named
    return re.sub(r"\d+", "", name), tuple(parameter.shape)


def _told(named: Named | None) -> str:
    return "nothing" if named is None else f"{named[0]!r} of shape {tuple(named[1].shape)}"
