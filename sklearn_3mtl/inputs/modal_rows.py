"""Read the columns of a modality row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sklearn_3mtl.data.tables import InputTable

__all__ = ["ModalColumns", "Rows", "read_arrays", "read_numbers", "read_rows", "read_texts"]


@dataclass(frozen=True)
class ModalColumns:
    """The columns of X that belong to a modality, a group with an encoder of its own.

    Attributes
    ----------
    modality : str
        The modality's name.
    positions : list of int
        Positions of its columns.
    alone : bool
        Whether the user named one column, not a list: it is then read as one-dimensional.
    """

    modality: str
    positions: list[int]
    alone: bool

    def labels(self, table: InputTable) -> str:
        """The columns' names, joined by commas for error messages."""
        return ", ".join(table.label(position) for position in self.positions)

    def where(self, table: InputTable, position: int, row: int) -> str:
        """Describe one cell, by modality, column and row, for error messages."""
        return f"`modalities[{self.modality!r}]`: column {table.label(position)} of X, row {row},"


class Rows(NamedTuple):
    """The values of a modality (a group of columns of X with an encoder) in some rows.

    Attributes
    ----------
    values : list of str, ndarray, Series or DataFrame
        The values of only those rows that have the modality.
    there : bool ndarray of shape (n_samples,)
        Which rows have the modality.
    """

    values: list[str] | np.ndarray | pd.Series | pd.DataFrame
    there: np.ndarray


def _cells(table: InputTable, position: int, start: int, stop: int | None) -> list[object]:
    return table.column(position).iloc[start:stop].tolist()


def _is_missing(value: Any) -> bool:
    return value is None or (np.ndim(value) == 0 and bool(pd.isna(value)))


def read_texts(table: InputTable, columns: ModalColumns, start: int, stop: int | None) -> Rows:
    """Read the texts in rows `start` to `stop`, joining those of several columns.

    A row lacks the modality if its texts are missing or blank.

    Raises
    ------
    TypeError
        If a cell holds something else than text. The message names the row.
    """
    parts = []
    for position in columns.positions:
        texts = []
        for row, value in enumerate(_cells(table, position, start, stop), start):
            if not isinstance(value, str) and not _is_missing(value):
                raise TypeError(
                    f"{columns.where(table, position, row)} holds {_shown(value)}, "
                    "which is no text. Give strings, and None for a missing text."
                )
            texts.append(value.strip() if isinstance(value, str) else "")
        parts.append(texts)
    joined = [" ".join(filter(None, row)) for row in zip(*parts, strict=True)]
    return Rows([text for text in joined if text], np.array([bool(text) for text in joined]))


def _shown(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    text = repr(value)
    return f"{text if len(text) < 50 else text[:47] + '...'} ({type(value).__name__})"


def read_arrays(
    table: InputTable, columns: ModalColumns, shape: tuple[int, ...] | None,
    start: int, stop: int | None,
) -> Rows:  # fmt: skip
    """Read the arrays in the cells of one column; channels come first in the result.

    Parameters
    ----------
    table, columns, start, stop
        Which cells to read.
    shape : tuple of int or None
        The shape that each array should have. None: the shape of the first.

    Raises
    ------
    TypeError, ValueError
        If a cell holds no array of numbers, or the array has another shape or holds NaN or
        infinity. The message names the row.
    """
    (position,) = columns.positions
    cells = _cells(table, position, start, stop)
    there = np.array([not _is_missing(value) for value in cells], dtype=bool)
    found: list[np.ndarray] = []
    for row in np.flatnonzero(there).tolist():
        where = columns.where(table, position, start + row)
        array = _as_array(cells[row], where)
        shape = array.shape if shape is None else shape
        if array.shape != shape:
            raise ValueError(
                f"{where} holds an array of shape {array.shape}; those of the other rows have "
                f"shape {shape} (channels first). Resize them to one shape."
            )
        found.append(array)
    values = np.stack(found) if found else np.zeros((0, *(shape or (0,))), dtype=np.float32)
    return Rows(values, there)


def _as_array(value: object, where: str) -> np.ndarray:
    """One cell as float32: shape (d,), or (C, H, W) for an image of shape (H, W) or (H, W, C)."""
    array = np.asarray(value) if not isinstance(value, str | bytes) else np.asarray(None)
    if array.dtype.kind not in "biuf" or array.ndim not in (1, 2, 3) or not array.size:
        raise TypeError(
            f"{where} holds {_shown(value)}: each cell should be an array of numbers, of shape "
            "(H, W) or (H, W, C) for an image, or None for a missing one."
        )
    array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError(f"{where} holds NaN or infinity; give None for a missing array.")
    if array.ndim == 1:
        return array
    return array[None] if array.ndim == 2 else np.moveaxis(array, -1, 0)


def read_numbers(table: InputTable, columns: ModalColumns, start: int, stop: int | None) -> Rows:
    """Read numeric columns in rows `start` to `stop`; a row without any number is missing.

    Raises
    ------
    ValueError
        If a row lacks some of the numbers only, or has an infinite one. The message names the row.
    """
    block = table.numbers(columns.positions, start, stop).astype(np.float64)
    gaps = np.isnan(block)
    there = ~np.asarray(gaps.all(axis=1))
    for wrong, found in ((gaps & there[:, None], "is missing in a row that has others"),
                         (np.isinf(block), "is infinite")):  # fmt: skip
        if wrong.any():
            row, column = np.argwhere(wrong)[0].tolist()
            where = columns.where(table, columns.positions[column], start + row)
            raise ValueError(
                f"{where} {found}: an nn.Module needs all numbers of a row, or none. Impute them."
            )
    return Rows(block[there].astype(np.float32), there)


def read_rows(table: InputTable, columns: ModalColumns, start: int, stop: int | None) -> Rows:
    """Read columns as ColumnTransformer passes them: 1-D for a name, a table for a list."""
    missing = np.array([_gaps(table, position, start, stop) for position in columns.positions])
    there = ~np.asarray(missing.all(axis=0))
    if table.array is not None:
        block = table.array[start:stop][there][:, columns.positions]
        return Rows(block[:, 0] if columns.alone else block, there)
    assert table.frame is not None
    frame = table.frame.iloc[start:stop, columns.positions].loc[there]
    return Rows(frame.iloc[:, 0] if columns.alone else frame, there)


def _gaps(table: InputTable, position: int, start: int, stop: int | None) -> np.ndarray:
    column = table.column(position).iloc[start:stop]
    gaps = column.isna().to_numpy(dtype=bool)
    if column.dtype == object or pd.api.types.is_string_dtype(column.dtype):
        blank = [isinstance(value, str) and not value.strip() for value in column.tolist()]
        found: np.ndarray = gaps | np.array(blank, dtype=bool)
        return found
    return gaps
