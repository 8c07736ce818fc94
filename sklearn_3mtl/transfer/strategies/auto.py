"""The default strategy: the features stay frozen where there are few rows."""

from __future__ import annotations

from sklearn_3mtl.transfer.strategies.base import Rate, TransferStrategy
from sklearn_3mtl.transfer.strategies.fine_tune import FineTune

__all__ = ["Auto"]


class Auto(TransferStrategy):
    """A linear correction on frozen features, and with many rows fine-tuning after it.

    Parameters
    ----------
    fewest_rows : int, default=1000
        From how many labelled rows of the target on the layers below are trained too.

    References
    ----------
    Kumar, Raghunathan, Jones, Ma, Liang, "Fine-tuning can distort pretrained features and
    underperform out-of-distribution", ICLR 2022, arXiv 2202.10054 (linear probing first).

    Examples
    --------
    >>> from sklearn_3mtl.transfer import Auto
    >>> print(Auto().rates(n_depths=3, n_rows=100))
    None
    """

    def __init__(self, fewest_rows: int = 1000) -> None:
        self.fewest_rows = fewest_rows

    def rates(self, n_depths: int, n_rows: int) -> list[Rate] | None:
        """Those of :class:`FineTune` where there are rows enough."""
        return FineTune().rates(n_depths, n_rows) if n_rows >= self.fewest_rows else None
