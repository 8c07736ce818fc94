"""The order of task ids."""

from __future__ import annotations

import numpy as np

__all__ = ["in_order"]


def in_order(ids: np.ndarray) -> np.ndarray:
    """The positions that put distinct task ids into sorted order, as ``np.argsort`` does.

    Ids that can't be compared are sorted by type, then by text.
    """
    positions = range(len(ids))
    try:
        order = sorted(positions, key=lambda i: ids[i])
    except TypeError:
        order = sorted(positions, key=lambda i: (type(ids[i]).__name__, str(ids[i])))
    return np.array(order, dtype=np.intp)
