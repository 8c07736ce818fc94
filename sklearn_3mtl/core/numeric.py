"""Numeric embeddings map a number to features that make a linear layer nonlinear in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import torch
from rtdl_num_embeddings import PeriodicEmbeddings, PiecewiseLinearEncoding
from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed, seeded
from sklearn_3mtl.core.stacked import Copies, side_by_side
from sklearn_3mtl.core.user_module import StackedModules

__all__ = ["NUMERIC_EMBEDDINGS", "Periodic", "PiecewiseLinear"]

PERIODIC_WIDTH, N_FREQUENCIES, FREQUENCY_SCALE = 8, 24, 0.1


class PiecewiseLinear(nn.Module):
    """Appends to each number its position, from 0 to 1, within each bin of its column.

    Nothing is trained. A column with fewer than two bins is left as it is.

    Parameters
    ----------
    n_numbers : int
        How many of the first columns are numbers; the others are indicators of missing values.
    n_columns : int
        Width of the input.
    edges : sequence of n_numbers tensors
        The edges of each column's bins, in ascending order.
    copies : Copies
        Not needed: the result is common to all copies.
    seed : Seed
        Not needed: nothing is drawn.

    References
    ----------
    Gorishniy, Rubachev, Babenko, "On embeddings for numerical features in tabular deep learning",
    NeurIPS 2022, arXiv 2203.05556, section 3.1.
    """

    def __init__(
        self, n_numbers: int, n_columns: int, edges: Sequence[Tensor], copies: Copies, seed: Seed
    ) -> None:
        super().__init__()
        bent = [column for column, edge in enumerate(edges) if len(edge) > 2]
        all_bent = bent == list(range(n_columns))
        self.register_buffer("bent", None if all_bent else torch.tensor(bent), persistent=False)
        with seeded(seed):
            self.encoding = PiecewiseLinearEncoding([edges[j] for j in bent]) if bent else None
        self.n_out = n_columns + sum(len(edges[j]) - 1 for j in bent)

    def forward(self, numbers: Tensor) -> Tensor:
        """Map numbers (..., n_columns) to the numbers and their positions in bins, (..., n_out)."""
        if self.encoding is None:
            return numbers
        bent = numbers if self.bent is None else numbers[..., cast(Tensor, self.bent)]
        encoded = self.encoding(bent.reshape(-1, bent.shape[-1]))
        return torch.cat([numbers, encoded.view(*numbers.shape[:-1], -1)], dim=-1)


class Periodic(nn.Module):
    """Appends to each number the outputs of a linear layer on its cosines and sines.

    Each column has frequencies and a linear layer of its own, which are trained.

    Parameters
    ----------
    n_numbers, n_columns : int
        As for `PiecewiseLinear`.
    edges : sequence of tensors
        Not needed.
    copies : Copies
        Independent copies of the frequencies and layers.
    seed : Seed
        Seeds the initial weights and frequencies.

    References
    ----------
    Gorishniy, Rubachev, Babenko, "On embeddings for numerical features in tabular deep learning",
    NeurIPS 2022, arXiv 2203.05556, section 3.2.
    """

    def __init__(
        self, n_numbers: int, n_columns: int, edges: Sequence[Tensor], copies: Copies, seed: Seed
    ) -> None:
        super().__init__()
        self.n_numbers = n_numbers
        self.owners = copies.owners
        self.n_out = n_columns + n_numbers * PERIODIC_WIDTH
        self.embeddings = (
            StackedModules([_periodic(n_numbers, s) for s in copies.seeds(seed)], copies)
            if n_numbers
            else None
        )

    def forward(self, numbers: Tensor) -> Tensor:
        """Map (B, n_columns), or (K, B, n_columns) for K copies, to (B, n_out) or (K, B, n_out)."""
        if self.embeddings is None:
            return numbers
        embedded = self.embeddings(numbers[..., : self.n_numbers]).flatten(-2)
        return side_by_side([numbers, embedded])


def _periodic(n_numbers: int, seed: Seed) -> nn.Module:
    with seeded(seed):
        found: nn.Module = PeriodicEmbeddings(
            n_numbers,
            PERIODIC_WIDTH,
            n_frequencies=N_FREQUENCIES,
            frequency_init_scale=FREQUENCY_SCALE,
            activation=False,
            lite=False,
        )
        return found


NUMERIC_EMBEDDINGS: dict[str, Callable[..., nn.Module]] = {
    "piecewise_linear": PiecewiseLinear,
    "periodic": Periodic,
}
