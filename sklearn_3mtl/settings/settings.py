"""All parameters of all estimators, typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self, cast

from sklearn_3mtl.settings.groups import (
    AdaptingSettings,
    DataSettings,
    MetaSettings,
    NetworkSettings,
    ObjectiveSettings,
    TrainingSettings,
    TransferSettings,
)
from sklearn_3mtl.settings.paradigms import ABSENT, PARADIGMS

__all__ = ["Settings"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Settings(
    DataSettings,
    NetworkSettings,
    ObjectiveSettings,
    MetaSettings,
    TransferSettings,
    TrainingSettings,
    AdaptingSettings,
):
    """The parameters of an estimator as they were given, "auto" and short names included.

    A parameter that the estimator lacks has its default, which usually switches a part (such as
    meta-learning) off.
    """

    paradigm: str = "3mtl"

    @classmethod
    def of(cls, parameters: Mapping[str, object]) -> Self:
        """The settings of an estimator, from ``estimator.get_params(deep=False)``."""
        return cls(**cast(Mapping[str, Any], parameters))

    def values(self) -> dict[str, object]:
        """All parameters by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def with_values(self, changed: Mapping[str, object]) -> Self:
        """A copy with other values for some parameters."""
        return self.of({**self.values(), **changed})

    def without(self, parts: Iterable[str]) -> Self:
        """A copy in which some parts, ``"meta"`` or ``"transfer"``, are switched off."""
        changed: dict[str, object] = {}
        for part in parts:
            changed |= ABSENT[part]
        return self.with_values(changed) if changed else self

    def of_paradigm(self) -> Self:
        """A copy without the parts that the parameter `paradigm` excludes."""
        return self.without(part for part in ABSENT if part not in PARADIGMS[self.paradigm])

    def differing(self, other: Settings, names: Iterable[str]) -> list[str]:
        """Those of the parameters `names` whose values differ from the other settings'."""
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in names}
        return [n for n, (a, b) in pairs.items() if a is not b and repr(a) != repr(b)]
