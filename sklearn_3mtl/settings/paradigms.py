"""The parts that each paradigm of the union has."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ABSENT", "PARADIGMS"]

# Which parts each paradigm has, besides what all share; the others are absent.
PARADIGMS: dict[str, frozenset[str]] = {
    "3mtl": frozenset({"meta", "transfer"}),
    "mtl": frozenset(),
    "meta": frozenset({"meta"}),
    "transfer": frozenset({"transfer"}),
    "mtl+meta": frozenset({"meta"}),
    "mtl+transfer": frozenset({"transfer"}),
    "meta+transfer": frozenset({"meta", "transfer"}),
}

# The values of the parameters of a part that is absent.
ABSENT: dict[str, Mapping[str, object]] = {
    "meta": {"meta": None, "episodes": "tasks"},
    "transfer": {"source": None, "strategy": None, "head": None, "domain_loss": None},
}
