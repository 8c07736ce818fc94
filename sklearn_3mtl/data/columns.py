"""Read targets from any container into named pandas columns, and write predictions back."""

from __future__ import annotations

from collections.abc import Hashable, Sequence, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeGuard, cast

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray
from sklearn.utils.validation import check_array

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "Container",
    "Labels",
    "TargetColumns",
    "is_pandas",
    "is_polars",
    "polars_to_pandas",
    "read_targets",
    "rebuild_container",
]

Container = Literal[
    "array_1d", "array_2d", "pandas_series", "pandas_frame", "polars", "polars_series"
]
# The labels of a task, in a NumPy array or a pandas extension array.
Labels = np.ndarray | ExtensionArray


def is_pandas(data: object) -> bool:
    """Whether `data` is a pandas DataFrame or Series."""
    return isinstance(data, pd.DataFrame | pd.Series)


def is_polars(data: object) -> TypeGuard[pl.DataFrame | pl.Series]:
    """Whether `data` is a polars DataFrame or Series; polars itself is not imported."""
    return type(data).__module__.partition(".")[0] == "polars"


def polars_to_pandas(data: pl.DataFrame | pl.Series) -> pd.DataFrame:
    """Convert a polars DataFrame, or a Series as its only column, to pandas without pyarrow."""
    if type(data).__name__ == "LazyFrame":
        raise TypeError("Found a polars LazyFrame; pass a DataFrame: frame.collect().")
    frame = cast("pl.Series", data).to_frame() if type(data).__name__ == "Series" else data
    return pd.DataFrame({column.name: _polars_column(column) for column in frame})


def _polars_column(series: pl.Series) -> Labels | pd.Series | pd.Categorical:
    if series.dtype.is_integer() and series.null_count():
        return pd.array(series.to_list(), dtype="Int64")
    if series.dtype.is_numeric():
        return series.to_numpy()
    values = series.to_list()
    if str(series.dtype).startswith("Enum"):
        categories = cast("pl.Enum", series.dtype).categories.to_list()
        return pd.Categorical(values, categories, ordered=True)
    if str(series.dtype).startswith("Categorical"):
        return pd.Categorical(values)
    if str(series.dtype) == "Boolean" and series.null_count() == 0:
        return np.asarray(values, dtype=bool)
    return pd.Series(values, dtype=object if str(series.dtype) == "Boolean" else None)


@dataclass(frozen=True)
class TargetColumns:
    """The columns of y as pandas Series, and the type of the container that y was.

    Attributes
    ----------
    names : tuple of hashable
        A name for each task: the position for arrays, ``"y"`` for a single unnamed target.
    columns : tuple of Series
        The labels of each task; missing ones are NaN or None.
    container : str
        The type of y, and so of what `predict` returns.
    named : bool
        Whether the names come from y.
    """

    names: tuple[Hashable, ...]
    columns: tuple[pd.Series, ...]
    container: Container
    named: bool

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return len(self.columns[0])

    def labelled(self) -> np.ndarray:
        """Which rows have a label of at least one task, a bool array of shape (n_samples,)."""
        found: np.ndarray = np.any([column.notna().to_numpy() for column in self.columns], axis=0)
        return found

    def select(self, names: Sequence[Hashable]) -> TargetColumns:
        """Return only the columns of the given names, in that order."""
        where = [self.names.index(name) for name in names]
        columns = tuple(self.columns[position] for position in where)
        return TargetColumns(tuple(names), columns, self.container, self.named)

    def completed(self, names: Sequence[Hashable]) -> TargetColumns:
        """Return the columns of the given names, in that order; those that y lacks are all NaN."""
        empty = pd.Series(np.full(self.n_rows, np.nan))
        have = dict(zip(self.names, self.columns, strict=True))
        columns = tuple(have.get(name, empty) for name in names)
        return TargetColumns(tuple(names), columns, self.container, self.named)


def rebuild_container(
    container: Container,
    names: Sequence[Hashable],
    named: bool,
    values: Sequence[Labels],
    index: pd.Index | None,
) -> Any:
    """Put one column of values per task into a container of the type that y was."""
    if container == "array_1d":
        return _to_array(values[0])
    if container == "array_2d":
        return np.stack([_to_array(column) for column in values], axis=1)
    if container == "pandas_series":
        result = _to_pandas(values[0], index)
        result.name = names[0] if named else None
        return result
    if container in ("polars", "polars_series"):
        import polars as pl

        series = [_to_polars(str(name), c) for name, c in zip(names, values, strict=True)]
        return series[0] if container == "polars_series" else pl.DataFrame(series)
    columns = {position: _to_pandas(column, index) for position, column in enumerate(values)}
    frame = pd.DataFrame(columns, index=index)
    frame.columns = pd.Index(names)
    return frame


def _to_pandas(column: Labels, index: pd.Index | None) -> pd.Series:
    """Make a Series of the column's own dtype; pandas might infer a text dtype from objects."""
    is_object = isinstance(column, np.ndarray) and column.dtype == object
    return pd.Series(column, index=index, dtype=object if is_object else None)


def _to_array(column: Labels) -> np.ndarray:
    is_text = isinstance(column, ExtensionArray) and isinstance(column.dtype, pd.StringDtype)
    return np.asarray(column, dtype=np.str_ if is_text else None)


