"""The archive of a saved estimator: a zip of a JSON file, a safetensors file and skops files."""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from sklearn_3mtl.saving.dtypes import Json

__all__ = ["Archive", "pack_archive", "read_archive", "write_file"]

META, TENSORS = "estimator.json", "tensors.safetensors"
# All files in the zip get the same date, so that the same estimator gives the same bytes.
DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Archive:
    """What the archive of a saved estimator holds.

    Attributes
    ----------
    meta : JSON value
        The plain values.
    tensors : mapping of str to tensor
        The tensors, on the CPU.
    members : list of bytes
        The skops files.
    """

    meta: Json
    tensors: Mapping[str, Tensor]
    members: list[bytes]


def pack_archive(archive: Archive) -> bytes:
    """Pack an archive into the bytes of a zip file."""
    plain = {name: value.detach().cpu().contiguous() for name, value in archive.tensors.items()}
    contents = {META: json.dumps(archive.meta).encode(), TENSORS: save_tensors(plain)}
    contents |= {f"models/{n}.skops": member for n, member in enumerate(archive.members)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in contents.items():
            packed.writestr(zipfile.ZipInfo(name, DATE), content)
    return buffer.getvalue()


def write_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file under a temporary name, then rename it, so that it is never half written."""
    target = Path(path)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def read_archive(source: str | os.PathLike[str] | io.BytesIO) -> Archive:
    """Read what `pack_archive` packed.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the source is not an intact archive.
    """
    try:
        with zipfile.ZipFile(source) as packed:
            infos = {info.filename: info for info in packed.infolist()}
            models = [f"models/{n}.skops" for n in range(len(infos) - 2)]
            if set(infos) != {META, TENSORS, *models}:
                raise ValueError(f"it holds {sorted(infos)}, not {[META, TENSORS]}")
            if any(info.compress_type != zipfile.ZIP_STORED for info in infos.values()):
                raise ValueError("its members are compressed, which `save` never does")
            meta = json.loads(packed.read(META))
            tensors: dict[str, torch.Tensor] = load_tensors(packed.read(TENSORS))
            return Archive(meta, tensors, [packed.read(name) for name in models])
    except FileNotFoundError:
        raise
    except (
        zipfile.BadZipFile, SafetensorError, ValueError, KeyError, EOFError, OSError,
        RecursionError, NotImplementedError, RuntimeError,
    ) as error:  # fmt: skip
        raise ValueError(str(error)) from error
