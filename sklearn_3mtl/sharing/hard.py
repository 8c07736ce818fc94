"""One backbone for all tasks."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from sklearn_3mtl.core.network import SharedLayers
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.sharing.base import BackboneFactory, Sharing

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

    def copies(self, task_names: Sequence[str]) -> Copies:
        """One copy, which bears a lone task's own name."""
        return Copies(task_names if len(task_names) == 1 else ("shared",))

    def build(
        self, make_backbone: BackboneFactory, n_in: int, copies: Copies, seed: Seed
    ) -> SharedLayers:
        """The backbone, with the cut at its end."""
        return _OneBackbone(make_backbone(n_in, copies, seed))


class _OneBackbone(SharedLayers):
    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.net = backbone
        self.n_out = backbone.n_out  # type: ignore[assignment]

    def shared(self, x: Tensor) -> Tensor:
        return self.net(x)

    def per_task(self, z: Tensor, x: Tensor) -> Tensor:
        return z

    def stages(self) -> list[Stage]:
        layers = getattr(self.net, "layers", None)
        chain = layers if isinstance(layers, nn.Sequential) else [self.net]
        return [Stage.of(layer) for layer in chain]
