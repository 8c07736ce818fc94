"""Encoders of images and numbers: raw arrays for trained modules, vectors of frozen ones."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn

from sklearn_3mtl.data.state import State
from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.inputs.column_encoder import ColumnEncoder
from sklearn_3mtl.inputs.content import content_key
from sklearn_3mtl.inputs.modal_rows import ModalColumns, Rows, read_arrays, read_numbers
from sklearn_3mtl.inputs.vector_cache import CACHE

__all__ = ["FrozenModule", "Images", "TrainedModule"]

BATCH_ROWS = 64


class _ArrayColumns(ColumnEncoder):
    """Reads one column with an array in each cell, or several columns of numbers."""

    in_cells: bool | None = None
    value_shape: tuple[int, ...] | None = None

    def read(self, table: InputTable, start: int = 0, stop: int | None = None) -> Rows:
        """Read the arrays in rows `start` to `stop`."""
        if self.in_cells is None:
            first, *more = self.columns.positions
            self.in_cells = not more and table.column(first).dtype == object
        if self.in_cells:
            return read_arrays(table, self.columns, self.value_shape, start, stop)
        return read_numbers(table, self.columns, start, stop)

    def learn(self, values: np.ndarray) -> np.ndarray:
        """Remember the shape of the arrays, which later arrays must have."""
        self.value_shape = values.shape[1:]
        return self.encode(values)

    def state(self) -> State:
        """The shape of an array, and whether the arrays stand in cells."""
        return State({"shape": self.value_shape, "in_cells": self.in_cells})

    def restore(self, state: State) -> None:
        """Restore what the method `state` returned."""
        shape, self.in_cells = state.entry("shape", tuple), state.entry("in_cells", bool)
        if not all(type(n) is int and n > 0 for n in shape):
            raise ValueError(f"the shape of {self.parameter} is {shape!r}")
        self.value_shape = shape


class TrainedModule(_ArrayColumns):
    """Passes arrays unchanged to a module that is trained as part of the network."""

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of one row's array."""
        return self.value_shape

    @property
    def is_raw(self) -> bool:
        """True, because the user's module gets the numbers as they are."""
        return True

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Flatten each array to a vector."""
        return values.reshape(len(values), -1)


class Images(TrainedModule):
    """Passes images to the library's own image network."""

    in_cells = True

    @property
    def is_raw(self) -> bool:
        """False, because pixel values are centred and scaled."""
        return False

    def learn(self, values: np.ndarray) -> np.ndarray:
        """Check and remember the shape of the images, which later images must have."""
        if values.ndim != 4:
            raise ValueError(
                f"{self.parameter}: each image should have shape (H, W) or (H, W, C). Found arrays "
                f"of shape {values.shape[1:]}; name an encoder for them."
            )
        return super().learn(values)


class FrozenModule(_ArrayColumns):
    """Encodes arrays by a user's frozen module (no gradients), each distinct array once."""

    given: nn.Module

    def __init__(self, columns: ModalColumns, given: nn.Module) -> None:
        # A copy, so that later changes of the user's module have no effect.
        super().__init__(columns, copy.deepcopy(given).eval())
        self.key = content_key(self.given)

    @property
    def is_spread(self) -> bool:
        """True, as in vectors of pretrained models all dimensions carry information."""
        return True

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Map arrays to the vectors that the module computes."""
        return CACHE.encoded(self.key, list(values), self._encode)

    @torch.no_grad()
    def _encode(self, values: list[np.ndarray]) -> np.ndarray:
        like = next(self.given.parameters(), torch.zeros(0))
        batches = torch.from_numpy(np.stack(values)).split(BATCH_ROWS)
        try:
            made = torch.cat([self.given(batch.to(like.device)).cpu() for batch in batches])
        except Exception as error:
            raise ValueError(
                f"{self.parameter}: the module should map a float32 tensor of shape "
                f"(B, {', '.join(map(str, values[0].shape))}) to (B, n_features). It failed with: "
                f"{error}"
            ) from error
        return self.matrix(made.numpy(), len(values))

    def state(self) -> State:
        """The shape of an array, and a hash of the module's weights."""
        return State({**super().state().values, "weights": content_key(self.given.state_dict())})

    def restore(self, state: State) -> None:
        """Restore the shape, and refuse a module with other weights."""
        super().restore(state)
        if state.optional("weights", str) != content_key(self.given.state_dict()):
            raise ValueError(f"{self.parameter} is another module than that of the fit")
