"""A source that is a pretrained module: a network that has no task yet."""

from __future__ import annotations

import copy
from collections.abc import Hashable
from typing import Any

from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data
from skorch.history import History
from torch import nn

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.columns import read_targets
from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.estimators._settings import Settings, fitted_attributes, keep_fitted
from sklearn_3mtl.fitting.assembly import new_model

__all__ = ["fitted_around", "modalities_around"]

MODALITY = "source"
# Between the module and the heads there is nothing.
PARTS = {"source": None, "backbone": "mlp", "hidden_layer_sizes": (), "n_estimators": 1,
         "sharing": "hard", "heads": "column", "fusion": "concat"}  # fmt: skip


def modalities_around(module: nn.Module, columns: list[Hashable]) -> dict[str, Any]:
    """The module as the encoder of all columns."""
    return {MODALITY: (module, columns[0] if len(columns) == 1 else columns)}


def fitted_around(estimator: Settings, module: nn.Module, X: ArrayLike, y: ArrayLike) -> Settings:
    """An estimator as if it had been fitted, with the module as the encoder of all columns.

    Parameters
    ----------
    estimator : Settings
        Whose parameters count beside the module.
    module : nn.Module
        Maps (B, n_columns), or (B, ...) where X is a column of arrays, to (B, n_features). One
        without a parameter that requires a gradient runs once for each row.
    X, y : DataFrame or array-like
        The target's rows.

    Raises
    ------
    ValueError
        If X has task ids, `modalities` is given too, or the module doesn't fit X.
    """
    for name in ("modalities", "task", "domain"):
        given = getattr(estimator, name)
        if given is not None:
            raise ValueError(
                f"`source` and {name}={given!r} contradict each other: a module as a source reads "
                f"all columns of X. Leave {name} out, or give the module as a modality, "
                "modalities={'name': (module, columns)}."
            )
    table = read_inputs(X)
    around = copy.copy(estimator)
    for stale in fitted_attributes(estimator):
        delattr(around, stale)
    around.__dict__.update(PARTS, modalities=modalities_around(module, list(table.names)))
    validate_data(around, X, skip_check_array=True, reset=True)
    seed = Seed(int(check_random_state(estimator.random_state).randint(2**31 - 1)))
    no_targets = read_targets(y).select([])
    try:
        model = new_model(around, table, no_targets, None, {}, None, None, False, None, seed)
    except (TypeError, ValueError) as error:
        raise type(error)(f"`source` as an encoder of all columns: {error}") from error
    keep_fitted(around, model, History())
    return around
