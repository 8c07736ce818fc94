"""What "auto" means: training settings that scale with the number of labelled rows."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._settings import Settings
from sklearn_3mtl.fitting.episodes import EPISODES
from sklearn_3mtl.inputs.modalities import has_vectors, trains_modules
from sklearn_3mtl.meta import META, MetaMethod
from sklearn_3mtl.settings.constraints import make_method
from sklearn_3mtl.sharing import SHARING

__all__ = ["choose", "choose_again", "with_chosen"]


@dataclass(frozen=True)
class _Sizes:
    """What suits tables of up to `rows` labelled rows."""

    rows: float
    n_estimators: int
    width: int
    lr: float
    dropout: float
    largest_batch: int


_SIZES = (
    _Sizes(3_000, 8, 128, 2e-3, 0.1, 256),
    _Sizes(30_000, 4, 256, 4e-3, 0.1, 256),
    _Sizes(np.inf, 8, 256, 2e-3, 0.3, 512),
)
_ROWS_PER_BATCH, _SMALLEST_BATCH = 16, 16
_EPOCHS, _FEWEST_STEPS, _MOST_STEPS = 64, 1_500, 4_000
_FEWEST_EPOCHS, _MOST_EPOCHS = 12, 256
_SAME = {"weight_decay": 2e-2, "n_iter_no_change": 30}
# Vectors are wide for the rows there are: a net would learn these by heart.
_VECTORS = {"dropout": 0.5, "lr": 1e-3}
# An epoch of episodes goes over few rows many times, and where tasks are few nothing stops it.
_ROWS_PER_EPOCH, _FEWEST_META_EPOCHS, _MOST_META_EPOCHS = 175, 16, 64
# An epoch of episodes is as long as any other. Dropout in an inner step is noise in the task's own
# weights, and members cost as many times the steps: both only where a task is solved for.
_META = {"dropout": 0.1, "hidden_layer_sizes": (128, 128), "lr": 2e-3, "n_iter_no_change": 16,
         "max_epochs": _MOST_META_EPOCHS, "n_estimators": 4, "heads": "column"}  # fmt: skip
_META_STEPS = {**_META, "dropout": 0.0, "hidden_layer_sizes": (64, 64), "lr": 1e-3,
               "weight_decay": 1e-4, "n_estimators": 1}  # fmt: skip
# Where there are more rows than the epochs are for, longer steps go further.
_META_LR_OF_MANY = 4e-3
_MOST_SHOTS = 20
INNER_LR = 0.03
# Hidden units of the regression heads: of one at most, of all together, and where none is better.
_HEAD_WIDTH, _HEADS_WIDTH, _NARROWEST_HEAD = 64, 1024, 16


def choose(
    settings: Settings,
    n_rows: int,
    has_groups: bool,
    tasks: Mapping[Hashable, Task],
    has_episodes: bool = False,
) -> dict[str, Any]:
    """A value for each parameter that is "auto", from the number of rows with a label.

    Parameters
    ----------
    settings : Settings
        The estimator.
    n_rows : int
        How many rows have a label.
    has_groups : bool
        Whether task ids have layers of their own.
    tasks : mapping of task name to Task
        The columns of y.
    has_episodes : bool, default=False
        Whether training draws episodes.

    Returns
    -------
    chosen : dict of parameter name to value
    """
    sizes = next(sizes for sizes in _SIZES if n_rows < sizes.rows)
    # A power of two near n / 16: an epoch of a small table has about 16 steps.
    batch = 2 ** round(np.log2(max(n_rows, 1) / _ROWS_PER_BATCH))
    scaled: dict[str, Any] = {
        "n_estimators": sizes.n_estimators,
        "hidden_layer_sizes": (sizes.width, sizes.width),
        "lr": sizes.lr,
        "dropout": sizes.dropout,
        "heads": "group" if has_groups else _heads(settings, tasks),
        "batch_size": int(np.clip(batch, _SMALLEST_BATCH, sizes.largest_batch)),
        **_SAME,
    }
    batch = scaled["batch_size"] if settings.batch_size == "auto" else settings.batch_size
    per_epoch = -(-max(n_rows, 1) // int(batch))
    epochs = np.clip(_EPOCHS, _FEWEST_STEPS // per_epoch, _MOST_STEPS // per_epoch)
    scaled["max_epochs"] = int(np.clip(epochs, _FEWEST_EPOCHS, _MOST_EPOCHS))
    method: MetaMethod | None = make_method(settings.meta, META) if has_episodes else None
    if settings.meta is not None:
        scaled["inner_lr"] = INNER_LR
    if method is not None:
        scaled.update(_META_STEPS if method.has_steps else _closed_form(n_rows))
        scaled["n_shots"] = (EPISODES[settings.episodes].fewest_shots, _MOST_SHOTS)
    if has_vectors(settings.modalities) and not (method is not None and method.has_steps):
        scaled.update(_VECTORS)
    if method is not None:
        scaled.update(method.defaults)
    # Copies of a user's module all start from its own weights, and it may hold statistics; a net
    # for each task id is an ensemble's work already.
    if _has_modules(settings) or (has_groups and _has_net_per_task(settings)):
        scaled["n_estimators"] = 1
    return {name: value for name, value in scaled.items() if _is_auto(getattr(settings, name))}


def _closed_form(n_rows: int) -> dict[str, Any]:
    epochs = min(max(n_rows // _ROWS_PER_EPOCH, _FEWEST_META_EPOCHS), _MOST_META_EPOCHS)
    lr = _META_LR_OF_MANY if epochs == _MOST_META_EPOCHS else _META["lr"]
    return {**_META, "max_epochs": epochs, "lr": lr}


def choose_again(
    settings: Settings,
    before: Mapping[str, Any],
    n_rows: int,
    has_groups: bool,
    tasks: Mapping[Hashable, Task],
    has_episodes: bool = False,
) -> dict[str, Any]:
    """A value for each parameter that is "auto" now: what it was before, where it was."""
    now = choose(settings, n_rows, has_groups, tasks, has_episodes)
    return {name: before.get(name, value) for name, value in now.items()}


def with_chosen(settings: Settings, chosen: Mapping[str, Any]) -> Settings:
    """The estimator with a value in the place of each "auto"."""
    concrete = copy.copy(settings)
    for name, value in chosen.items():
        setattr(concrete, name, value)
    return concrete


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"


def _heads(settings: Settings, tasks: Mapping[Hashable, Task]) -> Any:
    """A hidden layer for each task of numbers, where several tasks share a net that we size."""
    sized = _is_auto(settings.hidden_layer_sizes) and isinstance(settings.backbone, str)
    if len(tasks) < 2 or not sized or _has_net_per_task(settings):
        return "column"
    names = [name for name, task in tasks.items() if task.kind_object.hidden_head]
    width = min(_HEAD_WIDTH, _HEADS_WIDTH // max(len(names), 1))
    if not names or width < _NARROWEST_HEAD:
        return "column"
    return dict.fromkeys(names, (width,))


def _has_net_per_task(settings: Settings) -> bool:
    return len(make_method(settings.sharing, SHARING).copies(["one", "other"])) > 1


def _has_modules(settings: Settings) -> bool:
    heads = settings.heads.values() if isinstance(settings.heads, Mapping) else ()
    return trains_modules(settings.modalities) or any(
        isinstance(part, nn.Module) for part in (settings.backbone, *heads)
    )
