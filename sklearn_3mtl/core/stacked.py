"""Layers for several independent copies of a net, run as one batched operation.

Backbones and heads are made of these layers. A single copy works on matrices of shape (B, d),
because unbatched kernels are faster. K copies work on (K, B, d); an input of shape (B, d) or
(1, B, d) is common to all of them. Outputs of `run_copies` and of the network always have the axis
of copies. In both cases a copy has the same initial weights, to the bit, and the same outputs up to
rounding: batched kernels may sum in another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.state import State

__all__ = [
    "Copies",
    "SeededDropout",
    "StackedEmbedding",
    "StackedLayerNorm",
    "StackedLinear",
    "aligned",
    "for_each_member",
    "run_copies",
    "side_by_side",
]


class Copies:
    """The independent copies of a part of the network: their names, and the net of each.

    Parameters
    ----------
    names : sequence of str
        A name for each copy; it seeds the copy's initial weights.
    owners : sequence of int or None, default=None
        The net that each copy is part of. None: copy k is part of net k.
    """

    def __init__(self, names: Sequence[str], owners: Sequence[int] | None = None) -> None:
        self.names = tuple(names)
        self.owners = tuple(range(len(names))) if owners is None else tuple(owners)

    def __len__(self) -> int:
        return len(self.names)

    def times(self, members: Sequence[int]) -> Copies:
        """Repeat these copies for each of some members of an ensemble, the members outermost.

        Member 0 has the names, and so the initial weights, of a single net. A member's initial
        weights don't depend on which other members there are.
        """
        names = [n if m == 0 else f"{n}/member {m}" for m in members for n in self.names]
        return Copies(names, self.owners * len(members))

    def seeds(self, seed: Seed) -> list[Seed]:
        """A seed for each copy, derived from `seed` by the copy's name."""
        return [seed.child(name) for name in self.names]

    def generators(self, seed: Seed) -> list[torch.Generator]:
        """A torch generator for each copy, seeded by the copy's name."""
        return [child.generator() for child in self.seeds(seed)]

    def parameter(self, stacked: Tensor) -> nn.Parameter:
        """Make a parameter from the values of all copies, stacked along the first axis.

        The parameter of a single copy does not have that axis.
        """
        return nn.Parameter(stacked if len(self) > 1 else stacked[0].clone())


