"""One backbone for all tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from sklearn_3mtl.core.layers import Layers, SharedLayers
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.sharing.base import Sharing

__all__ = ["HardSharing"]


class HardSharing(Sharing):
    """Hard parameter sharing: all tasks read the features of one backbone.

    References
    ----------
    Caruana, "Multitask learning", Machine Learning 28, 1997.

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskRegressor
    >>> from sklearn_3mtl.sharing import HardSharing
    >>> MultiTaskRegressor(sharing=HardSharing()).get_params()["sharing"]
    HardSharing()
    """

    def build(self, layers: Layers, tasks: Sequence[str], seed: Seed) -> SharedLayers:
        """Build one backbone, whose features the heads of all tasks read."""
        return _OneBackbone(layers.backbone(layers.encoders, seed), len(tasks))


class _OneBackbone(SharedLayers):
    def __init__(self, backbone: nn.Module, n_tasks: int) -> None:
        super().__init__()
        self.net = backbone
        self.n_out = cast(int, backbone.n_out)
        self.view_of_task = [0] * n_tasks
        self.is_single = getattr(backbone, "n_copies", None) == 1

    def forward(self, x: Tensor) -> Tensor:
        features: Tensor = self.net(x).unsqueeze(1)
        return features

    def rows(self, x: Tensor) -> Tensor | None:
        if not self.is_single:
            return None
        # Each axis that is added takes a hundredth of a training step's time.
        rows: Tensor = cast(nn.Module, self.net.layers)(x.squeeze(0))
        return rows

    def stages(self) -> list[Stage]:
        layers = getattr(self.net, "layers", None)
        if layers is None:
            return super().stages()
        chain = layers if isinstance(layers, nn.Sequential) else [layers]
        return [Stage.of(layer) for layer in chain]
