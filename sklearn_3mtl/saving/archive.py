"""A zip of JSON and safetensors, and plain values in JSON; reading runs no code from the file."""

from __future__ import annotations

import json
import os
import re
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

__all__ = ["NotPlainError", "decode", "encode", "read_archive", "write_archive"]

META, TENSORS = "estimator.json", "tensors.safetensors"
# A file of skops for each scikit-learn transformer.
MEMBER = re.compile(r"modalities/[0-9]+\.skops")
TAG = "__type__"


class NotPlainError(TypeError):
    """A value that JSON can't hold without code."""


def encode(value: Any) -> Any:
    """Turn a plain value into JSON's types; others raise :class:`NotPlainError`."""
    if value is None or isinstance(value, str | bool | int | float):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(value, np.generic):
        return encode_numpy_scalar(value)
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, tuple):
        return {TAG: "tuple", "items": [encode(item) for item in value]}
    if isinstance(value, Mapping):
        return {TAG: "dict", "items": [[encode(k), encode(v)] for k, v in value.items()]}
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufUO":
        items = [encode(item) for item in value.ravel().tolist()]
        dtype = "str" if value.dtype.kind == "U" else value.dtype.str
        return {TAG: "array", "dtype": dtype, "shape": list(value.shape), "items": items}
    if isinstance(value, np.dtype):
        return {TAG: "dtype", "name": value.str}
    if isinstance(value, pd.CategoricalDtype):
        categories = [encode(item) for item in value.categories.tolist()]
        return {TAG: "categorical", "items": categories, "ordered": bool(value.ordered)}
    if isinstance(value, pd.api.extensions.ExtensionDtype):
        return {TAG: "pandas_dtype", "name": str(value)}
    raise NotPlainError(f"{type(value).__name__} {value!r}")


def encode_numpy_scalar(value: np.generic) -> Any:
    """A numpy number, boolean or string with its dtype."""
    if value.dtype.kind not in "biufU":
        raise NotPlainError(f"{type(value).__name__} {value!r}")
    return {TAG: "scalar", "dtype": value.dtype.str, "value": value.item()}


def decode(value: Any) -> Any:
    """Turn what `encode` made back into the value."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    decoder = _DECODERS.get(value.get(TAG, ""))
    if decoder is None:
        raise ValueError(f"unknown type {value.get(TAG)!r}")
    return decoder(value)


def _decode_array(value: dict[str, Any]) -> np.ndarray:
    items = [decode(item) for item in value["items"]]
    dtype = np.dtype(value["dtype"])
    if dtype.kind != "O":
        return np.array(items, dtype=dtype).reshape(value["shape"])
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array.reshape(value["shape"])


_DECODERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "tuple": lambda v: tuple(decode(item) for item in v["items"]),
    "dict": lambda v: {decode(key): decode(item) for key, item in v["items"]},
    "array": _decode_array,
    "scalar": lambda v: np.dtype(v["dtype"]).type(v["value"]),
    "dtype": lambda v: np.dtype(v["name"]),
    "categorical": lambda v: pd.CategoricalDtype(decode(v["items"]), ordered=v["ordered"]),
    "pandas_dtype": lambda v: pd.api.types.pandas_dtype(v["name"]),
}


def write_archive(
    path: str | os.PathLike[str],
    meta: Any,
    tensors: Mapping[str, Tensor],
    members: Mapping[str, bytes],
) -> None:
    """Write JSON and tensors to one file, under a temporary name first.

    Parameters
    ----------
    path : path-like
        Where to.
    meta : JSON value
        What `encode` made.
    tensors : mapping of str to tensor
        Moved to the CPU.
    members : mapping of str to bytes
        Further members, named as `MEMBER` says.
    """
    target = Path(path)
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            archive.writestr(META, json.dumps(meta))
            archive.writestr(TENSORS, save_tensors(plain))
            for name, content in members.items():
                archive.writestr(name, content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def read_archive(
    path: str | os.PathLike[str],
) -> tuple[Any, dict[str, torch.Tensor], dict[str, bytes]]:
    """Read what `write_archive` wrote.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, truncated, or was not written by this library.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
            further = sorted(set(members) - {META, TENSORS})
            if not {META, TENSORS} <= set(members) or not all(map(MEMBER.fullmatch, further)):
                raise ValueError(f"it holds {sorted(members)}, not {[META, TENSORS]}")
            if any(info.compress_type != zipfile.ZIP_STORED for info in members.values()):
                raise ValueError("its members are compressed, which `save` never does")
            meta = json.loads(archive.read(META))
            tensors = load_tensors(archive.read(TENSORS))
            contents = {name: archive.read(name) for name in further}
    except FileNotFoundError:
        raise
    except (
        zipfile.BadZipFile, SafetensorError, ValueError, KeyError, EOFError, OSError,
        RecursionError, NotImplementedError, RuntimeError,
    ) as error:  # fmt: skip
        raise ValueError(
            f"{str(path)!r} is no intact file of a saved estimator: {error}."
        ) from error
    return meta, tensors, contents
