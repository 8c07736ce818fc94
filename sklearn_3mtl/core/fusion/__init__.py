"""How the features of several modalities are fused; one file for each method."""

from sklearn_3mtl.core.fusion.base import FusedFeatures, Fusion
from sklearn_3mtl.core.fusion.concat import ConcatFusion

__all__ = ["FUSION", "ConcatFusion", "FusedFeatures", "Fusion"]

FUSION: dict[str, type[Fusion]] = {"concat": ConcatFusion}
