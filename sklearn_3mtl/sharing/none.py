"""A net for each task, all trained at once: the single-task baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from sklearn_3mtl.core.layers import Layers, SharedLayers
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.sharing.base import Sharing

__all__ = ["NoSharing"]


class NoSharing(Sharing):
    """Independent nets of the same size, one per task, trained in one batched pass.

    Each net has its own encoders, backbone, head, early stopping and best weights. It is the same
    as if it were trained alone on its task.

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskRegressor
    >>> from sklearn_3mtl.sharing import NoSharing
    >>> MultiTaskRegressor(sharing=NoSharing()).get_params()["sharing"]
    NoSharing()
    """

    net_per_group = True

    def encoders(self, tasks: Sequence[str]) -> Sequence[str]:
        """The names of the encoders' copies: one for each task, by the task's name."""
        return tasks

    def build(self, layers: Layers, tasks: Sequence[str], seed: Seed) -> SharedLayers:
        """Build a backbone for each task, whose features the task's head alone reads."""
        return _BackbonePerTask(layers.backbone(tasks, seed), layers.n_members, len(tasks))


class _BackbonePerTask(SharedLayers):
    has_own_nets = True

    def __init__(self, backbones: nn.Module, n_members: int, n_tasks: int) -> None:
        super().__init__()
        self.net = backbones
        self.n_out = cast(int, backbones.n_out)
        self.n_members, self.view_of_task = n_members, list(range(n_tasks))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.net(x).unflatten(0, (self.n_members, -1))
        return out
