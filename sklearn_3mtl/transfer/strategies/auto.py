"""The default strategy: with few rows the features stay frozen."""

from __future__ import annotations

from sklearn_3mtl.transfer.strategies.base import Rate, TransferStrategy
from sklearn_3mtl.transfer.strategies.fine_tune import FineTune

__all__ = ["Auto"]


class Auto(TransferStrategy):
    """Correct the outputs by a linear layer on frozen features; with many rows, then fine-tune.

    The output of the linear layer (the correction) is added to that of the source's heads.

    Parameters
    ----------
    fewest_rows : int, default=1000
        The smallest number of labelled rows of the target with which the network is fine-tuned.

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
        """The rates of :class:`FineTune`, or None with fewer than `fewest_rows` rows."""
        return FineTune().rates(n_depths, n_rows) if n_rows >= self.fewest_rows else None
