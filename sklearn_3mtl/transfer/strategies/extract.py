"""Feature extraction: any scikit-learn model on frozen features."""

from __future__ import annotations

from sklearn_3mtl.transfer.strategies.base import TransferStrategy

__all__ = ["Extract"]


class Extract(TransferStrategy):
    """Fit scikit-learn models, the estimator's `head`, on the frozen features of the source.

    References
    ----------
    Yosinski, Clune, Bengio, Lipson, "How transferable are features in deep neural networks?",
    NeurIPS 2014, arXiv 1411.1792.

    Examples
    --------
    >>> from sklearn_3mtl.transfer import Extract
    >>> Extract()
    Extract()
    """

    reads_features = True

    def rates(self, n_depths: int, n_rows: int) -> None:
        """Return None: no layer is trained."""
