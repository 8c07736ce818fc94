"""A hash of an object's content: part of the key of cached vectors."""

from __future__ import annotations

import hashlib
import io
import pickle
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["content_key"]


def content_key(thing: object) -> str | None:
    """A hash of an object's content. A deep copy has the same hash, another object another one.

    The hash depends on the class, the code of its methods, all attributes and all tensors. None:
    the object can't be pickled, so its content is unknown.
    """
    pickler = _ContentPickler()
    try:
        pickler.dump(thing)
    except Exception:  # Pickling a user's object may raise anything; it is then not cached.
        return None
    return pickler.hash.hexdigest()


class _ContentPickler(pickle.Pickler):
    """Hashes what it pickles; the hash of a tensor depends on its numbers, not on its memory."""

    def __init__(self) -> None:
        self.hash = hashlib.blake2b(digest_size=20)
        super().__init__(_Sink(self.hash), protocol=5)

    def reducer_override(self, thing: object) -> Any:
        if isinstance(thing, torch.Tensor):
            array = thing.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy()
            digest = hashlib.blake2b(array.tobytes()).digest()
            return str, (f"{thing.dtype} {tuple(thing.shape)} {thing.requires_grad} {digest!r}",)
        if isinstance(thing, FunctionType):
            # Only the name of a function is stored, too.
            self.hash.update(_code(thing.__code__) + repr(thing.__defaults__).encode())
        if isinstance(thing, type):
            # pickle stores only the name of a class, which stays the same if its code is edited.
            for value in vars(thing).values():
                if isinstance(value, FunctionType):
                    self.hash.update(_code(value.__code__))
        return NotImplemented


class _Sink(io.RawIOBase):
    def __init__(self, digest: hashlib.blake2b) -> None:
        self._digest = digest

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer) -> int:
        self._digest.update(data)
        return memoryview(data).nbytes


def _code(code: CodeType) -> bytes:
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    plain = [c for c in code.co_consts if isinstance(c, str | int | float | bool | None)]
    return code.co_code + repr((plain, code.co_names)).encode() + b"".join(map(_code, inner))
