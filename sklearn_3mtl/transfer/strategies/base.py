"""The contract of a transfer strategy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from sklearn.base import BaseEstimator

__all__ = ["Rate", "TransferStrategy"]


class Rate(NamedTuple):
    """How fast the layers of one depth are trained.

    Attributes
    ----------
    share : float
        Of the learning rate.
    start : float in [0, 1)
        The share of training after which they begin to move.
    """

    share: float
    start: float


class TransferStrategy(BaseEstimator, ABC):
    """How a target uses the network of a source.

    The target's outputs are corrected first, on frozen features, by :func:`solve_probe`; a strategy
    says what is trained after that. A subclass's constructor takes its hyper-parameters only.

    Attributes
    ----------
    reads_features : bool
        Whether scikit-learn models on the frozen features take the place of the heads.
    """

    reads_features: bool = False

    @abstractmethod
    def rates(self, n_depths: int, n_rows: int) -> list[Rate] | None:
        """The rates of the layers; None where all of them stay frozen.

        Parameters
        ----------
        n_depths : int
            How many depths there are: the encoders, the layers of the backbone, the heads.
        n_rows : int
            How many labelled rows the target has.

        Returns
        -------
        rates : list of n_depths Rates, from the encoders up, or None
        """
