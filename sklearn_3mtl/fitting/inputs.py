"""Fit what turns X into tensors, as the parameters say."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.inputs.modalities import ModalInputs, read_modalities
from sklearn_3mtl.inputs.numeric_coding import MAX_ALL_BINS
from sklearn_3mtl.settings.groups import DataSettings
from sklearn_3mtl.settings.values import categorical_positions

__all__ = ["fit_inputs"]

BINS_WITH_PRIOR = 256


def fit_inputs(
    settings: DataSettings,
    table: InputTable,
    ids: Mapping[int, str],
    random: np.random.Generator,
    *,
    has_prior: bool,
) -> ModalInputs:
    """Fit the encoding of X as tensors, such as scales and categories.

    Parameters
    ----------
    settings : DataSettings
        The parameters that say what the columns of X are.
    table : InputTable
        X.
    ids : mapping of int to str
        Positions of the columns that are not inputs, with the parameter that names each.
    random : numpy.random.Generator
        Draws the rows from which the quantiles of a long table are computed.
    has_prior : bool
        Whether the network starts from a prior. It then gets fewer bins, which cost most of the
        time of a small network.
    """
    columns, embedded = read_modalities(settings.modalities, table, ids)
    categorical = categorical_positions(settings.categorical_features, table, columns)
    if settings.modalities is not None:
        _refuse_categories(table, categorical, [*columns, *ids])
    return ModalInputs(embedded=embedded).fit(
        table, columns, categorical, random, BINS_WITH_PRIOR if has_prior else MAX_ALL_BINS
    )


def _refuse_categories(table: InputTable, categorical: list[int], columns: list[int]) -> None:
    strange = [table.names[i] for i in categorical if i not in columns]
    if strange:
        raise ValueError(
            f"`categorical_features` names {strange!r}, and by `modalities` they are not tabular. "
            "Leave them out of one of the two parameters."
        )
