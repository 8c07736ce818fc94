"""A small convolutional net for small images, trained with the rest of the network."""

from __future__ import annotations

from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed, seeded
from sklearn_3mtl.core.stacked import Copies
from sklearn_3mtl.core.user_module import StackedModules

__all__ = ["ImageNet"]

WIDTHS, N_FEATURES, N_CELLS = (16, 32, 64), 64, 2
GROUP = 8


class ImageNet(nn.Module):
    """Three convolutions of stride 2, average pooling to 2 x 2, and a linear layer.

    Group normalisation follows each convolution: it keeps no running statistics, so that a row's
    features don't depend on its batch, and several nets run as one batched operation.

    Parameters
    ----------
    shape : tuple (C, H, W)
        The shape of an image.
    copies : Copies
        Independent copies of the net.
    seed : Seed
        The net's seed.
    """

    def __init__(self, shape: tuple[int, ...], copies: Copies, seed: Seed) -> None:
        super().__init__()
        self.owners, self.n_out = copies.owners, N_FEATURES
        nets = [_net(shape[0], child) for child in copies.seeds(seed)]
        self.nets = StackedModules(nets, copies, n_dims=4)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W), or (K, B, C, H, W) for K copies, to features (..., B, n_out)."""
        out: Tensor = self.nets(images)
        return out


def _net(n_channels: int, seed: Seed) -> nn.Module:
    layers: list[nn.Module] = []
    with seeded(seed):
        for n_in, n_out in zip((n_channels, *WIDTHS), WIDTHS, strict=False):
            layers += [
                nn.Conv2d(n_in, n_out, 3, stride=2, padding=1),
                nn.GroupNorm(n_out // GROUP, n_out),
                nn.SiLU(),
            ]
        return nn.Sequential(
            *layers,
            nn.AdaptiveAvgPool2d(N_CELLS),
            nn.Flatten(-3),
            nn.Linear(WIDTHS[-1] * N_CELLS**2, N_FEATURES),
        )
