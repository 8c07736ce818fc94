"""Read X from any container, and access its columns by position."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import cast

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array

from sklearn_3mtl.data.columns import is_polars, polars_to_pandas

__all__ = ["InputTable", "find_column", "find_name", "read_inputs"]

# The types that pandas infers for object columns of dates and durations.
DATES = frozenset({"date", "datetime", "datetime64", "time", "timedelta", "timedelta64", "period"})


class InputTable:
    """X, a DataFrame or an array, as a table whose columns are accessed by position.

    Parameters
    ----------
    frame : DataFrame or None
        The table, if it has named or mixed columns.
    array : ndarray of numbers, of shape (n_samples, n_features), or None
        The table, if it is an array. Exactly one of `frame` and `array` is given.
    index : Index or None
        The row labels of predictions. None: a default index.
    """

    def __init__(
        self, frame: pd.DataFrame | None, array: np.ndarray | None, index: pd.Index | None
    ) -> None:
        self.frame, self.array, self.index = frame, array, index
        shape = frame.shape if frame is not None else np.shape(cast(np.ndarray, array))
        self.n_rows, self.n_columns = int(shape[0]), int(shape[1])
        self.names: list[Hashable] = (
            list(frame.columns) if frame is not None else list(range(self.n_columns))
        )

    def label(self, position: int) -> str:
        """A column's name as error messages show it."""
        return repr(self.names[position])

    def column(self, position: int) -> pd.Series:
        """The column at a position, as a Series."""
        if self.frame is not None:
            # By name, which is unique: this is three times faster than by position.
            return self.frame[self.names[position]]
        assert self.array is not None
        return pd.Series(self.array[:, position])

    def category_values(self, position: int) -> np.ndarray:
        """The column at a position, as an object array; a list in a cell raises a TypeError."""
        column = self.column(position)
        if column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) == "mixed":
            _refuse_collections(column)
        return np.asarray(column, dtype=object)

    def distinct_values(self, position: int) -> tuple[np.ndarray, np.ndarray | None]:
        """A categorical column's categories, and each row's position among them (-1: missing).

        For a column of another dtype: the value of each row, and None.
        """
        column = self.column(position)
        if not isinstance(column.dtype, pd.CategoricalDtype):
            return self.category_values(position), None
        return np.asarray(column.array.categories, dtype=object), column.array.codes

    def numbers(
        self, positions: Sequence[int], start: int = 0, stop: int | None = None
    ) -> np.ndarray:
        """The numbers in some columns and in rows `start` to `stop`; missing ones are NaN."""
        if self.array is not None:
            rows = self.array[start:stop]
            return rows if len(positions) == self.n_columns else rows[:, list(positions)]
        assert self.frame is not None
        block = self.frame.iloc[start:stop, list(positions)]
        if all(isinstance(dtype, np.dtype) and dtype.kind in "fiub" for dtype in block.dtypes):
            return block.to_numpy(dtype=np.float64)
        columns = [self._number_column(block.iloc[:, i]) for i in range(block.shape[1])]
        return np.column_stack(columns) if columns else np.empty((len(block), 0))

    def _number_column(self, column: pd.Series) -> np.ndarray:
        if not isinstance(column.dtype, pd.CategoricalDtype) and column.dtype.kind in "mMc":
            raise TypeError(
                f"Column {column.name!r} of X was numeric in fit and now has dtype {column.dtype}; "
                "convert it as in fit."
            )
        try:
            if column.dtype == object:
                column = pd.to_numeric(column)
            return column.to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"Column {column.name!r} of X was numeric in fit and now holds values that are "
                f"not numbers: {error}."
            ) from error

    def inferred_categorical(self, among: Iterable[int] | None = None) -> list[int]:
        """Positions of the columns that hold categories or strings.

        Only the positions in `among` are looked at. None: all columns are.
        """
        if self.frame is None:
            return []
        columns = range(self.n_columns) if among is None else among
        return [i for i in columns if _is_categorical(self.frame.iloc[:, i])]


