"""How the features of several modalities are fused; one file for each method."""

from sklearn_3mtl.core.fusion.base import FusedFeatures, Fusion
from sklearn_3mtl.core.fusion.concat import ConcatFusion, side_by_side

__all__ = ["FUSION", "ConcatFusion", "FusedFeatures", "Fusion", "side_by_side"]

FUSION: dict[str, type[Fusion]] = {"concat": ConcatFusion}
