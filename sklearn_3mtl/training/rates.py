"""Learning rates that differ from layer to layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, Protocol, TypedDict

from torch import nn

__all__ = ["ParameterGroup", "Rate", "grouped_by_rate", "scaled"]


class Rate(Protocol):
    """How fast a parameter is trained."""

    @property
    def share(self) -> float:
        """Of the learning rate."""

    @property
    def start(self) -> float:
        """The share of training after which it begins to move."""


class ParameterGroup(TypedDict):
    """What an optimizer is told of some parameters."""

    params: list[nn.Parameter]
    share: NotRequired[float]
    start: NotRequired[float]
    weight_decay: NotRequired[float]


def grouped_by_rate(module: nn.Module, rates: Mapping[str, Rate] | None) -> list[ParameterGroup]:
    """The optimizer's groups of the parameters that are trained.

    One group where it can be: each more costs as much as all of its updates.
    """
    trained = {name: p for name, p in module.named_parameters() if p.requires_grad}
    if rates is None:
        return [{"params": list(trained.values())}]
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in trained.items():
        groups.setdefault((rates[name].share, rates[name].start), []).append(parameter)
    return [
        {"params": parameters, "share": share, "start": start}
        for (share, start), parameters in groups.items()
    ]


def scaled(group: ParameterGroup, factor: float, progress: float) -> float:
    """The factor of a group's learning rate when a share of training is done."""
    return factor * group.get("share", 1.0) * (progress >= group.get("start", 0.0))
