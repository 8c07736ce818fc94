"""The values of "auto" parameters, which mainly depend on the number of labelled rows."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from torch import nn

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitting.episodes import Episodes
from sklearn_3mtl.fitting.facts import Facts
from sklearn_3mtl.inputs.modalities import has_vectors, trains_modules
from sklearn_3mtl.meta import MetaMethod
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.settings.names import make_method
from sklearn_3mtl.settings.types import Heads
from sklearn_3mtl.settings.values import is_auto
from sklearn_3mtl.sharing import SHARING

__all__ = ["choose"]


@dataclass(frozen=True)
class _Sizes:
    """Values of "auto" parameters for tables with fewer than `rows` labelled rows."""

    rows: float
    n_estimators: int
    width: int
    lr: float
    dropout: float
    largest_batch: int
    rows_per_batch: int
    epochs: int
    patience: int


_SIZES = (
    _Sizes(3_000, 8, 128, 4e-3, 0.1, 512, 8, 40, 10),
    _Sizes(30_000, 4, 128, 4e-3, 0.1, 256, 16, 32, 8),
    _Sizes(np.inf, 4, 256, 2e-3, 0.3, 512, 16, 12, 6),
)
# With a prior there is less to learn: smaller nets, fewer epochs.
_SIZES_WITH_PRIOR = (
    _Sizes(3_000, 8, 64, 4e-3, 0.1, 512, 8, 40, 10),
    _Sizes(30_000, 4, 64, 6e-3, 0.1, 256, 16, 24, 6),
    _Sizes(np.inf, 4, 64, 6e-3, 0.1, 512, 16, 12, 6),
)
_SMALLEST_BATCH, _WEIGHT_DECAY = 16, 2e-2
# Vectors have many dimensions compared with the number of rows: more dropout against overfitting.
_VECTORS: dict[str, object] = {"dropout": 0.5, "lr": 1e-3}
# If rows are few, an epoch of episodes uses each of them many times; if tasks are few, early
# stopping is off. The number of epochs therefore grows with the number of rows.
_ROWS_PER_EPOCH, _FEWEST_META_EPOCHS, _MOST_META_EPOCHS = 175, 16, 64
# An epoch of episodes has the same number of steps for any number of rows. Only closed-form methods
# get dropout and an ensemble: in an inner loop, dropout adds noise to the task's own weights, and
# each member needs its own steps.
_META: dict[str, object] = {
    "dropout": 0.1,
    "hidden_layer_sizes": (128, 128),
    "lr": 2e-3,
    "n_iter_no_change": 16,
    "max_epochs": _MOST_META_EPOCHS,
    "n_estimators": 4,
    "heads": "column",
}
# With a prior, fewer nets and epochs do. Patience stays: where the prior predicts nothing, the
# validation loss falls late.
_META_WITH_PRIOR: dict[str, object] = {
    **_META,
    "max_epochs": 24,
    "n_estimators": 2,
}
_META_STEPS: dict[str, object] = {
    **_META,
    "dropout": 0.0,
    "hidden_layer_sizes": (64, 64),
    "lr": 1e-3,
    "weight_decay": 1e-4,
    "n_estimators": 1,
}
# The learning rate if the number of epochs is at its maximum: it makes up for further epochs.
_META_LR_OF_MANY = 4e-3
_MOST_SHOTS = 20
INNER_LR = 0.03
# Hidden units of regression heads: the most per head, the most in total, and the fewest per head
# for which a hidden layer is used at all.
_HEAD_WIDTH, _HEADS_WIDTH, _NARROWEST_HEAD = 64, 1024, 16


def choose(
    settings: Settings,
    facts: Facts,
    uses_groups: bool = False,
    method: MetaMethod | None = None,
    episodes: Episodes | None = None,
) -> dict[str, object]:
    """Choose a value for each parameter that is "auto", mainly from the number of labelled rows.

    Parameters
    ----------
    settings : Settings
        The parameters.
    facts : Facts
        The data.
    uses_groups : bool, default=False
        Whether task ids have layers of their own.
    method : MetaMethod or None, default=None
        How tasks adapt in episodes. None: training draws no episodes.
    episodes : Episodes or None, default=None
        What an episode is. None: there are no episodes.

    Returns
    -------
    chosen : dict of parameter name to value
    """
    n_rows = facts.n_rows
    prior = _prior(settings, facts, method, episodes) if is_auto(settings.prior) else settings.prior
    table = _SIZES if prior is None else _SIZES_WITH_PRIOR
    sizes = next(sizes for sizes in table if n_rows < sizes.rows)
    # A power of two, so that an epoch of a small table has about 8 steps.
    batch = 2 ** round(np.log2(max(n_rows, 1) / sizes.rows_per_batch))
    n_batch = int(np.clip(batch, _SMALLEST_BATCH, sizes.largest_batch))
    scaled: dict[str, object] = {
        "n_estimators": sizes.n_estimators,
        "hidden_layer_sizes": (sizes.width, sizes.width),
        "lr": sizes.lr,
        "dropout": sizes.dropout,
        "heads": "group" if uses_groups else _heads(settings, facts.tasks),
        "batch_size": n_batch,
        "weight_decay": _WEIGHT_DECAY,
        "max_epochs": sizes.epochs,
        "n_iter_no_change": sizes.patience,
    }
    scaled["prior"] = prior
    if settings.meta is not None:
        scaled["inner_lr"] = INNER_LR
    if method is not None:
        scaled.update(_META_STEPS if method.has_steps else _closed_form(n_rows, prior is not None))
        scaled["n_shots"] = (0 if episodes is None else episodes.fewest_shots, _MOST_SHOTS)
    if has_vectors(settings.modalities) and not (method is not None and method.has_steps):
        scaled.update(_VECTORS)
    if method is not None:
        scaled.update(method.defaults)
    # One network in two cases. Copies of a user's module would all start from the same weights, and
    # the module may hold running statistics. A network for each task id is costly enough.
    if _has_modules(settings) or (uses_groups and _has_net_per_task(settings)):
        scaled["n_estimators"] = 1
    found = {
        name: facts.fixed.get(name, value)
        for name, value in scaled.items()
        if is_auto(getattr(settings, name))
    }
    if method is not None and facts.largest_inner_lr is not None and "inner_lr" in found:
        found["inner_lr"] = min(cast(float, found["inner_lr"]), facts.largest_inner_lr)
    return found


def _prior(
    settings: Settings, facts: Facts, method: MetaMethod | None, episodes: Episodes | None
) -> str | None:
    """Choose the value of the parameter `prior`: ``"auto"``, or None for no prior.

    There is none where its outputs can't be inputs: a module of the user, or a layer of a source,
    was made for others. There is none with a domain loss, because features may be made alike, but
    not what a prior predicts. There is none where an output is another class in each episode. A
    method of adaptation may have a default of its own.
    """
    own = _has_modules(settings) or facts.starts_from_source
    aligns = settings.domain_loss is not None and settings.domain_loss_weight
    if own or aligns or (episodes is not None and episodes.draws_classes):
        return None
    return "auto" if method is None else cast(str | None, method.defaults.get("prior", "auto"))


def _closed_form(n_rows: int, has_prior: bool) -> dict[str, object]:
    if has_prior:
        return _META_WITH_PRIOR
    epochs = min(max(n_rows // _ROWS_PER_EPOCH, _FEWEST_META_EPOCHS), _MOST_META_EPOCHS)
    lr: object = _META_LR_OF_MANY if epochs == _MOST_META_EPOCHS else _META["lr"]
    return {**_META, "max_epochs": epochs, "lr": lr}


def _heads(settings: Settings, tasks: Mapping[Hashable, Task]) -> Heads:
    """Choose the value of the parameter `heads`: linear heads, or hidden layers for some tasks.

    Regression tasks get hidden layers if several tasks share a network whose size is "auto".
    """
    sized = is_auto(settings.hidden_layer_sizes) and isinstance(settings.backbone, str)
    if len(tasks) < 2 or not sized or _has_net_per_task(settings):
        return "column"
    names = [name for name, task in tasks.items() if task.kind_object.hidden_head]
    width = min(_HEAD_WIDTH, _HEADS_WIDTH // max(len(names), 1))
    if not names or width < _NARROWEST_HEAD:
        return "column"
    return dict.fromkeys(names, (width,))


def _has_net_per_task(settings: Settings) -> bool:
    return len(make_method(settings.sharing, SHARING).encoders(["one", "other"])) > 1


def _has_modules(settings: Settings) -> bool:
    heads = settings.heads.values() if isinstance(settings.heads, Mapping) else ()
    return trains_modules(settings.modalities) or any(
        isinstance(part, nn.Module) for part in (settings.backbone, *heads)
    )
