"""Encoders map the tensors of a modality, a named group of columns of X, to features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import Copies, SeededDropout, StackedEmbedding, side_by_side

__all__ = [
    "Block",
    "ModalityEncoder",
    "ModuleEncoder",
    "TabularEncoder",
    "VectorEncoder",
    "present_in",
]

EMBEDDING_WIDTH = 8
# Of a numeric column's variance among the encoded features, the share that the number itself gets.
# Its embedding gets the rest.
PLAIN_SHARE = 0.1
# The vector of a text or an image counts as at most this many columns of the table.
VECTOR_COLUMNS = 8.0
# The wide vectors of pretrained models are redundant. With this much dropout a net predicts from
# them no worse than a penalised linear model does. Vectors narrower than WIDE get no dropout.
VECTOR_DROPOUT, MOST_DROPOUT, WIDE = 5.0, 0.5, 64


class Block(NamedTuple):
    """A block of encoded features that belong together, such as the embeddings of categories.

    Attributes
    ----------
    width : int
        How many features the block has.
    plain : float
        The block's share of the variance of the plain inputs, where numbers have no embedding. The
        unit is one column of X.
    encoded : float
        The block's share of the variance of the encoded inputs, in the same unit.
    """

    width: int
    plain: float
    encoded: float


class ModalityEncoder(nn.Module, ABC):
    """Base class of encoders, which map one modality to features.

    A modality is a named group of columns of X.

    Attributes
    ----------
    n_out : int
        Width of the features.
    blocks : list of Block
        Which features belong together.
    """

    n_out: int
    blocks: list[Block]

    @abstractmethod
    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Map the network's inputs, tensors by name, to features.

        Features have shape (B, n_out), or (K, B, n_out) for K independent copies of the encoder.
        """

    def parts(self, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        """The features in parts, which `side_by_side` concatenates."""
        return [self(inputs)]

    def present(self, inputs: Mapping[str, Tensor]) -> Tensor | None:
        """Which rows have the modality, as a bool tensor; None where all have it.

        Its shape is (B,), or (K, B) for K independent copies of the encoder.
        """
        return None


def present_in(encoders: Iterable[ModalityEncoder], inputs: Mapping[str, Tensor]) -> Tensor | None:
    """Which of n modalities each row has, a bool tensor (..., B, n); None if all have all."""
    found = [encoder.present(inputs) for encoder in encoders]
    known = [there for there in found if there is not None]
    if not known:
        return None
    every = torch.ones_like(known[0])
    return torch.stack([every if there is None else there for there in found], dim=-1)


class TabularEncoder(ModalityEncoder):
    """Concatenates a table's numbers, their embeddings and the embeddings of its categories.

    Parameters
    ----------
    n_numeric : int
        Width of the numeric tensor.
    cardinalities : sequence of int
        Number of codes of each categorical column.
    n_reserved : int
        How many of a column's first codes stand for missing and unseen values.
    copies : Copies
        Independent copies of the encoder.
    seed : Seed
        The encoder's seed.
    numeric : nn.Module or None, default=None
        Maps the numeric tensor to ``numeric.n_out`` features. None leaves it as it is.

    Attributes
    ----------
    n_out : int
        Width of the features.
    blocks : list of Block
        The numbers, their embeddings and the embeddings of categories.
    """

    def __init__(
        self,
        n_numeric: int,
        cardinalities: Sequence[int],
        n_reserved: int,
        copies: Copies,
        seed: Seed,
        numeric: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.numeric = numeric
        n_columns, n_numeric = n_numeric, n_numeric if numeric is None else cast(int, numeric.n_out)
        n_embedded = EMBEDDING_WIDTH * len(cardinalities)
        self.n_out = n_numeric + n_embedded
        n_bent = n_numeric - n_columns
        plain = PLAIN_SHARE if n_bent else 1.0
        n_categories = len(cardinalities)
        blocks = [
            Block(n_columns, n_columns, n_columns * plain),
            Block(n_bent, 0.0, n_columns * (1 - plain)),
            Block(n_embedded, n_categories, n_categories),
        ]
        self.blocks = [block for block in blocks if block.width]
        self.embedding = (
            StackedEmbedding(cardinalities, EMBEDDING_WIDTH, n_reserved, copies, seed)
            if cardinalities
            else None
        )

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Map the inputs ``numeric`` and ``categorical`` to features.

        Features have shape (B, n_out), or (K, B, n_out) for K independent copies of the encoder.
        """
        return side_by_side(self.parts(inputs))

    def parts(self, inputs: Mapping[str, Tensor]) -> list[Tensor]:
        """The numbers with their embeddings, and the embeddings of categories."""
        numeric = inputs["numeric"] if self.numeric is None else self.numeric(inputs["numeric"])
        if self.embedding is None:
            return [numeric]
        return [numeric, self.embedding(inputs["categorical"])]


def _modal_blocks(width: int, has_gaps: bool) -> list[Block]:
    return [
        Block(width, min(width, VECTOR_COLUMNS), min(width, VECTOR_COLUMNS)),
        *([Block(1, 1.0, 1.0)] if has_gaps else []),
    ]


class VectorEncoder(ModalityEncoder):
    """Passes on vectors that a frozen encoder made, with dropout in training.

    Parameters
    ----------
    name : str
        The modality.
    n_values : int
        Width of a vector.
    has_gaps : bool
        Whether the last column of the modality's tensor marks the rows without the modality.
    dropout : float
        The network's dropout rate. Vectors of at least 64 numbers get five times that rate, at
        most 0.5; narrower ones get none.
    seed : Seed
        The encoder's seed.

    Attributes
    ----------
    n_out : int
        Width of the features.
    blocks : list of Block
        The vector, and the column that marks missing rows.
    """

    def __init__(
        self, name: str, n_values: int, has_gaps: bool, dropout: float, seed: Seed
    ) -> None:
        super().__init__()
        self.name, self.n_values, self.n_out = name, n_values, n_values + has_gaps
        self.blocks = _modal_blocks(n_values, has_gaps)
        rate = min(VECTOR_DROPOUT * dropout, MOST_DROPOUT) if n_values >= WIDE else 0.0
        self.dropout = SeededDropout(rate, seed.child("dropout")) if rate else None

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the modality's tensor, (B, n_out), or (K, B, n_out) for K copies, with dropout."""
        x = inputs[self.name]
        if self.dropout is None or not self.training:
            return x
        vectors, marks = x[..., : self.n_values], x[..., self.n_values :]
        return torch.cat([self.dropout(vectors), marks], dim=-1)

    def present(self, inputs: Mapping[str, Tensor]) -> Tensor | None:
        """Which rows have the modality, as a bool tensor; None where all have it."""
        return inputs[self.name][..., -1] == 0 if self.n_out > self.n_values else None


class ModuleEncoder(ModalityEncoder):
    """Applies a trained module to a modality; rows without the modality have features of zero.

    Parameters
    ----------
    name : str
        The modality.
    shape : tuple of int
        The shape of a row's values.
    has_gaps : bool
        Whether the last column of the modality's tensor marks the rows without the modality.
    module : nn.Module
        Maps (B, *shape) or (K, B, *shape) to ``module.n_out`` features.

    Attributes
    ----------
    n_out : int
        Width of the features.
    blocks : list of Block
        The features, and the column that marks missing rows.
    """

    def __init__(
        self, name: str, shape: tuple[int, ...], has_gaps: bool, module: nn.Module
    ) -> None:
        super().__init__()
        self.name, self.shape, self.has_gaps, self.module = name, shape, has_gaps, module
        n_features = cast(int, module.n_out)
        self.n_out = n_features + has_gaps
        self.blocks = _modal_blocks(n_features, has_gaps)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Map the modality's tensor to features, (B, n_out), or (K, B, n_out) for K copies."""
        x = inputs[self.name]
        missing = x[..., -1:] if self.has_gaps else None
        values = x if missing is None else x[..., :-1]
        features: Tensor = self.module(values.unflatten(-1, self.shape))
        if missing is None:
            return features
        missing = missing.expand(*features.shape[:-1], 1)
        return torch.cat([features.masked_fill(missing > 0, 0.0), missing], dim=-1)

    def present(self, inputs: Mapping[str, Tensor]) -> Tensor | None:
        """Which rows have the modality, as a bool tensor; None where all have it."""
        return inputs[self.name][..., -1] == 0 if self.has_gaps else None