def _to_polars(name: str, column: Labels) -> pl.Series:
    import polars as pl

    if isinstance(column, pd.Categorical):
        dtype = pl.Enum(column.categories.tolist()) if column.ordered else pl.Categorical
        return pl.Series(name, column.tolist(), dtype=dtype)
    array = np.asarray(column)
    return pl.Series(name, array if array.dtype.kind in "iufb" else array.tolist())


def read_targets(y: object) -> TargetColumns:
    """Read y into named columns, one for each task.

    Raises
    ------
    TypeError
        If y is a dict or a list of arrays, whose length scikit-learn takes for the number of rows.
    ValueError
        If y is None, empty, of more than two dimensions, or its column names are not unique.
    """
    if y is None:
        raise ValueError(
            "This estimator requires y to be passed, but the target y is None. "
            "Give a DataFrame with one column per task."
        )
    _refuse_collections(y)
    if is_polars(y):
        is_series = type(y).__name__ == "Series"
        return _from_frame(polars_to_pandas(y), "polars_series" if is_series else "polars")
    if isinstance(y, pd.Series):
        named = y.name is not None
        name = y.name if named else "y"
        return _checked((name,), (_tidy(y.reset_index(drop=True)),), "pandas_series", named)
    if isinstance(y, pd.DataFrame):
        return _from_frame(y, "pandas_frame")
    return _from_array(y)


def _refuse_collections(y: object) -> None:
    is_dict = isinstance(y, dict)
    is_list_of_arrays = (
        isinstance(y, list | tuple)
        and len(y) > 0
        and all(hasattr(item, "__array__") and np.ndim(item) >= 1 for item in y)
    )
    if is_dict or is_list_of_arrays:
        what = "a dict" if is_dict else f"a {type(y).__name__} of {len(cast(Sized, y))} arrays"
        raise TypeError(
            f"y is {what}, whose length scikit-learn takes for the number of rows. "
            "For tasks on the same rows pass a DataFrame with one column per task; for tasks on "
            "different rows use `X, y, task = stack_tasks({name: (X, y), ...})`."
        )


def _from_frame(frame: pd.DataFrame, container: Container) -> TargetColumns:
    if isinstance(frame.columns, pd.MultiIndex):
        raise ValueError(
            "The columns of y are a MultiIndex; a task needs one name. Flatten them, for example "
            "y.columns = ['_'.join(map(str, column)) for column in y.columns]."
        )
    duplicates = frame.columns[frame.columns.duplicated()].unique().tolist()
    if duplicates:
        raise ValueError(
            f"The columns of y have duplicate names: {duplicates!r}. Each task needs its own name."
        )
    alike = pd.Index([str(name) for name in frame.columns])
    if alike.has_duplicates:
        twice = frame.columns[alike.duplicated(keep=False)].tolist()
        raise ValueError(f"The columns of y have names that read alike: {twice!r}. Rename one.")
    columns = tuple(
        _tidy(frame.iloc[:, position].reset_index(drop=True)) for position in range(frame.shape[1])
    )
    return _checked(tuple(frame.columns), columns, container, True)


def _from_array(y: object) -> TargetColumns:
    if not (isinstance(y, np.ndarray) and y.dtype == object):
        array = check_array(
            y, dtype=None, ensure_2d=False, ensure_all_finite=False, input_name="y",
            ensure_min_samples=0, ensure_min_features=0,
        )  # fmt: skip
        # NumPy turns missing labels in a list of strings into text; bytes have no pandas dtype.
        as_object = array.dtype.kind == "S" or (array.dtype.kind == "U" and not hasattr(y, "dtype"))
        y = np.asarray(y, dtype=object) if as_object else array
    if y.ndim == 0 or y.ndim > 2:
        raise ValueError(
            f"y should have shape (n_samples,) or (n_samples, n_tasks). Found {y.shape}."
        )
    if y.ndim == 1:
        return _checked(("y",), (_array_column(y),), "array_1d", False)
    columns = tuple(_array_column(y[:, position]) for position in range(y.shape[1]))
    names = ("y",) if y.shape[1] == 1 else tuple(range(y.shape[1]))
    return _checked(names, columns, "array_2d", False)


def _array_column(values: np.ndarray) -> pd.Series:
    column = _tidy(pd.Series(values, dtype=object if values.dtype == object else None))
    # pandas 2 reads an array of text as objects, so that predictions would be objects too.
    is_text = values.dtype.kind == "U" and column.dtype == object
    return column.astype("string") if is_text else column


def _tidy(column: pd.Series) -> pd.Series:
    """Convert an object column that holds only numbers to a numeric dtype."""
    if column.dtype == object:
        inferred = pd.api.types.infer_dtype(column, skipna=True)
        if inferred in ("integer", "floating", "mixed-integer-float", "decimal"):
            if inferred == "integer" and column.isna().any():
                # Not through floats, which can't represent all integers beyond 2 ** 53.
                known = pd.to_numeric(column.dropna())
                if known.dtype.kind not in "iu":
                    return column
                unsigned = known.dtype.kind == "u"
                return known.astype("UInt64" if unsigned else "Int64").reindex(column.index)
            return pd.to_numeric(column)
    return column


def _checked(
    names: tuple[Hashable, ...], columns: tuple[pd.Series, ...], container: Container, named: bool
) -> TargetColumns:
    if not columns:
        raise ValueError("y is empty: it has no column, and so no task.")
    if len(columns[0]) == 0:
        raise ValueError("y is empty: found 0 rows; at least 1 is required.")
    return TargetColumns(names, columns, container, named)