def _is_categorical(column: pd.Series) -> bool:
    dtype = column.dtype
    if pd.api.types.is_object_dtype(dtype):
        return _object_is_categorical(column)
    if isinstance(dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(dtype):
        return True
    if pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_numeric_dtype(dtype):
        if pd.api.types.is_complex_dtype(dtype):
            raise ValueError(f"Complex data not supported: column {column.name!r} of X.")
        return False
    raise _neither(column, f"has dtype {dtype}")


def _neither(column: pd.Series, found: str) -> TypeError:
    return TypeError(
        f"Column {column.name!r} of X {found}, which is neither numeric nor categorical. "
        "Convert it to numbers (a date, for example, to days since a date) or to strings."
    )


def _object_is_categorical(column: pd.Series) -> bool:
    inferred = pd.api.types.infer_dtype(column, skipna=True)
    if inferred in ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty"):
        return False
    if inferred in DATES:
        raise _neither(column, f"holds values of type {inferred}")
    _refuse_collections(column)
    return True


def _refuse_collections(column: pd.Series) -> None:
    strange = next((value for value in column if not pd.api.types.is_scalar(value)), None)
    if strange is not None:
        raise TypeError(
            f"Column {column.name!r} of X holds a {type(strange).__name__}: each argument must be "
            "a string or a number. Turn it into columns of numbers or categories first."
        )


def read_inputs(X: object) -> InputTable:
    """Read X, which has to be a table of numbers and categories.

    Raises
    ------
    TypeError
        If X is sparse, or a column holds neither numbers nor categories.
    ValueError
        If X is empty or not two-dimensional, or its column names are not unique.
    """
    if is_polars(X):
        if type(X).__name__ == "Series":
            raise ValueError(
                "Expected a 2-dimensional container but got a polars Series instead. "
                "Pass a DataFrame with a single column: X.to_frame()."
            )
        return _from_frame(polars_to_pandas(X), None)
    if isinstance(X, pd.DataFrame):
        return _from_frame(X, X.index)
    array = check_array(
        X, dtype=None, ensure_all_finite=False, accept_sparse=False, ensure_min_samples=1
    )
    if array.dtype.kind == "c":
        raise ValueError("Complex data not supported\n")
    if array.dtype.kind in "mM":
        raise TypeError(
            f"X has dtype {array.dtype}; convert dates and durations to numbers, for example to "
            "days since a date."
        )
    if array.dtype.kind in "OUS":
        # NumPy turns everything in a list with a string into text: read such a list as objects.
        mixed = array if hasattr(X, "dtype") else np.asarray(X, dtype=object)
        return _from_frame(pd.DataFrame(mixed).infer_objects(), None)
    return InputTable(None, array, None)


def _from_frame(frame: pd.DataFrame, index: pd.Index | None) -> InputTable:
    if isinstance(frame.columns, pd.MultiIndex):
        raise ValueError(
            "The columns of X are a MultiIndex; flatten them, for example "
            "X.columns = ['_'.join(map(str, column)) for column in X.columns]."
        )
    duplicates = frame.columns[frame.columns.duplicated()].unique().tolist()
    if duplicates:
        raise ValueError(f"The columns of X have duplicate names: {duplicates!r}.")
    if min(frame.shape) == 0:
        raise ValueError(
            f"Found array with {frame.shape[0]} sample(s) and {frame.shape[1]} feature(s) "
            f"(shape={frame.shape}) while a minimum of 1 is required."
        )
    return InputTable(frame, None, index)


def find_column(table: InputTable, name: Hashable, parameter: str) -> int:
    """The position of the column that a parameter names; `find_name` has the rules."""
    return find_name(table.names, name, parameter)


def find_name(names: Sequence[Hashable], name: Hashable, parameter: str) -> int:
    """The position of a column's name among the names of X.

    If no name is exactly this one, the only name that ends in ``__name`` counts: ColumnTransformer
    renames a column ``age`` to ``remainder__age``. `parameter` is named in the error message.
    """
    names = list(names)
    if name in names:
        return names.index(name)
    ending = [c for c in names if isinstance(c, str) and c.endswith(f"__{name}")]
    if len(ending) == 1:
        return names.index(ending[0])
    found = f"{len(ending)} columns end in '__{name}'" if ending else "no column has that name"
    raise ValueError(
        f"`{parameter}`={name!r} should name a column of X; {found}. The columns are {names!r}."
    )
