"""The base class of transfer strategies."""

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
    """How fast the layers of one depth (encoders, a layer of the backbone, heads) are trained.

    Attributes
    ----------
    share : float
        The fraction of the learning rate that the layers are trained with.
    start : float in [0, 1)
        The fraction of training after which the layers are trained.
    """

    share: float
    start: float


class TransferStrategy(BaseEstimator, ABC):
    """How a target uses the network of a source.

    First a linear layer on the frozen features is fitted, whose output is added to those of the
    heads (a linear correction). The strategy says what is trained after that. A subclass defines
    `rates`; its constructor takes its hyper-parameters only.

    Attributes
    ----------
    reads_features : bool, default=False
        Whether scikit-learn models on the frozen features replace the heads.
    edits_network : bool, default=False
        Whether `edit` changes the network, as low-rank adapters do.
    """

    reads_features: bool = False
    edits_network: bool = False

    @abstractmethod
    def rates(self, n_depths: int, n_rows: int) -> list[Rate] | None:
        """The rate of the layers of each depth; None: all layers stay frozen.

        Parameters
        ----------
        n_depths : int
            Number of depths: the encoders, each layer of the backbone, and the heads.
        n_rows : int
            Number of labelled rows of the target.

        Returns
        -------
        rates : list of n_depths Rates, from the encoders up, or None
        """

    def edit(self, network: ThreeMTLNetwork, seed: Seed) -> None:
        """Add parts to the network in place, before it is trained; by default none.

        The outputs, and the widths of all layers, should stay as they are. When an estimator is
        loaded, its network is edited again before the weights are set.

        Parameters
        ----------
        network : ThreeMTLNetwork
            A copy of the source's network.
        seed : Seed
            Seeds the weights that are drawn.
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
            None (the default): all parameters if `rates` gives rates, else those of the heads.
        """
        return None

    def terms(self, source: ThreeMTLNetwork) -> Sequence[Term]:
        """Terms that are added to the loss of the labels; by default none.

        Parameters
        ----------
        source : ThreeMTLNetwork
            The network before it is trained. It must not be changed.
        """
        return ()
