"""Features and outputs of the heads, for methods whose features are the same for all tasks."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from sklearn_3mtl.core.stages import Stage, on_rows

__all__ = ["features_of", "heads_of"]


def features_of(stages: Sequence[Stage], x: Tensor) -> Tensor:
    """The features that the heads read, of R rows of each of T tasks: (..., T, R, n_features)."""
    return _through([stage for stage in stages if not stage.is_head], x)


def heads_of(stages: Sequence[Stage], z: Tensor) -> Tensor:
    """The heads' outputs for features of R rows of each of T tasks: (..., T, R, n_outputs)."""
    return _through([stage for stage in stages if stage.is_head], z)


def _through(stages: Sequence[Stage], x: Tensor) -> Tensor:
    for stage in stages:
        x = on_rows(stage.module, x)
    return x
