"""Numeric embeddings map a number to features that make a linear layer nonlinear in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from rtdl_num_embeddings import PeriodicEmbeddings
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
        self.places = _Places(bent, [edges[column] for column in bent], n_columns) if bent else None
        self.n_out = n_columns + sum(len(edges[column]) - 1 for column in bent)

    def forward(self, numbers: Tensor) -> Tensor:
        """Map numbers (..., n_columns) to the numbers and their positions in bins, (..., n_out)."""
        if self.places is None:
            return numbers
        return torch.cat([numbers, self.places(numbers)], dim=-1)


class _Places(nn.Module):
    """Positions in bins: 0 below a bin, 1 above it; the first and the last bin have no outer edge.

    Parameters
    ----------
    columns : sequence of int
        The columns with bins.
    edges : sequence of tensors
        The edges of their bins.
    n_columns : int
        How many columns there are.
    """

    column: Tensor
    slope: Tensor
    start: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, columns: Sequence[int], edges: Sequence[Tensor], n_columns: int) -> None:
        super().__init__()
        counts = [len(edge) - 1 for edge in edges]
        low, high = [torch.zeros(n) for n in counts], [torch.ones(n) for n in counts]
        for first, last in zip(low, high, strict=True):
            first[0], last[-1] = -torch.inf, torch.inf
        constants = {
            "column": torch.repeat_interleave(torch.tensor(columns), torch.tensor(counts)),
            "slope": torch.cat([1.0 / edge.diff() for edge in edges]),
            "start": torch.cat([-edge[:-1] / edge.diff() for edge in edges]),
            "low": torch.cat(low),
            "high": torch.cat(high),
        }
        for name, value in constants.items():
            self.register_buffer(name, value, persistent=False)
        # If all columns have as many bins, copies need no index, and take half the time.
        is_even = len(columns) == n_columns and len(set(counts)) == 1
        self.n_bins = counts[0] if is_even else None

    def forward(self, numbers: Tensor) -> Tensor:
        """Map numbers (..., n_columns) to positions (..., n_bins of all columns)."""
        if self.n_bins is None:
            copies = numbers.index_select(-1, self.column)
        else:
            copies = numbers.unsqueeze(-1).expand(*numbers.shape, self.n_bins).flatten(-2)
        return torch.addcmul(self.start, self.slope, copies).clamp_(self.low, self.high)


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
