"""What "auto" means: training settings that scale with the number of labelled rows."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import nn

from sklearn_3mtl.estimators._settings import Settings

__all__ = ["choose", "choose_again", "with_chosen"]

# Up to so many labelled rows: members, widths, learning rate, dropout, weight decay.
_STEPS: tuple[tuple[float, dict[str, Any]], ...] = (
    (3_000, {"n_estimators": 8, "hidden_layer_sizes": (128, 128), "lr": 2e-3}),
    (30_000, {"n_estimators": 4, "hidden_layer_sizes": (256, 256), "lr": 2e-3}),
    (np.inf, {"n_estimators": 2, "hidden_layer_sizes": (256, 256), "lr": 1e-3}),
)
_SAME = {"dropout": 0.1, "weight_decay": 2e-2, "n_iter_no_change": 30}
_STEPS_OF_TRAINING = 1500


def choose(settings: Settings, n_rows: int) -> dict[str, Any]:
    """A value for each parameter that is "auto", from the number of rows with a label.

    Parameters
    ----------
    settings : Settings
        The estimator.
    n_rows : int
        How many rows have a label.

    Returns
    -------
    chosen : dict of parameter name to value
    """
    scaled = next(dict(values) for limit, values in _STEPS if n_rows < limit) | _SAME
    scaled["batch_size"] = int(np.clip(2 ** round(np.log2(max(n_rows, 1) / 16)), 16, 512))
    batch = scaled["batch_size"] if settings.batch_size == "auto" else settings.batch_size
    per_epoch = -(-max(n_rows, 1) // int(batch))
    scaled["max_epochs"] = int(np.clip(_STEPS_OF_TRAINING // per_epoch, 20, 256))
    if _has_modules(settings):
        # Copies of a user's module all start from its own weights, and it may hold statistics.
        scaled["n_estimators"] = 1
    return {name: value for name, value in scaled.items() if _is_auto(getattr(settings, name))}


def choose_again(settings: Settings, before: Mapping[str, Any], n_rows: int) -> dict[str, Any]:
    """A value for each parameter that is "auto" now: what it was before, where it was."""
    return {name: before.get(name, value) for name, value in choose(settings, n_rows).items()}


def with_chosen(settings: Settings, chosen: Mapping[str, Any]) -> Settings:
    """The estimator with a value in the place of each "auto"."""
    concrete = copy.copy(settings)
    for name, value in chosen.items():
        setattr(concrete, name, value)
    return concrete


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"


def _has_modules(settings: Settings) -> bool:
    heads = settings.heads.values() if isinstance(settings.heads, Mapping) else ()
    return any(isinstance(part, nn.Module) for part in (settings.backbone, *heads))
