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
    """Turns the columns of a modality (a group with its own encoder) into a vector per row.

    Rows in which all columns are missing lack the modality and get no vector.

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
        """Whether all dimensions carry information, as in vectors of pretrained models."""
        return False

    @property
    def parameter(self) -> str:
        """The encoder's name in error messages."""
        return f"`modalities[{self.columns.modality!r}]`"

    @abstractmethod
    def read(self, table: InputTable, start: int = 0, stop: int | None = None) -> Rows:
        """Read the modality's columns in rows `start` to `stop` (None: to the end)."""

    @abstractmethod
    def encode(self, values: Any) -> np.ndarray:
        """Map n >= 1 values that `read` returned to float32 vectors of shape (n, d)."""

    def learn(self, values: Any) -> np.ndarray:
        """Fit the encoder on values that `read` returned, and return their vectors."""
        return self.encode(values)

    def terms(self, values: Any) -> sparse.csr_matrix | None:
        """Map n >= 1 values to the weights of all their words; None for other encoders."""
        return None

    def state(self) -> State:
        """What the encoder has learned, for saving."""
        return State({})

    def restore(self, state: State) -> None:
        """Restore what the method `state` returned.

        Raises
        ------
        ValueError
            If it can't be the state of such an encoder.
        """
        if state.values or state.tensors:
            raise ValueError(f"{self.parameter} has learned nothing, and the file holds {state!r}")

    def matrix(self, vectors: ArrayLike, n_rows: int) -> np.ndarray:
        """Check an encoder's output, and return it as float32 of shape (n_rows, d).

        A ValueError is raised if it has another shape, or holds NaN or infinity.
        """
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
