"""Turn the columns of a modality other than the table into one tensor of vectors."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from sklearn_3mtl.data.state import State
from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.inputs.column_encoder import ColumnEncoder

__all__ = ["EmbeddedInputs"]


class EmbeddedInputs:
    """Turns the columns of a modality, such as texts, into centred and scaled vectors.

    The mean over the rows of `fit` is subtracted from each vector. All dimensions are multiplied by
    the same number, which makes their mean variance 1 and keeps the vectors' geometry. Vectors that
    the encoder marks as raw stay as they are. A row without the modality gets the zero vector. If
    `fit` had such rows, a last column marks them.

    Parameters
    ----------
    encoder : ColumnEncoder
        Computes the vectors.

    Attributes
    ----------
    mean : float32 ndarray of shape (n_values,)
        What is subtracted from each vector.
    scale : float
        What the centred vector is multiplied by.
    has_gaps : bool
        Whether `fit` had rows without the modality.
    """

    mean: np.ndarray
    scale: float
    has_gaps: bool

    def __init__(self, encoder: ColumnEncoder) -> None:
        self.encoder = encoder
        self._ready: tuple[InputTable, Tensor] | None = None

    @property
    def n_values(self) -> int:
        """The width of the encoder's vectors."""
        return len(self.mean)

    @property
    def width(self) -> int:
        """The width of the tensor: that of a vector, plus 1 if a column marks missing rows."""
        return self.n_values + self.has_gaps

    def fit(self, table: InputTable) -> EmbeddedInputs:
        """Fit the encoder, the mean and the scale.

        Raises
        ------
        ValueError
            If no row has the modality.
        """
        values, there = self.encoder.read(table)
        if not there.any():
            columns = self.encoder.columns.labels(table)
            raise ValueError(
                f"{self.encoder.parameter}: no row of X has it; the column(s) {columns} are empty. "
                "Leave the modality out."
            )
        vectors = self.encoder.learn(values)
        self.has_gaps = not bool(there.all())
        self.mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        variance = float(np.square(vectors - self.mean).mean(dtype=np.float64))
        self.scale = (
            variance**-0.5 if variance > 1e-12 * float(np.square(self.mean).mean()) else 0.0
        )
        if self.encoder.is_raw:
            self.mean, self.scale = np.zeros_like(self.mean), 1.0
        # The same table is transformed next, to make the training rows: don't encode it twice.
        self._ready = table, self._tensor(vectors, there)
        return self

    def moved(self, place: Mapping[int, int]) -> EmbeddedInputs:
        """A copy for tables with columns in other places; `place` maps old positions to new."""
        moved = copy.copy(self)
        moved.encoder = copy.copy(self.encoder)
        columns = self.encoder.columns
        moved.encoder.columns = replace(columns, positions=[place[p] for p in columns.positions])
        return moved

    def transform(self, table: InputTable, start: int = 0, stop: int | None = None) -> Tensor:
        """Turn rows `start` to `stop` into a float32 tensor of shape (n_rows, width)."""
        ready, self._ready = self._ready, None
        if ready is not None and ready[0] is table:
            return ready[1][start:stop]
        values, there = self.encoder.read(table, start, stop)
        vectors = self.encoder.encode(values) if there.any() else np.zeros((0, self.n_values))
        if vectors.shape[1] != self.n_values:
            raise ValueError(
                f"{self.encoder.parameter}: the encoder gave {vectors.shape[1]} numbers for a row, "
                f"in fit it was {self.n_values}."
            )
        return self._tensor(vectors, there)

    def terms(self, table: InputTable, start: int, stop: int) -> sparse.csr_matrix | None:
        """The weights of all words of some rows, (n_rows, n_words); None without words."""
        values, there = self.encoder.read(table, start, stop)
        found = self.encoder.terms(values if there.any() else [""])
        if found is None or there.all():
            return found
        # Rows without the modality have no words.
        place = np.where(there, np.cumsum(there) - 1, found.shape[0])
        empty = sparse.csr_matrix((1, found.shape[1]), dtype=found.dtype)
        return sparse.vstack([found, empty], format="csr")[np.minimum(place, found.shape[0])]

    def _tensor(self, vectors: np.ndarray, there: np.ndarray) -> Tensor:
        out = torch.zeros((len(there), self.width), dtype=torch.float32)
        coded = (vectors - self.mean) * np.float32(self.scale)
        out[torch.from_numpy(there), : self.n_values] = torch.from_numpy(coded.astype(np.float32))
        if self.has_gaps:
            out[:, self.n_values] = torch.from_numpy(~there)
        return out

    def state(self) -> State:
        """What `fit` learned, with the encoder's state, for saving."""
        columns = self.encoder.columns
        values = {
            "name": columns.modality,
            "positions": columns.positions,
            "alone": columns.alone,
            "has_gaps": self.has_gaps,
            "scale": float(self.scale),
        }
        return State.of(values, {"mean": self.mean}).with_parts({"encoder": self.encoder.state()})

    def restore(self, state: State) -> EmbeddedInputs:
        """Restore what the method `state` returned.

        Raises
        ------
        ValueError
            If it can't be the state of such an encoder.
        """
        self.encoder.restore(state.part("encoder"))
        self.mean, self.has_gaps = state.array("mean", np.float32), state.entry("has_gaps", bool)
        self.scale, shape = state.entry("scale", float), self.encoder.shape
        if not math.isfinite(self.scale) or (
            shape is not None and math.prod(shape) != len(self.mean)
        ):
            raise ValueError(f"{self.encoder.parameter} has parts that don't fit together")
        return self

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_ready": None}
