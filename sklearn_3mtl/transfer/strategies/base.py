"""The contract of a transfer strategy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sklearn.base import BaseEstimator
from torch import nn

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.terms import Term

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
    says what is trained after that. A subclass defines `rates`; its constructor takes its
    hyper-parameters only.

    Attributes
    ----------
    reads_features : bool, default=False
        Whether scikit-learn models on the frozen features take the place of the heads.
    edits_network : bool, default=False
        Whether `edit` changes the network, as low-rank adapters do.
    """

    reads_features: bool = False
    edits_network: bool = False

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

    def edit(self, network: ThreeMTLNetwork, seed: Seed) -> None:
        """Add to a copy of the network, before it is trained; by default nothing.

        The outputs, and the widths of all layers, should stay as they are. A loaded estimator is
        edited again before it gets its weights.

        Parameters
        ----------
        network : ThreeMTLNetwork
            The network, which is changed in place.
        seed : Seed
            Seeds what is drawn.
        """

    def trained(self, network: ThreeMTLNetwork) -> Iterable[nn.Parameter] | None:
        """The parameters that ``adapt_parts="auto"`` stands for.

        Parameters
        ----------
        network : ThreeMTLNetwork
            The edited network.

        Returns
        -------
        parameters : iterable of parameters, or None
            None, the default: all parameters where `rates` gives rates, else those of the heads.
        """
        return None

    def terms(self, source: ThreeMTLNetwork) -> Sequence[Term]:
        """What is added to the loss of the labels; by default nothing.

        Parameters
        ----------
        source : ThreeMTLNetwork
            The network before it is trained, which stays as it is.
        """
        return ()
