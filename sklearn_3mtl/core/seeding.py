"""Random streams by name: adding a part to a network never changes what another part draws."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

__all__ = ["Seed", "global_streams", "seeded"]


@dataclass(frozen=True)
class Seed:
    """A seed from which the seeds of named parts are derived.

    Parameters
    ----------
    root : int
        The estimator's seed.
    path : str, default=""
        The part's name.

    Examples
    --------
    >>> from sklearn_3mtl.core.seeding import Seed
    >>> a, b = Seed(0).child("backbone"), Seed(0).child("backbone")
    >>> bool((a.generator().initial_seed()) == b.generator().initial_seed())
    True
    """

    root: int
    path: str = ""

    def child(self, name: object) -> Seed:
        """The seed of a named part."""
        return Seed(self.root, f"{self.path}/{name}")

    @property
    def value(self) -> int:
        """A 63-bit integer that depends only on the root and the path."""
        digest = hashlib.blake2b(f"{self.root}{self.path}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 1

    def generator(self, device: torch.device | str = "cpu") -> torch.Generator:
        """A new torch generator with this seed."""
        return torch.Generator(device).manual_seed(self.value)


@contextmanager
def global_streams(seed: Seed) -> Iterator[None]:
    """Seed torch's global random streams within a ``with`` block, and restore them after it."""
    # ``torch.manual_seed`` also seeds GPUs not yet in use, which ``fork_rng`` wouldn't restore.
    gpus = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(seed.value)
        if gpus:
            torch.cuda.manual_seed_all(seed.value)
        yield


@contextmanager
def seeded(seed: Seed) -> Iterator[None]:
    """Seed torch's global streams within a ``with`` block, with float32 as the default dtype.

    Both are restored after the block, in which modules of other packages are built.
    """
    dtype = torch.get_default_dtype()
    with global_streams(seed):
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)
