"""Vectors of texts without a pretrained model: TF-IDF, reduced to fewer dimensions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils.extmath import randomized_svd

from sklearn_3mtl.data.state import State
from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.inputs.column_encoder import ColumnEncoder
from sklearn_3mtl.inputs.modal_rows import Rows, read_texts

__all__ = ["WordWeights"]

N_COMPONENTS, MAX_TERMS = 256, 30_000
# From this number of texts on, words that stand in only one of them are dropped.
RARE_FROM = 100


class WordWeights(ColumnEncoder):
    """TF-IDF of words and pairs of words, projected on its leading singular vectors.

    The same as ``make_pipeline(TfidfVectorizer(...), TruncatedSVD(...))``, but it accepts a
    vocabulary of any size, and its state needs no pickle.
    """

    words: TfidfVectorizer
    components: np.ndarray

    def read(self, table: InputTable, start: int = 0, stop: int | None = None) -> Rows:
        """Read the texts in rows `start` to `stop`."""
        return read_texts(table, self.columns, start, stop)

    def learn(self, values: Sequence[str]) -> np.ndarray:
        """Fit vocabulary and singular vectors, and encode the texts."""
        try:
            self.words = _vectorizer(min_df=2 if len(values) >= RARE_FROM else 1)
            counts = self.words.fit_transform(values)
        except ValueError:
            counts = self._of_rare_words(values)
        n_components = min(N_COMPONENTS, *counts.shape)
        # A fixed seed, so that the vectors depend on the texts alone.
        _, _, self.components = randomized_svd(counts, n_components, n_iter=5, random_state=0)
        return self._project(counts)

    def _of_rare_words(self, values: Sequence[str]) -> sparse.csr_matrix:
        try:
            self.words = _vectorizer(min_df=1)
            return self.words.fit_transform(values)
        except ValueError as error:
            raise ValueError(
                f"{self.parameter}: no text has a word, for example {values[0]!r}."
            ) from error

    def encode(self, values: Sequence[str]) -> np.ndarray:
        """Map texts to their vectors."""
        return self._project(self.terms(values))

    def terms(self, values: Sequence[str]) -> sparse.csr_matrix:
        """Map texts to the weights of their words and pairs of words."""
        return self.words.transform(values)

    def _project(self, counts: sparse.csr_matrix) -> np.ndarray:
        return self.matrix(counts @ self.components.T, counts.shape[0])

    def state(self) -> State:
        """The words, their inverse document frequencies and the singular vectors, for saving."""
        words = self.words.get_feature_names_out().tolist()
        arrays = {"idf": self.words.idf_, "components": self.components}
        return State.of({"words": words}, arrays)

    def restore(self, state: State) -> None:
        """Restore words, inverse document frequencies and singular vectors."""
        words, idf = state.entry("words", list), state.array("idf", np.float32)
        components = state.array("components", np.float32, n_dims=2)
        if len(idf) != len(words) or components.shape[1] != len(words):
            raise ValueError(f"the words of {self.parameter} don't fit together")
        self.words = _vectorizer(vocabulary={word: index for index, word in enumerate(words)})
        self.words.idf_, self.components = idf, components


def _vectorizer(**options: object) -> TfidfVectorizer:
    return TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, max_features=MAX_TERMS, strip_accents="unicode",
        token_pattern=r"(?u)\b\w+\b", dtype=np.float32, **options,
    )  # fmt: skip
