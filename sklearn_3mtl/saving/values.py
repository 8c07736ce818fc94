"""Encode plain values, such as lists and arrays, as JSON, and decode them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from sklearn_3mtl.saving.dtypes import (
    DECODERS,
    Decode,
    Json,
    encode_dtype,
    encode_pandas_value,
)
from sklearn_3mtl.saving.registry import PlugIn, find_plug_in, make_plug_in

__all__ = ["Decoder", "Encoder", "NotPlainError"]

TAG = "__type__"
# The kinds of NumPy dtypes whose values JSON can hold.
PLAIN_KINDS = "biufUmMO"


class NotPlainError(TypeError):
    """The error that a file can't hold a value without code."""


class Encoder:
    """Turns values into JSON's types, and collects the objects that JSON can't hold.

    Attributes
    ----------
    objects : list
        The objects that were collected, each once.
    """

    def __init__(self) -> None:
        self.objects: list[object] = []

    def take(self, value: object, where: str | None) -> None:
        """Called before an object is collected; a subclass may raise :class:`NotPlainError`.

        Parameters
        ----------
        value : object
            An object that is neither plain nor one of the library's plug-ins.
        where : str or None
            The parameter that holds it, for error messages. None for a part of a fit's result.
        """

    def encode(self, value: object, where: str | None = None) -> Json:
        """Encode a value as JSON.

        An object that JSON can't hold is collected, and its number in `objects` is encoded.
        """
        if value is None or type(value) in (str, bool, int, float):
            return value
        if isinstance(value, np.generic):
            return self._array("scalar", np.asarray(value))
        if isinstance(value, list):
            return [self.encode(item, where) for item in value]
        if isinstance(value, tuple):
            return {TAG: "tuple", "items": [self.encode(item, where) for item in value]}
        if isinstance(value, Mapping):
            items = [[self.encode(k), self.encode(v, _at(where, k))] for k, v in value.items()]
            return {TAG: "dict", "items": items}
        if isinstance(value, np.ndarray):
            return self._array("array", value)
        found = encode_dtype(value, self.encode)
        if found is None:
            found = encode_pandas_value(value, self.encode)
        if found is None:
            return self._other(value, where)
        self._check(value, found)
        return found

    def _check(self, value: object, encoded: Json) -> None:
        """Raise `NotPlainError` if decoding would not restore a dtype or a value of pandas."""
        try:
            found = Decoder(self.objects).decode(encoded)
        except (TypeError, ValueError, LookupError, ArithmeticError):
            found = None
        if found is not value and found != value:
            raise NotPlainError(f"{type(value).__name__} {value!r}")

    def _array(self, kind: str, array: np.ndarray) -> Json:
        """Encode an array or a scalar with its dtype; times become integers in the dtype's unit."""
        dtype = array.dtype
        if dtype.kind not in PLAIN_KINDS or (dtype.kind == "f" and dtype.itemsize > 8):
            raise NotPlainError(f"{type(array).__name__} of dtype {dtype}")
        items = array.astype(np.int64) if dtype.kind in "mM" else array
        encoded = [self.encode(item) for item in items.ravel().tolist()]
        record = {TAG: kind, "dtype": "str" if dtype.kind == "U" else dtype.str}
        if kind == "scalar":
            return {**record, "value": encoded[0]}
        return {**record, "shape": list(array.shape), "items": encoded}

    def _other(self, value: object, where: str | None) -> Json:
        if isinstance(value, bytes):
            return {TAG: "bytes", "value": value.decode("latin-1")}
        if isinstance(value, torch.device):
            return {TAG: "device", "name": str(value)}
        name = getattr(value, "__name__", "")
        if isinstance(value, type) and getattr(torch.optim, name, None) is value:
            return {TAG: "optimizer", "name": name}
        plug_in = find_plug_in(value)
        if plug_in is not None:
            own = [[key, self.encode(item)] for key, item in plug_in.parameters.items()]
            named = {"parameter": plug_in.parameter, "name": plug_in.name}
            return {TAG: "plug_in", **named, "parameters": own}
        known = [number for number, kept in enumerate(self.objects) if kept is value]
        if not known:
            self.take(value, where)
            self.objects.append(value)
        return {TAG: "object", "number": known[0] if known else len(self.objects) - 1}


def _at(where: str | None, key: object) -> str | None:
    return None if where is None else f"{where}[{key!r}]"


class Decoder:
    """Turns what an :class:`Encoder` returned back into values.

    Parameters
    ----------
    objects : sequence
        The objects that were collected.
    """

    def __init__(self, objects: Sequence[object] = ()) -> None:
        self.objects = objects

    def decode(self, value: Json) -> Any:
        """Return the value that `Encoder.encode` encoded."""
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return value
        tag = value.get(TAG, "")
        if tag == "object":
            return self._object(value["number"])
        decoder = DECODERS.get(tag) or _DECODERS.get(tag)
        if decoder is None:
            raise ValueError(f"unknown type {tag!r}")
        return decoder(value, self.decode)

    def _object(self, number: object) -> object:
        if type(number) is not int or not 0 <= number < len(self.objects):
            raise ValueError(f"it has no object {number!r}")
        return self.objects[number]


def _decode_array(value: Mapping[str, Json], decode: Decode) -> np.ndarray:
    items, dtype = [decode(item) for item in value["items"]], np.dtype(value["dtype"])
    if dtype.kind not in PLAIN_KINDS or (dtype.kind == "U" and value["dtype"] != "str"):
        raise ValueError(f"unknown dtype {dtype}")
    if dtype.kind in "mM":
        return np.array(items, dtype=np.int64).astype(dtype).reshape(value["shape"])
    if dtype.kind != "O":
        return np.array(items, dtype=dtype).reshape(value["shape"])
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array.reshape(value["shape"])


def _decode_scalar(value: Mapping[str, Json], decode: Decode) -> np.generic:
    found: np.generic = _decode_array({**value, "shape": [1], "items": [value["value"]]}, decode)[0]
    return found


def _decode_optimizer(value: Mapping[str, Json], decode: Decode) -> type[torch.optim.Optimizer]:
    found = getattr(torch.optim, value["name"])
    if not (isinstance(found, type) and issubclass(found, torch.optim.Optimizer)):
        raise ValueError(f"{value['name']!r} is no optimizer of torch.optim")
    return found


def _decode_plug_in(value: Mapping[str, Json], decode: Decode) -> object:
    parameters = {key: decode(item) for key, item in value["parameters"]}
    return make_plug_in(PlugIn(value["parameter"], value["name"], parameters))


_DECODERS: dict[str, Callable[[Mapping[str, Json], Decode], object]] = {
    "tuple": lambda v, decode: tuple(decode(item) for item in v["items"]),
    "dict": lambda v, decode: {decode(key): decode(item) for key, item in v["items"]},
    "array": _decode_array,
    "scalar": _decode_scalar,
    "bytes": lambda v, decode: v["value"].encode("latin-1"),
    "device": lambda v, decode: torch.device(v["name"]),
    "optimizer": _decode_optimizer,
    "plug_in": _decode_plug_in,
}
