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
        """The fraction of the learning rate that the parameter is trained with."""

    @property
    def start(self) -> float:
        """The fraction of training after which the parameter is trained."""


class ParameterGroup(TypedDict):
    """A parameter group of an optimizer, with options for the learning-rate schedule.

    `share` is the fraction of the learning rate, `start` the fraction of training before the group
    is trained.
    """

    params: list[nn.Parameter]
    share: NotRequired[float]
    start: NotRequired[float]
    weight_decay: NotRequired[float]


def grouped_by_rate(module: nn.Module, rates: Mapping[str, Rate] | None) -> list[ParameterGroup]:
    """Group the parameters that require a gradient by rate, for the optimizer.

    The groups are as few as possible, because each further group slows down the optimizer.
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
    """The factor of a parameter group's learning rate at a fraction `progress` of training.

    It is `factor`, that of the schedule, times the group's share, and 0 before the group's start.
    """
    return factor * group.get("share", 1.0) * (progress >= group.get("start", 0.0))
