"""Encode dtypes, and values of pandas' own types such as Timestamp, as JSON, and decode them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DECODERS", "Decode", "Encode", "Json", "encode_dtype", "encode_pandas_value"]

Json = Any
"""A JSON value of any type; decoding finds out which."""

Encode = Callable[[object], Json]
Decode = Callable[[Json], Any]


def encode_dtype(dtype: object, encode: Encode) -> Json | None:
    """Encode a dtype of NumPy, pandas or pyarrow as JSON; return None for any other object."""
    if isinstance(dtype, np.dtype):
        return {"__type__": "dtype", "name": dtype.str}
    if isinstance(dtype, pd.CategoricalDtype):
        return _encode_categorical(dtype, encode)
    if isinstance(dtype, pd.StringDtype):
        missing = "nan" if dtype.na_value is np.nan else "NA"
        return {"__type__": "string_dtype", "storage": dtype.storage, "missing": missing}
    if isinstance(dtype, pd.ArrowDtype):
        return {"__type__": "arrow_dtype", "of": _encode_arrow(dtype.pyarrow_dtype)}
    if isinstance(dtype, pd.api.extensions.ExtensionDtype):
        return {"__type__": "pandas_dtype", "name": str(dtype)}
    return None


def _encode_categorical(dtype: pd.CategoricalDtype, encode: Encode) -> Json:
    record = {"__type__": "categorical", "ordered": bool(dtype.ordered)}
    if dtype.categories is None:
        return {**record, "items": None, "dtype": None}
    items, own = dtype.categories.tolist(), encode(dtype.categories.dtype)
    return {**record, "items": [encode(item) for item in items], "dtype": own}


def _decode_categorical(value: Mapping[str, Json], decode: Decode) -> pd.CategoricalDtype:
    if value["items"] is None:
        return pd.CategoricalDtype(ordered=value["ordered"])
    items = [decode(item) for item in value["items"]]
    categories = pd.Index(items, dtype=decode(value["dtype"]))
    return pd.CategoricalDtype(categories, ordered=value["ordered"])


def _decode_string_dtype(value: Mapping[str, Json], decode: Decode) -> pd.StringDtype:
    is_nan = {"nan": True, "NA": False}[value["missing"]]
    try:
        return _string_dtype(value["storage"], is_nan)
    except ImportError:
        # pyarrow is optional, and the storage only matters for speed.
        return _string_dtype("python", is_nan)


def _string_dtype(storage: Json, is_nan: bool) -> pd.StringDtype:
    # NA is the default, and older versions of pandas support nothing else.
    return pd.StringDtype(storage, np.nan) if is_nan else pd.StringDtype(storage)


# Types of pyarrow that need more than a name.
_DECIMALS = ("decimal32", "decimal64", "decimal128", "decimal256")


def _encode_arrow(of: pa.DataType) -> Json:
    """Encode a type of pyarrow as JSON: its name, or its parts where the name is not enough."""
    import pyarrow as pa

    if pa.types.is_dictionary(of):
        return {
            "index": _encode_arrow(of.index_type),
            "value": _encode_arrow(of.value_type),
            "ordered": of.ordered,
        }
    name = str(of).partition("(")[0]
    if name in _DECIMALS:
        return {"decimal": name, "precision": of.precision, "scale": of.scale}
    if pa.types.is_timestamp(of) and of.tz is not None:
        return {"unit": of.unit, "tz": of.tz}
    return str(of)


def _decode_arrow(value: Json) -> pa.DataType:
    import pyarrow as pa

    if isinstance(value, str):
        return pa.type_for_alias(value)
    if "tz" in value:
        return pa.timestamp(value["unit"], value["tz"])
    if "decimal" in value:
        if value["decimal"] not in _DECIMALS:
            raise ValueError(f"unknown dtype {value['decimal']!r}")
        return getattr(pa, value["decimal"])(value["precision"], value["scale"])
    index, of = _decode_arrow(value["index"]), _decode_arrow(value["value"])
    return pa.dictionary(index, of, value["ordered"])


def _decode_arrow_dtype(value: Mapping[str, Json], decode: Decode) -> pd.ArrowDtype:
    return pd.ArrowDtype(_decode_arrow(value["of"]))


def encode_pandas_value(value: object, encode: Encode) -> Json | None:
    """Encode a timestamp, duration, period or interval of pandas as JSON; None for others."""
    if value is pd.NaT:
        return {"__type__": "NaT"}
    if isinstance(value, pd.Timestamp):
        zone = None if value.tz is None else str(value.tz)
        number = int(value.asm8.astype(np.int64))
        return {"__type__": "timestamp", "value": number, "unit": value.unit, "tz": zone}
    if isinstance(value, pd.Timedelta):
        number = int(value.asm8.astype(np.int64))
        return {"__type__": "timedelta", "value": number, "unit": value.unit}
    if isinstance(value, pd.Period):
        return {"__type__": "period", "ordinal": value.ordinal, "freq": value.freqstr}
    if isinstance(value, pd.Interval):
        ends = [encode(value.left), encode(value.right)]
        return {"__type__": "interval", "ends": ends, "closed": value.closed}
    return None


def _decode_timestamp(value: Mapping[str, Json], decode: Decode) -> pd.Timestamp:
    at = pd.Timestamp(np.datetime64(value["value"], value["unit"]))
    return at if value["tz"] is None else at.tz_localize("UTC").tz_convert(value["tz"])


def _decode_interval(value: Mapping[str, Json], decode: Decode) -> pd.Interval:
    left, right = (decode(end) for end in value["ends"])
    return pd.Interval(left, right, value["closed"])


DECODERS: dict[str, Callable[[Mapping[str, Json], Decode], object]] = {
    "dtype": lambda v, decode: np.dtype(v["name"]),
    "categorical": _decode_categorical,
    "string_dtype": _decode_string_dtype,
    "arrow_dtype": _decode_arrow_dtype,
    "pandas_dtype": lambda v, decode: pd.api.types.pandas_dtype(v["name"]),
    "NaT": lambda v, decode: pd.NaT,
    "timestamp": _decode_timestamp,
    "timedelta": lambda v, decode: pd.Timedelta(np.timedelta64(v["value"], v["unit"])),
    "period": lambda v, decode: pd.Period(ordinal=v["ordinal"], freq=v["freq"]),
    "interval": _decode_interval,
}
