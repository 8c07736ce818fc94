"""The parts of the network, and the contracts that methods are written against."""

from sklearn_3mtl.core.network import ThreeMTLNetwork

__all__ = ["ThreeMTLNetwork"]
