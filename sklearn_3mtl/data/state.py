"""The state of a fitted part, as plain values and tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import DTypeLike
from torch import Tensor

__all__ = ["State", "are_positions"]

T = TypeVar("T")


@dataclass(frozen=True)
class State:
    """What a fitted part of an estimator has learned, in a form that is saved and restored.

    A part is for example the network, or the coding of the inputs. A part that holds other parts
    has the state of each under its name. The methods that read entries raise ValueError if an entry
    is missing or has another type, so that a damaged file is refused.

    Parameters
    ----------
    values : dict of str to object
        Numbers, strings, dtypes, arrays, containers of them, and scikit-learn estimators.
    tensors : dict of str to tensor
        Tensors, by name.
    """

    values: dict[str, object]
    tensors: dict[str, Tensor] = field(default_factory=dict)

    def with_parts(self, parts: Mapping[str, State]) -> State:
        """Return this state with the states of further parts added under their names."""
        values, tensors = dict(self.values), dict(self.tensors)
        for name, part in parts.items():
            values[name] = part.values
            tensors |= {f"{name}.{key}": value for key, value in part.tensors.items()}
        return State(values, tensors)

    def has(self, name: str) -> bool:
        """Whether there is an entry or part of that name."""
        return name in self.values

    def part(self, name: str) -> State:
        """Return the state of the part that was added under that name."""
        start = f"{name}."
        own = {n.removeprefix(start): t for n, t in self.tensors.items() if n.startswith(start)}
        return State(self.entry(name, dict), own)

    def entry(self, name: str, kind: type[T]) -> T:
        """The value of an entry, whose type has to be exactly `kind`."""
        if name not in self.values:
            raise ValueError(f"it has no {name!r}")
        value = self.values[name]
        if type(value) is not kind:
            raise ValueError(f"its {name!r} is {value!r}")
        return value

    def optional(self, name: str, kind: type[T]) -> T | None:
        """The value of an entry that may be None or, if not, has to be of type `kind`."""
        return None if self.values.get(name, self) is None else self.entry(name, kind)

    def positions(self, name: str, limit: int) -> list[int]:
        """The value of an entry that has to be a list of integers from 0 to `limit` - 1."""
        found = self.entry(name, list)
        if not are_positions(found, limit):
            raise ValueError(f"its {name!r} is {found!r}")
        return found

    def array(self, name: str, dtype: DTypeLike, n_dims: int = 1) -> np.ndarray:
        """The tensor of that name as an array; dtype and number of dimensions have to match."""
        if name not in self.tensors:
            raise ValueError(f"it has no {name!r}")
        array = self.tensors[name].numpy()
        if array.dtype != dtype or array.ndim != n_dims:
            raise ValueError(f"its {name!r} has dtype {array.dtype} and shape {array.shape}")
        return array

    @classmethod
    def of(cls, values: Mapping[str, object], arrays: Mapping[str, np.ndarray]) -> State:
        """Make a state from values and arrays; the arrays are stored as tensors."""
        return cls(dict(values), {name: torch.from_numpy(array) for name, array in arrays.items()})


def are_positions(values: object, limit: int) -> bool:
    """Whether `values` is a list of integers from 0 to `limit` - 1."""
    return isinstance(values, list) and all(
        type(value) is int and 0 <= value < limit for value in values
    )