def aligned(x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Pad inputs and weights with zeros to a width that is a multiple of 4.

    The kernels then round every row in the same way, wherever it stands in the batch: the bits of a
    prediction don't depend on the other rows.
    """
    missing = -x.shape[-1] % 4
    return (F.pad(x, (0, missing)), F.pad(weight, (0, missing))) if missing else (x, weight)


def run_copies(layers: nn.Module, x: Tensor, n_copies: int) -> Tensor:
    """Run layers of K copies of a net on (K, B, d), or on an input (1, B, d) common to all.

    Returns
    -------
    out : tensor of shape (K, B, d_out)
    """
    out: Tensor = layers(x.squeeze(0))
    return out.unsqueeze(0) if n_copies == 1 else out


def for_each_member(x: Tensor, n_copies: int) -> Tensor:
    """Repeat inputs (M, B, d) of M members for each member's copies of a part.

    The result has shape (M * n_copies, B, d).

    An input that is common to all members, (1, B, d), stays as it is.
    """
    return x if len(x) == 1 else x.repeat_interleave(n_copies, 0)


def side_by_side(features: Sequence[Tensor]) -> Tensor:
    """Concatenate features along their last axis; those that are common to all copies are repeated.

    Axes in front of the last one are broadcast: (B, d) and (1, B, d) are common to K copies.
    """
    if len(features) == 1:
        return features[0]
    # NumPy's function, because torch's took a twentieth of a small net's step.
    rows = np.broadcast_shapes(*(value.shape[:-1] for value in features))
    return torch.cat([value.expand(*rows, -1) for value in features], dim=-1)


class StackedLinear(nn.Module):
    """K linear layers of one shape, one for each copy of a net, run as one batched operation.

    Parameters
    ----------
    n_in, n_out : int
        Width of the input and of the output.
    copies : Copies
        The K copies.
    seed : Seed
        The layer's seed; each copy draws from its own child, uniformly in +- 1 / sqrt(n_in).
    """

    is_linear = True

    def __init__(self, n_in: int, n_out: int, copies: Copies, seed: Seed) -> None:
        super().__init__()
        bound = n_in**-0.5 if n_in else 0.0
        self.owners = copies.owners
        weight, bias = (
            torch.empty(len(copies), n_out, n_in, dtype=torch.float32),
            torch.empty(len(copies), n_out, dtype=torch.float32),
        )
        for k, generator in enumerate(copies.generators(seed)):
            weight[k].uniform_(-bound, bound, generator=generator)
            bias[k].uniform_(-bound, bound, generator=generator)
        self.weight, self.bias = copies.parameter(weight), copies.parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (B, n_in), or (K, B, n_in) for K copies, to (B, n_out) or (K, B, n_out)."""
        weight: Tensor = self.weight
        if not self.training:
            x, weight = aligned(x, weight)
        if weight.dim() == 2:
            return F.linear(x, weight, self.bias)
        stacked = x.expand(len(weight), *x.shape[-2:])
        return torch.baddbmm(self.bias.unsqueeze(1), stacked, weight.transpose(1, 2))


class StackedEmbedding(nn.Module):
    """K embedding tables, one for each copy of a net, each for several categorical columns.

    The first codes of every column (missing, unseen) start at zero: they add nothing until they
    are trained.

    Parameters
    ----------
    cardinalities : sequence of int
        The number of codes of each column.
    n_out : int
        Width of an embedding.
    n_reserved : int
        How many codes of each column start at zero.
    copies : Copies
        The K copies.
    seed : Seed
        The layer's seed.
    """

    def __init__(
        self, cardinalities: Sequence[int], n_out: int, n_reserved: int, copies: Copies, seed: Seed
    ) -> None:
        super().__init__()
        self.owners = copies.owners
        sizes = torch.tensor([0, *cardinalities])
        self.register_buffer("offsets", sizes.cumsum(0)[:-1], persistent=False)
        table = torch.empty(len(copies), int(sizes.sum()), n_out, dtype=torch.float32)
        for k, generator in enumerate(copies.generators(seed)):
            table[k].normal_(0.0, n_out**-0.5, generator=generator)
        for offset in cast(Tensor, self.offsets).tolist():
            table[:, offset : offset + n_reserved] = 0.0
        self.table = copies.parameter(table)

    def forward(self, codes: Tensor) -> Tensor:
        """Map codes of q columns, (B, q), or (K, B, q) for K copies, to (..., B, q * n_out)."""
        rows = codes + cast(Tensor, self.offsets)
        if self.table.dim() == 2:
            return _rows_of(self.table, rows).flatten(-2)
        n_copies, n_codes = self.table.shape[:2]
        first = torch.arange(0, n_copies * n_codes, n_codes, device=rows.device)
        # The gradient of one table is summed in one pass; that of an indexed tensor is not.
        return _rows_of(self.table.flatten(0, 1), rows + first[:, None, None]).flatten(-2)


def _rows_of(table: Tensor, rows: Tensor) -> Tensor:
    """The rows (m, d) of a table at positions of any shape: (*positions, d)."""
    if table.device.type == "cpu":
        # The bits are those of F.embedding; with the gradient it takes less than half the time.
        return table.index_select(0, rows.flatten()).view(*rows.shape, -1)
    # On a GPU the gradient of index_select differs from run to run.
    return F.embedding(rows, table)


class StackedLayerNorm(nn.Module):
    """K layer normalisations of one width, one for each copy of a net, run as one operation."""

    def __init__(self, n_features: int, copies: Copies) -> None:
        super().__init__()
        self.owners = copies.owners
        self.weight = copies.parameter(torch.ones(len(copies), n_features, dtype=torch.float32))
        self.bias = copies.parameter(torch.zeros(len(copies), n_features, dtype=torch.float32))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last dimension of inputs (B, d), or (K, B, d) for K copies."""
        if self.weight.dim() == 1:
            return F.layer_norm(x, x.shape[-1:], self.weight, self.bias)
        return F.layer_norm(x, x.shape[-1:]) * self.weight.unsqueeze(1) + self.bias.unsqueeze(1)


class SeededDropout(nn.Module):
    """Dropout that draws from a generator of its own; all copies share one mask.

    With one mask for all copies, a net that is trained together with others drops the same units as
    the same net trained alone.
    """

    def __init__(self, p: float, seed: Seed) -> None:
        super().__init__()
        self.p = p
        self.seed = seed
        self._generator: torch.Generator | None = None

    def reseed(self, seed: Seed) -> None:
        """Draw from another seed, from the start of its stream."""
        self.seed, self._generator = seed, None

    def state(self) -> State:
        """The seed and the position in its random stream; only the seed on devices but the CPU."""
        generator = self._generator
        drawn = generator is not None and generator.device.type == "cpu"
        tensors = {"drawn": generator.get_state()} if generator is not None and drawn else {}
        return State({"root": self.seed.root, "path": self.seed.path, "drawn": drawn}, tensors)

    def restore(self, state: State) -> None:
        """Continue the random stream where `state` left it."""
        self.reseed(Seed(state.entry("root", int), state.entry("path", str)))
        if state.entry("drawn", bool):
            self._generator = self.seed.generator()
            self._generator.set_state(torch.from_numpy(state.array("drawn", np.uint8)))

    def forward(self, x: Tensor) -> Tensor:
        """Drop each feature with probability p while training."""
        if not self.training or self.p == 0.0:
            return x
        if self._generator is None or self._generator.device != x.device:
            self._generator = self.seed.generator(x.device)
        shape = x.shape[-2:]
        keep = (
            torch.rand(shape, generator=self._generator, device=x.device, dtype=x.dtype) >= self.p
        )
        return x * keep.to(x.dtype).div_(1.0 - self.p)

    def extra_repr(self) -> str:
        """The rate, for printing."""
        return f"p={self.p}"
