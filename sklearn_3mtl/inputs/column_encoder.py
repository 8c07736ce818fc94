"""The base class of encoders, which turn the columns of a modality into vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from sklearn_3mtl.data.state import State
from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.inputs.modal_rows import ModalColumns, Rows

__all__ = ["ColumnEncoder"]


class ColumnEncoder(ABC):
    """Turns a modality's columns into one vector for each row that has the modality.

    Parameters
    ----------
    columns : ModalColumns
        The columns.
    given : object or None, default=None
        The encoder that the user gave. None: the modality's default.
    """

    def __init__(self, columns: ModalColumns, given: object = None) -> None:
        self.columns, self.given = columns, given

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape to which a vector is unflattened for a module of the network.

        None: no module reads the vector; it is used as features.
        """
        return None

    @property
    def is_raw(self) -> bool:
        """Whether the vectors stay as they are, instead of being centred and scaled."""
        return False

    @property
    def is_spread(self) -> bool:
        """Whether information is spread over all dimensions, as in vectors of pretrained models."""
        return False

    @property
    def parameter(self) -> str:
        """The encoder's name in error messages."""
        return f"`modalities[{self.columns.modality!r}]`"

    @abstractmethod
    def read(self, table: InputTable, start: int = 0, stop: int | None = None) -> Rows:
        """Read some rows of the columns."""

    @abstractmethod
    def encode(self, values: Any) -> np.ndarray:
        """Map n >= 1 values to float32 vectors of shape (n, d)."""

    def learn(self, values: Any) -> np.ndarray:
        """Fit the encoder on some values, and encode them."""
        return self.encode(values)

    def terms(self, values: Any) -> sparse.csr_matrix | None:
        """Map n >= 1 values to the weights of all their words; None for other encoders."""
        return None

    def state(self) -> State:
        """The fitted state."""
        return State({})

    def restore(self, state: State) -> None:
        """Restore a fitted state.

        Raises
        ------
        ValueError
            If it can't be the state of such an encoder.
        """
        if state.values or state.tensors:
            raise ValueError(f"{self.parameter} has learned nothing, and the file holds {state!r}")

    def matrix(self, vectors: ArrayLike, n_rows: int) -> np.ndarray:
        """An encoder's output as float32 of shape (n_rows, d); a ValueError if it is invalid."""
        found = np.asarray(vectors, dtype=np.float32)
        if found.ndim != 2 or len(found) != n_rows or not found.shape[1]:
            raise ValueError(
                f"{self.parameter}: the encoder should give an array of shape (n, d). For "
                f"n={n_rows} it gave shape {found.shape}."
            )
        wrong = ~np.isfinite(found).all(axis=1)
        if wrong.any():
            raise ValueError(
                f"{self.parameter}: the encoder gave NaN or infinity for {int(wrong.sum())} of "
                f"{n_rows} rows (the first is number {int(np.argmax(wrong))} of those that are "
                "not missing). Impute missing values before, for example in a Pipeline."
            )
        return found
