"""`fit` from a pretrained torch module given as `source`: make it a network without tasks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

from skorch.history import History
from torch import nn

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.fitted.fitted import Fitted, InputColumns
from sklearn_3mtl.fitting.assembly import new_model
from sklearn_3mtl.fitting.data import TrainingData
from sklearn_3mtl.fitting.fit import draw_seed
from sklearn_3mtl.settings import Settings

__all__ = ["fitted_with_module", "modalities_around", "refuse_other_inputs"]

MODALITY = "source"
# Between the module and the heads there is nothing.
PARTS: Mapping[str, object] = {
    "source": None, "backbone": "mlp", "hidden_layer_sizes": (), "n_estimators": 1,
    "sharing": "hard", "heads": "column", "fusion": "concat",
}  # fmt: skip
# There are no tasks yet, so that no rule can weight them.
NO_TASKS: Mapping[str, object] = {"balancing": "equal", "task_weight": None}


def modalities_around(module: nn.Module, columns: Sequence[Hashable]) -> dict[str, object]:
    """The value of the parameter `modalities` that makes a module the encoder of all columns."""
    return {MODALITY: (module, columns[0] if len(columns) == 1 else list(columns))}


def refuse_other_inputs(settings: Settings) -> None:
    """Refuse parameters that take columns away from the module, which reads all of them."""
    for name in ("modalities", "task", "domain"):
        given = getattr(settings, name)
        if given is not None:
            raise ValueError(
                f"`source` and {name}={given!r} contradict each other: a module as a source reads "
                f"all columns of X. Leave {name} out, or give the module as a modality, "
                "modalities={'name': (module, columns)}."
            )


def fitted_with_module(
    settings: Settings,
    module: nn.Module,
    table: InputTable,
    targets: TargetColumns,
    columns: InputColumns,
) -> Fitted:
    """Make a fitted model without tasks, with a module as the encoder of all columns of X.

    Parameters
    ----------
    settings : Settings
        The other parameters.
    module : nn.Module
        Maps (B, n_columns), or (B, ...) where X is a column of arrays, to (B, n_features). If none
        of its parameters requires a gradient, it runs only once for each row.
    table, targets : InputTable and TargetColumns
        X and y of the target.
    columns : InputColumns
        The columns of X.

    Raises
    ------
    ValueError
        If the module doesn't fit X.
    """
    modalities = modalities_around(module, table.names)
    around = settings.with_values({**PARTS, "modalities": modalities})
    seed = draw_seed(settings)
    data = TrainingData(table, targets.select([]))
    try:
        model = new_model(around.with_values(NO_TASKS), data, {}, seed).model
    except (TypeError, ValueError) as error:
        raise type(error)(f"`source` as an encoder of all columns: {error}") from error
    return Fitted(replace(model, settings=around), History(), columns)
