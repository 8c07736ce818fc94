"""A cache of the vectors that frozen encoders computed."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

__all__ = ["CACHE", "VectorCache", "fingerprint"]

Value = TypeVar("Value")

MAX_BYTES = 512 * 2**20
# Bytes of each entry in addition to its vector: two hashes, and Python's own objects.
OVERHEAD = 200


class VectorCache:
    """Caches vectors by encoder and value; the least recently used are dropped first.

    Parameters
    ----------
    max_bytes : int
        Largest memory of the cache.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes, self.n_bytes = max_bytes, 0
        self._vectors: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._vectors)

    def clear(self) -> None:
        """Empty the cache."""
        with self._lock:
            self._vectors.clear()
            self.n_bytes = 0

    def encoded(
        self,
        key: str | None,
        values: Sequence[Value],
        encode: Callable[[list[Value]], np.ndarray],
    ) -> np.ndarray:
        """Return the vectors of some values; `encode` is called once, on those not cached.

        Parameters
        ----------
        key : str or None
            A hash of the encoder's content, which a copy shares. None: nothing is cached, but equal
            values are still encoded once.
        values : sequence
            The values, at least one.
        encode : callable
            Maps a list of values to their float32 vectors, of shape (n, d).
        """
        digests = [fingerprint(value) for value in values]
        first: dict[bytes, int] = {}
        for index, digest in enumerate(digests):
            first.setdefault(digest, index)
        known = self._find(key, first)
        unknown = [digest for digest in first if digest not in known]
        if unknown:
            made = encode([values[first[digest]] for digest in unknown])
            new = {d: row.tobytes() for d, row in zip(unknown, made, strict=True)}
            self._keep(key, new)
            known |= new
        distinct = np.frombuffer(b"".join(known[digest] for digest in first), dtype=np.float32)
        place = {digest: index for index, digest in enumerate(first)}
        return distinct.reshape(len(first), -1)[[place[digest] for digest in digests]]

    def _find(self, key: str | None, digests: dict[bytes, int]) -> dict[bytes, bytes]:
        if key is None:
            return {}
        found: dict[bytes, bytes] = {}
        with self._lock:
            for digest in digests:
                vector = self._vectors.get((key, digest))
                if vector is not None:
                    self._vectors.move_to_end((key, digest))
                    found[digest] = vector
        return found

    def _keep(self, key: str | None, vectors: dict[bytes, bytes]) -> None:
        if key is None:
            return
        with self._lock:
            for digest, vector in vectors.items():
                if (key, digest) not in self._vectors:
                    self.n_bytes += len(vector) + OVERHEAD
                self._vectors[key, digest] = vector
            while self.n_bytes > self.max_bytes:
                _, dropped = self._vectors.popitem(last=False)
                self.n_bytes -= len(dropped) + OVERHEAD


CACHE = VectorCache()


def fingerprint(value: object) -> bytes:
    """A hash of a text, an array, or a row of values."""
    if isinstance(value, str):
        # A lone surrogate has no UTF-8 form, so plain encoding would fail.
        content = b"s" + value.encode("utf-8", "surrogatepass")
    elif isinstance(value, np.ndarray) and value.dtype != object:
        content = f"a{value.dtype.str}{value.shape}".encode() + value.tobytes()
    else:
        content = b"r" + repr(value).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=16).digest()
