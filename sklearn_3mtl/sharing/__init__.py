"""How tasks share the backbone; a file for each method."""

from sklearn_3mtl.core.layers import Layers, SharedLayers
from sklearn_3mtl.sharing.base import Sharing
from sklearn_3mtl.sharing.hard import HardSharing
from sklearn_3mtl.sharing.none import NoSharing

__all__ = ["SHARING", "HardSharing", "Layers", "NoSharing", "SharedLayers", "Sharing"]

SHARING: dict[str, type[Sharing]] = {"hard": HardSharing, "none": NoSharing}
