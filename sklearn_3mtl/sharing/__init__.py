"""How tasks share the backbone, a file for each method."""

from sklearn_3mtl.core.network import SharedLayers
from sklearn_3mtl.sharing.base import BackboneFactory, Sharing
from sklearn_3mtl.sharing.hard import HardSharing
from sklearn_3mtl.sharing.none import NoSharing

__all__ = ["SHARING", "BackboneFactory", "HardSharing", "NoSharing", "SharedLayers", "Sharing"]

SHARING: dict[str, type[Sharing]] = {"hard": HardSharing, "none": NoSharing}
