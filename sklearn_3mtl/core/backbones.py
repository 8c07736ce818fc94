"""Backbones: MLP, ResNet and a user's own module, each as one net or as K copies."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from sklearn_3mtl.core.activations import ACTIVATIONS
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import (
    Copies,
    SeededDropout,
    StackedLayerNorm,
    StackedLinear,
    run_copies,
)
from sklearn_3mtl.core.tabm import TabM
from sklearn_3mtl.core.user_module import UserModule

__all__ = ["BACKBONES", "MLP", "ModuleBackbone", "ResNet"]


class MLP(nn.Module):
    """A multi-layer perceptron: each layer is linear, activation, dropout.

    Parameters
    ----------
    n_in : int
        Width of the input.
    widths : sequence of int
        Width of each layer. If there are none, the output is the input.
    activation : str
        A name in `ACTIVATIONS`.
    dropout : float
        The dropout rate after each activation.
    copies : Copies
        Independent copies of the net.
    seed : Seed
        The backbone's seed.
    """

    shares_members = False

    def __init__(
        self,
        n_in: int,
        widths: Sequence[int],
        activation: str,
        dropout: float,
        copies: Copies,
        seed: Seed,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [] if widths or len(copies) == 1 else [_Repeated(len(copies))]
        for depth, (d_in, d_out) in enumerate(zip([n_in, *widths], widths, strict=False)):
            layers += [
                StackedLinear(d_in, d_out, copies, seed.child(depth)),
                ACTIVATIONS[activation](),
            ]
            if dropout:
                layers.append(SeededDropout(dropout, seed.child(f"dropout{depth}")))
        self.layers = nn.Sequential(*layers)
        self.n_copies, self.n_out = len(copies), widths[-1] if widths else n_in

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (K, B, n_in) of K copies, or (1, B, n_in) common to all, to (K, B, n_out)."""
        return run_copies(self.layers, x, self.n_copies)


class _Repeated(nn.Module):
    """Repeats an input of shape (B, d) for each of K copies of a net: (K, B, d)."""

    def __init__(self, n_copies: int) -> None:
        super().__init__()
        self.n_copies = n_copies

    def forward(self, x: Tensor) -> Tensor:
        return x.expand(self.n_copies, -1, -1)


class _ResidualBlock(nn.Module):
    """A residual block: ``x + linear(dropout(activation(linear(norm(x)))))``."""

    def __init__(
        self, n_features: int, activation: str, dropout: float, copies: Copies, seed: Seed
    ) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            StackedLayerNorm(n_features, copies),
            StackedLinear(n_features, 2 * n_features, copies, seed.child("in")),
            ACTIVATIONS[activation](),
            SeededDropout(dropout, seed.child("dropout")),
            StackedLinear(2 * n_features, n_features, copies, seed.child("out")),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.inner(x)
        return out


class ResNet(nn.Module):
    """Residual blocks between a linear layer and a norm (Gorishniy et al. 2021, section 3.2).

    Layer normalisation takes the place of the paper's batch normalisation, so that a row's features
    do not depend on its batch. All blocks have the width ``widths[0]``. The parameters are those of
    `MLP`.
    """

    shares_members = False

    def __init__(
        self,
        n_in: int,
        widths: Sequence[int],
        activation: str,
        dropout: float,
        copies: Copies,
        seed: Seed,
    ) -> None:
        super().__init__()
        if not widths or len(set(widths)) > 1:
            raise ValueError(
                "backbone='resnet' needs `hidden_layer_sizes` with equal entries, one per block, "
                f"such as (128, 128). Found {tuple(widths)!r}."
            )
        self.n_copies, self.n_out = len(copies), widths[0]
        self.layers = nn.Sequential(
            StackedLinear(n_in, self.n_out, copies, seed.child("first")),
            *(
                _ResidualBlock(self.n_out, activation, dropout, copies, seed.child(depth))
                for depth in range(len(widths))
            ),
            StackedLayerNorm(self.n_out, copies),
            ACTIVATIONS[activation](),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (K, B, n_in) of K copies, or (1, B, n_in) common to all, to (K, B, n_out)."""
        return run_copies(self.layers, x, self.n_copies)


class ModuleBackbone(nn.Module):
    """A user's own module as backbone.

    Parameters
    ----------
    module : nn.Module
        Maps (B, n_in) to (B, n_out); a copy is trained.
    n_in : int
        Width of the input.
    copies : Copies
        Independent copies, which all start from the module's weights.
    """

    shares_members = False

    def __init__(self, module: nn.Module, n_in: int, copies: Copies) -> None:
        super().__init__()
        self.layers = UserModule(module, n_in, copies)
        self.n_copies, self.n_out = len(copies), self.layers.n_out

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (K, B, n_in) of K copies, or (1, B, n_in) common to all, to (K, B, n_out)."""
        return run_copies(self.layers, x, self.n_copies)


BACKBONES: dict[str, type[MLP | ResNet | TabM]] = {"mlp": MLP, "resnet": ResNet, "tabm": TabM}
