"""The inputs that an estimator's parameters ask for."""

from __future__ import annotations

import numpy as np

from sklearn_3mtl.data._tables import InputTable
from sklearn_3mtl.data.modalities import ModalInputs, read_modalities
from sklearn_3mtl.estimators._parameters import categorical_positions
from sklearn_3mtl.estimators._settings import Settings

__all__ = ["fit_inputs"]


def fit_inputs(
    estimator: Settings, table: InputTable, task: int | None, random: np.random.Generator
) -> ModalInputs:
    """What turns X into tensors, fitted on a table.

    Parameters
    ----------
    estimator : Settings
        The estimator.
    table : InputTable
        X.
    task : int or None
        Position of the task column, which is no input.
    random : numpy.random.Generator
        Draws the rows for the quantiles of a long table.
    """
    columns, embedded = read_modalities(estimator.modalities, table, task)
    categorical = categorical_positions(estimator.categorical_features, table, columns)
    if estimator.modalities is not None:
        _refuse_categories(table, categorical, columns, task)
    return ModalInputs(embedded=embedded).fit(table, columns, categorical, random)


def _refuse_categories(
    table: InputTable, categorical: list[int], columns: list[int], task: int | None
) -> None:
    strange = [table.names[i] for i in categorical if i not in columns and i != task]
    if strange:
        raise ValueError(
            f"`categorical_features` names {strange!r}, and by `modalities` they are not tabular. "
            "Leave them out of one of both."
        )
