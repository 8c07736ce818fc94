"""The entry of one parameter or attribute in the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from typing import Literal, Self, TypedDict

from sklearn.utils._param_validation import Interval, StrOptions

__all__ = [
    "AUTO", "COUNT", "FAMILIES", "FRACTION", "KINDS", "MIXED", "NON_NEGATIVE", "POSITIVE", "Entry",
    "EntryVariant", "Family", "Kinds", "Parameter", "Variant", "choices",
]  # fmt: skip

Family = Literal["multitask", "meta", "transfer", "three_mtl"]
Kinds = Literal["regression", "classification", "mixed"]

FAMILIES: tuple[Family, ...] = ("multitask", "meta", "transfer", "three_mtl")
KINDS: tuple[Kinds, ...] = ("regression", "classification", "mixed")
# The estimator for targets of mixed kinds in each family.
MIXED: dict[Family, str] = {
    "multitask": "MultiTaskEstimator",
    "meta": "MetaLearner",
    "transfer": "TransferEstimator",
    "three_mtl": "ThreeMTLEstimator",
}

AUTO = StrOptions({"auto"})
POSITIVE = Interval(Real, 0, None, closed="neither")
NON_NEGATIVE = Interval(Real, 0, None, closed="left")
COUNT = Interval(Integral, 1, None, closed="left")
FRACTION = Interval(Real, 0, 1, closed="neither")


class EntryVariant(TypedDict, total=False):
    """The fields of an `Entry` that differ for one family of estimators or kind of targets."""

    type: str
    text: str


class Variant(EntryVariant, total=False):
    """The fields of a `Parameter` that differ for one family of estimators or kind of targets."""

    annotation: str
    default: object
    constraint: list[object]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The docstring entry of a parameter or attribute of the estimators, as numpydoc wants it.

    Parameters
    ----------
    name : str
        Name of the parameter or attribute.
    type : str
        Its type in words, as numpydoc wants it.
    text : str
        What it means. ``{mixed}`` stands for the family's estimator of targets of mixed kinds, such
        as MultiTaskEstimator.
    families, kinds : tuple of str
        The estimators that have it.
    variants : mapping of family or kinds to Variant
        What differs in these. A family's variant takes precedence over that of the kinds.
    """

    name: str
    type: str
    text: str
    families: tuple[Family, ...] = FAMILIES
    kinds: tuple[Kinds, ...] = KINDS
    variants: Mapping[Family | Kinds, EntryVariant] = field(default_factory=dict)

    @property
    def heading(self) -> str:
        """The first line of the docstring entry: name and type."""
        return f"{self.name} : {self.type}"

    def within(self, family: Family, kinds: Kinds) -> Self:
        """The entry for one family of estimators and one kind of targets."""
        found = self
        for key in (kinds, family):
            if key in self.variants:
                found = replace(found, **self.variants[key])
        return replace(found, text=found.text.replace("{mixed}", MIXED[family]))


@dataclass(frozen=True, kw_only=True)
class Parameter(Entry):
    """A parameter of the estimators.

    Parameters
    ----------
    annotation : str
        The type in the signature.
    default : object
        The default value.
    constraint : list
        What scikit-learn's parameter validation accepts.
    """

    annotation: str
    default: object
    constraint: list[object]
    variants: Mapping[Family | Kinds, Variant] = field(default_factory=dict)

    @property
    def default_code(self) -> str:
        """The default as it stands in the source."""
        return f'"{self.default}"' if isinstance(self.default, str) else repr(self.default)

    @property
    def heading(self) -> str:
        """The first line of the docstring entry: name, type and default."""
        return f"{self.name} : {self.type}, default={self.default_code}"


def choices(names: Iterable[str]) -> str:
    """The set of some names, as numpydoc writes it."""
    return "{" + ", ".join(f'"{name}"' for name in names) + "}"
