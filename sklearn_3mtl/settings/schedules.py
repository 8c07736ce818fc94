"""Learning-rate schedules by name."""

from __future__ import annotations

import math

from sklearn_3mtl.settings.types import Schedule

__all__ = ["LR_SCHEDULES"]


def _constant(progress: float) -> float:
    return 1.0


def _cosine(progress: float) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * progress))


LR_SCHEDULES: dict[str, Schedule] = {"constant": _constant, "cosine": _cosine}
