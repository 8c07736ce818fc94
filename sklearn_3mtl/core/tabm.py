"""The TabM backbone, an ensemble whose members share all weights but rank-one adapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from sklearn_3mtl.core.activations import ACTIVATIONS
from sklearn_3mtl.core.seeding import Seed, seeded
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.core.user_module import StackedModules
from sklearn_3mtl.data.extras import needs

__all__ = ["TabM"]


class TabM(nn.Module):
    """TabM's backbone, from the package ``tabm``: an ensemble whose members share most weights.

    If the width is no multiple of 4, the last bits of a row's features depend on the other rows.

    Parameters
    ----------
    n_in : int
        Width of the input.
    widths : sequence of int
        Width of each layer, all equal.
    activation : str
        A name in `ACTIVATIONS`.
    dropout : float
        The dropout rate after each activation.
    copies : Copies
        Independent copies of the whole ensemble.
    seed : Seed
        The backbone's seed.
    n_members : int
        How many members the ensemble has.

    References
    ----------
    Gorishniy, Kotelnikov, Babenko, "TabM: Advancing tabular deep learning with parameter-efficient
    ensembling", ICLR 2025, arXiv 2410.24210.
    """

    shares_members = True

    def __init__(
        self,
        n_in: int,
        widths: Sequence[int],
        activation: str,
        dropout: float,
        copies: Copies,
        seed: Seed,
        n_members: int,
    ) -> None:
        super().__init__()
        if not widths or len(set(widths)) > 1:
            raise ValueError(
                "backbone='tabm' needs `hidden_layer_sizes` with equal entries, one per layer, "
                f"such as (256, 256). Found {tuple(widths)!r}."
            )
        make = needs("tabm", "backbone='tabm'", extra="tabm").make_tabm_backbone
        # Zeros are added up to a multiple of 4, for the same reason as in `aligned`.
        self.padding = -n_in % 4
        n_in += self.padding
        options: dict[str, object] = {
            "d_in": n_in,
            "n_blocks": len(widths),
            "d_block": widths[0],
            "dropout": dropout,
            "activation": ACTIVATIONS[activation].__name__,
            "k": n_members,
            "start_scaling_init": "random-signs",
            # Each input has its own sign: the chunks are single columns.
            "start_scaling_init_chunks": [1] * n_in,
        }
        self.n_members, self.n_out = n_members, widths[0]
        modules = [_seeded(make, options, child) for child in copies.seeds(seed)]
        self.owners = copies.owners
        self.nets = StackedModules(modules, copies, n_dims=3)

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (K, B, n_in) of K copies to (n_members * K, B, n_out), members outermost.

        An input of shape (1, B, n_in) is common to all copies.
        """
        x = x.squeeze(0)
        x = F.pad(x, (0, self.padding)) if self.padding else x
        views = x.unsqueeze(-2).expand(*x.shape[:-1], self.n_members, x.shape[-1])
        features: Tensor = self.nets(views)
        return features.movedim(-2, 0).flatten(0, -3)


def _seeded(make: Callable[..., nn.Module], options: Mapping[str, object], seed: Seed) -> nn.Module:
    with seeded(seed):
        return make(**options)
