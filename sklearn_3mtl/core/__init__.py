"""The parts of the network, and the base classes of methods that plug into it."""

from sklearn_3mtl.core.network import ThreeMTLNetwork

__all__ = ["ThreeMTLNetwork"]
