"""The network: encoders, fusion, backbone and heads, a module for each box."""

from sklearn_3mtl.core.network import ThreeMTLNetwork

__all__ = ["ThreeMTLNetwork"]
