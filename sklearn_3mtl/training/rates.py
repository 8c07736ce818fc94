"""Learning rates that differ from layer to layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from torch import nn

__all__ = ["Rate", "grouped_by_rate", "scaled"]


class Rate(Protocol):
    """How fast a parameter is trained."""

    @property
    def share(self) -> float:
        """Of the learning rate."""

    @property
    def start(self) -> float:
        """The share of training after which it begins to move."""


def grouped_by_rate(module: nn.Module, rates: Mapping[str, Rate] | None) -> list[dict[str, Any]]:
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


def scaled(group: Mapping[str, Any], factor: float, progress: float) -> float:
    """The factor of a group's learning rate when a share of training is done."""
    found: float = factor * group.get("share", 1.0) * (progress >= group.get("start", 0.0))
    return found
