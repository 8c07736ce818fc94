"""Frozen models of text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import ModuleType
from typing import Protocol, cast

import numpy as np
from numpy.typing import ArrayLike

from sklearn_3mtl.data.extras import needs
from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.inputs.column_encoder import ColumnEncoder
from sklearn_3mtl.inputs.content import content_key
from sklearn_3mtl.inputs.modal_rows import ModalColumns, Rows, read_texts
from sklearn_3mtl.inputs.vector_cache import CACHE

__all__ = ["SentenceModel", "TextObject"]


class TextModel(Protocol):
    """A model that maps texts to vectors."""

    def encode(self, texts: list[str]) -> ArrayLike:
        """Return a vector for each text."""


class TextObject(ColumnEncoder):
    """Encodes texts by a user's object with ``encode(list of str)``, equal texts once."""

    def __init__(self, columns: ModalColumns, given: object) -> None:
        super().__init__(columns, given)
        self.key = self._key()

    @property
    def is_spread(self) -> bool:
        """True, as in vectors of pretrained models all dimensions carry information."""
        return True

    def _key(self) -> str | None:
        return content_key(self.given)

    def _model(self) -> TextModel:
        return cast(TextModel, self.given)

    def read(self, table: InputTable, start: int = 0, stop: int | None = None) -> Rows:
        """Read the texts in rows `start` to `stop`."""
        return read_texts(table, self.columns, start, stop)

    def encode(self, values: Sequence[str]) -> np.ndarray:
        """Map texts to the vectors that the model computes."""
        return CACHE.encoded(self.key, values, self._encode)

    def _encode(self, texts: list[str]) -> np.ndarray:
        return self.matrix(self._model().encode(texts), len(texts))


class SentenceModel(TextObject):
    """Encodes texts by a sentence-transformers model, given by its name or folder.

    The model is loaded only when a text is not in the cache of vectors.
    """

    def _key(self) -> str:
        return f"sentence-transformers {self.given}"

    def _model(self) -> TextModel:
        package = needs("sentence_transformers", f"{self.parameter}={self.given!r}", extra="text")
        try:
            return _sentence_model(package, cast(str, self.given))
        except OSError as error:
            raise ValueError(
                f"{self.parameter}: {self.given!r} is no folder with a model of "
                "sentence-transformers, nor in this machine's cache, and nothing is downloaded "
                'unasked. Get it once: python -c "import sentence_transformers as s; '
                f's.SentenceTransformer({self.given!r})".'
            ) from error


@lru_cache(maxsize=2)
def _sentence_model(package: ModuleType, name: str) -> TextModel:
    model: TextModel = package.SentenceTransformer(name, local_files_only=True)
    return model
