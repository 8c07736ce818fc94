"""Features and heads, for methods that leave the features the same for all tasks."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from sklearn_3mtl.core.stages import Stage, on_rows

__all__ = ["features_of", "heads_of"]


def features_of(stages: Sequence[Stage], x: Tensor) -> Tensor:
    """The features at the cut, (..., T, R, n_features)."""
    return _through([stage for stage in stages if not stage.is_head], x)


def heads_of(stages: Sequence[Stage], z: Tensor) -> Tensor:
    """The heads' outputs, (..., T, R, n_outputs)."""
    return _through([stage for stage in stages if stage.is_head], z)


def _through(stages: Sequence[Stage], x: Tensor) -> Tensor:
    for stage in stages:
        x = on_rows(stage.module, x)
    return x
