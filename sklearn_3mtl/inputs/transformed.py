"""Any scikit-learn transformer as an encoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags

from sklearn_3mtl.data.state import State
from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.inputs.column_encoder import ColumnEncoder
from sklearn_3mtl.inputs.content import content_key
from sklearn_3mtl.inputs.modal_rows import ModalColumns, Rows, read_rows
from sklearn_3mtl.inputs.vector_cache import CACHE

__all__ = ["Transformer"]

# The columns as ColumnTransformer gives them.
Table = np.ndarray | pd.Series | pd.DataFrame
# Vectors are dense. More columns than this are word counts or hashes, which should be reduced.
MAX_WIDTH = 4096


class Transformer(ColumnEncoder):
    """Encodes columns by a scikit-learn transformer, a clone of which is fitted.

    A transformer that is frozen or needs no fit transforms each distinct row once.
    """

    def __init__(self, columns: ModalColumns, given: BaseEstimator) -> None:
        super().__init__(columns, given)
        self.fitted = clone(given)
        self.is_frozen = isinstance(given, FrozenEstimator) or not get_tags(given).requires_fit
        self.key = content_key(self.fitted) if self.is_frozen else None

    def read(self, table: InputTable, start: int = 0, stop: int | None = None) -> Rows:
        """Read rows `start` to `stop` in the form that ColumnTransformer passes on."""
        return read_rows(table, self.columns, start, stop)

    def learn(self, values: Table) -> np.ndarray:
        """Fit the transformer and encode the values."""
        if self.is_frozen:
            return self.encode(values)
        return self._checked(values, lambda: self.fitted.fit_transform(values))

    def encode(self, values: Table) -> np.ndarray:
        """Transform the values."""
        if not self.is_frozen:
            return self._checked(values, lambda: self.fitted.transform(values))
        if isinstance(values, pd.DataFrame) or values.ndim == 2:
            rows = list(map(tuple, np.asarray(values)))
        else:
            rows = values.tolist()
        return CACHE.encoded(self.key, rows, lambda some: self._of_rows(values, some))

    def _of_rows(self, like: Table, rows: list[tuple[object, ...]]) -> np.ndarray:
        some = _as(like, rows)
        return self._checked(some, lambda: self.fitted.transform(some))

    def _checked(self, values: Table, transform: Callable[[], Any]) -> np.ndarray:
        try:
            made = transform()
        except Exception as error:
            raise ValueError(
                f"{self.parameter}: {type(self.given).__name__} failed on its columns: {error}"
            ) from error
        width = np.shape(made)[1] if np.ndim(made) == 2 or sparse.issparse(made) else 1
        if width > MAX_WIDTH:
            raise ValueError(
                f"{self.parameter}: {type(self.given).__name__} gives {width} columns; the network "
                f"takes {MAX_WIDTH} at most. Reduce them by TruncatedSVD: "
                "make_pipeline(..., TruncatedSVD(100))."
            )
        return self.matrix(made.toarray() if sparse.issparse(made) else made, len(values))

    def state(self) -> State:
        """The fitted transformer."""
        return State({"transformer": self.fitted})

    def restore(self, state: State) -> None:
        """Restore the fitted transformer."""
        self.fitted = state.entry("transformer", type(self.given))


def _as(like: Table, rows: list[tuple[object, ...]]) -> Table:
    """Put rows into the same kind of container as `like`."""
    if isinstance(like, pd.Series):
        return pd.Series(rows, name=like.name, dtype=like.dtype)
    if isinstance(like, pd.DataFrame):
        return pd.DataFrame(rows, columns=like.columns).astype(like.dtypes)
    return np.asarray(rows, dtype=like.dtype)
