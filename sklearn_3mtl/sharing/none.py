"""A net for each task, trained side by side: the single-task baseline."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from sklearn_3mtl.core.network import SharedLayers
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.sharing.base import BackboneFactory, Sharing

__all__ = ["NoSharing"]


class NoSharing(Sharing):
    """Independent nets of the same size, one per task, trained in one batched pass.

    Each net has its own encoders, backbone, head, early stopping and best weights; it equals the
    same net trained alone on the task.

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskRegressor
    >>> from sklearn_3mtl.sharing import NoSharing
    >>> MultiTaskRegressor(sharing=NoSharing()).get_params()["sharing"]
    NoSharing()
    """

    def copies(self, task_names: Sequence[str]) -> Copies:
        """A copy for each task."""
        return Copies(task_names)

    def build(
        self, make_backbone: BackboneFactory, n_in: int, copies: Copies, seed: Seed
    ) -> SharedLayers:
        """The stacked backbones; there is no cut, since nothing is shared."""
        return _BackbonePerTask(make_backbone(n_in, copies, seed))


class _BackbonePerTask(SharedLayers):
    has_cut = False

    def __init__(self, backbones: nn.Module) -> None:
        super().__init__()
        self.net = backbones
        self.n_out = backbones.n_out  # type: ignore[assignment]

    def shared(self, x: Tensor) -> Tensor:
        return x

    def per_task(self, z: Tensor, x: Tensor) -> Tensor:
        return self.net(z)
