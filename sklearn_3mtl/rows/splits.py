"""A validation split that keeps every task represented."""

from __future__ import annotations

import numpy as np

__all__ = ["validation_rows"]


def validation_rows(
    cells: np.ndarray, fraction: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Split rows so that each cell has its share of them on both sides.

    A cell is what must stay represented: a label of a classification task, a regression task, or
    either within a group. Cells are served from the rarest, as in iterative stratification
    (Sechidis, Tsoumakas, Vlahavas, ECML 2011); a cell with a single row keeps it for training.

    Parameters
    ----------
    cells : int array of shape (n_samples, n_tasks)
        Each label's cell, from 0; -1 for a missing label. A row without any cell is left out.
    fraction : float
        The share of rows to validate on.
    random : numpy.random.Generator
        Draws the rows.

    Returns
    -------
    train, valid : int arrays
        Sorted positions of the rows.
    """
    n_rows = len(cells)
    labelled = (cells >= 0).any(axis=1)
    rank = random.permutation(n_rows)
    flat = cells.ravel()
    owner = np.repeat(np.arange(n_rows), cells.shape[1])
    keep = flat >= 0
    flat, owner = flat[keep], owner[keep]
    order = np.lexsort((rank[owner], flat))
    flat, owner = flat[order], owner[order]
    names, starts, counts = np.unique(flat, return_index=True, return_counts=True)
    # Shares below one row are met by chance, so that many small cells give their part together.
    share = counts * fraction
    wanted = np.floor(share + random.random(len(share))).astype(int)
    if len(names) <= 4 * cells.shape[1]:
        wanted = np.maximum(wanted, 1)
    wanted = np.minimum(wanted, counts - 1)

    valid = np.zeros(n_rows, dtype=bool)
    fixed = np.zeros(n_rows, dtype=bool)
    for cell in np.argsort(counts, kind="stable"):
        rows = owner[starts[cell] : starts[cell] + counts[cell]]
        missing = wanted[cell] - int(valid[rows].sum())
        free = rows[~valid[rows] & ~fixed[rows]]
        valid[free[: max(missing, 0)]] = True
        # The rest of this cell stays in training: a commoner cell must not empty it.
        left = rows[~valid[rows]]
        if len(left) <= max(1, counts[cell] // 2):
            fixed[left] = True
    # Rarer cells may together have taken all rows of a commoner one: it gets one back.
    for start, count in zip(starts, counts, strict=True):
        rows = owner[start : start + count]
        if valid[rows].all():
            valid[rows[0]] = False
    return np.flatnonzero(labelled & ~valid), np.flatnonzero(labelled & valid)
