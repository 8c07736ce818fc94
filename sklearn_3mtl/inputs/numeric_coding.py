"""The coding of a numeric column: centre, scale and bin edges."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["CLIP", "LARGE", "ColumnCoding", "NumericColumn", "code_column", "n_bins_of"]

# Number of bins of each numeric column: n_rows / ROWS_PER_BIN, within bounds.
ROWS_PER_BIN, MIN_BINS, MAX_BINS, FEWEST_BINS = 100, 12, 48, 4
# The default for the most bins of all columns together.
MAX_ALL_BINS = 512
# Coded numbers are clipped smoothly to (-CLIP, CLIP), and before that to (-LARGE, LARGE).
CLIP, LARGE = 3.0, 1e6
# The slope of a narrower bin would be infinite.
NARROWEST = 1e-30


class NumericColumn(NamedTuple):
    """A summary of a numeric column, from which its scale and bins are computed.

    Attributes
    ----------
    sample : ndarray
        The finite numbers of the rows that quantiles are computed from, in rising order.
    has_gaps : bool
        Whether numbers are missing.
    is_bent : bool
        Whether the column has more than two values: only then do bins add anything to a line.
    """

    sample: np.ndarray
    has_gaps: bool
    is_bent: bool

    @classmethod
    def of(cls, numbers: np.ndarray, rows: np.ndarray | None) -> NumericColumn:
        """Summarise a column; the sample is taken from the rows `rows` (None: from all)."""
        missing = np.isnan(numbers)
        has_gaps = bool(missing.any())
        observed = numbers[~missing] if has_gaps else numbers
        is_bent = bool(
            len(observed) and ((observed != observed.min()) & (observed != observed.max())).any()
        )
        sample = numbers if rows is None else numbers[rows]
        # Infinite numbers are left out here; `transform` refuses them.
        return cls(np.sort(sample[np.isfinite(sample)]), has_gaps, is_bent)


def n_bins_of(n_rows: int, n_bent: int, most: int = MAX_ALL_BINS) -> int:
    """The number of bins of each numeric column, from the number of rows.

    `n_bent` columns, those with more than two values, share a limit, `most`, on the number of all
    bins. If it leaves too few for each, the result is 1.
    """
    wanted = min(max(n_rows // ROWS_PER_BIN, MIN_BINS), MAX_BINS)
    affordable = most // max(n_bent, 1)
    return min(wanted, affordable) if affordable >= FEWEST_BINS else 1


class ColumnCoding(NamedTuple):
    """How the numbers of a column are coded: centred, scaled, and put into bins.

    Attributes
    ----------
    center : float
        The median.
    scale : float
        1 / interquartile range; 0 for a constant column.
    has_gaps : bool
        Whether numbers are missing.
    edges : ndarray
        The bin edges on the scale of the coded numbers, in rising order.
    """

    center: float
    scale: float
    has_gaps: bool
    edges: np.ndarray


def code_column(column: NumericColumn, n_bins: int) -> ColumnCoding:
    """Compute centre, scale and bin edges of a column from its sample."""
    observed, has_gaps = column.sample.astype(np.float64), column.has_gaps
    if not len(observed):
        return ColumnCoding(0.0, 0.0, False, np.zeros(0))
    # Divided by 4, so that the difference of two numbers doesn't overflow.
    low, q25, q50, q75, high = np.quantile(observed / 4, [0.0, 0.25, 0.5, 0.75, 1.0]).tolist()
    spread = q75 - q25 or (high - low) / 2
    if spread <= 8 * np.finfo(float).eps * abs(q50):
        return ColumnCoding(0.0, 0.0, has_gaps, np.zeros(0))
    scale = min(0.25 / spread, float(np.finfo(float).max))
    coded = np.clip((_edges(observed / 4, n_bins) - q50) * 4 * scale, -LARGE, LARGE)
    edges = np.unique((coded / np.sqrt(1 + (coded / CLIP) ** 2)).astype(np.float32))
    edges = edges[np.diff(edges, prepend=-np.inf) > NARROWEST]
    return ColumnCoding(4 * q50, scale, has_gaps, edges)


def _edges(observed: np.ndarray, n_bins: int) -> np.ndarray:
    """The edges of bins with equal numbers of rows; a frequent value fills one bin at most.

    Without the limit, a value that most rows have (a capital gain of 0) would take nearly all bins.
    """
    values, counts = np.unique(observed, return_counts=True)
    if len(values) <= n_bins + 1:
        return values
    mass = np.minimum(counts, max(len(observed) // n_bins, 1)).cumsum()
    wanted = np.linspace(mass[0], mass[-1], n_bins + 1)
    return values[np.searchsorted(mass, wanted)]
