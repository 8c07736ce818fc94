"""Random streams by name, so that an extra part never shifts another part's draw."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

__all__ = ["Seed", "seeded"]


@dataclass(frozen=True)
class Seed:
    """A seed that names its descendants.

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
        """A 63-bit integer that depends on the root and the path alone."""
        digest = hashlib.blake2b(f"{self.root}{self.path}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 1

    def generator(self, device: torch.device | str = "cpu") -> torch.Generator:
        """A fresh torch generator at this seed."""
        return torch.Generator(device).manual_seed(self.value)


@contextmanager
def seeded(seed: Seed) -> Iterator[None]:
    """Let other packages' modules draw float32 from a seed; the global stream stays as it is."""
    dtype = torch.get_default_dtype()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed.value)
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)
