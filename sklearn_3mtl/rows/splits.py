"""A validation split in which every task is represented on both sides."""

from __future__ import annotations

import numpy as np

__all__ = ["validation_rows"]


def validation_rows(
    cells: np.ndarray, fraction: float, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Split rows so that each cell has its share of them on both sides.

    A cell is a class of a classification task, or a regression task; with groups, one of these
    within a group. Cells are processed from the rarest, as in iterative stratification (Sechidis,
    Tsoumakas, Vlahavas, ECML 2011). The row of a cell that has only one is kept for training.

    Parameters
    ----------
    cells : int array of shape (n_samples, n_tasks)
        The number of each label's cell, from 0; -1 for a missing label. Rows without any label are
        left out.
    fraction : float
        The fraction of rows to validate on.
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
    # Fractions of a row are rounded at random, so that many small cells together give their share.
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
        # The rest of this cell is kept for training: a more frequent cell must not take it.
        left = rows[~valid[rows]]
        if len(left) <= max(1, counts[cell] // 2):
            fixed[left] = True
    # Rarer cells together may have taken all rows of a more frequent cell: it gets one back.
    for start, count in zip(starts, counts, strict=True):
        rows = owner[start : start + count]
        if valid[rows].all():
            valid[rows[0]] = False
    return np.flatnonzero(labelled & ~valid), np.flatnonzero(labelled & valid)
