"""A transfer strategy that edits the network: low-rank adapters (Hu et al., arXiv 2106.09685)."""

import torch
from torch import nn

from sklearn_3mtl.core.stacked import StackedLinear
from sklearn_3mtl.transfer import Rate, TransferStrategy


class Adapted(nn.Module):
    """A frozen layer, and a product of two thin matrices that is added to its weight."""

    def __init__(self, layer, rank, generator):
        super().__init__()
        self.layer, (n_out, n_in) = layer, layer.weight.shape[-2:]
        lead = layer.weight.shape[:-2]
        self.down = nn.Parameter(torch.randn(*lead, rank, n_in, generator=generator) / n_in**0.5)
        self.up = nn.Parameter(torch.zeros(*lead, n_out, rank))

    def forward(self, x):
        return self.layer(x) + x @ self.down.mT @ self.up.mT


class LowRankAdapters(TransferStrategy):
    """Train thin matrices beside the frozen layers of the backbone.

    Parameters
    ----------
    rank : int, default=2
        The width between the two matrices.
    """

    edits_network = True

    def __init__(self, rank=2):
        self.rank = rank

    def rates(self, n_depths, n_rows):
        """One rate for all."""
        return [Rate(1.0, 0.0)] * n_depths

    def edit(self, network, seed):
        """Put adapters around the backbone's linear layers."""
        generator = seed.generator()
        for module in list(network.backbone.modules()):
            for name, layer in list(module.named_children()):
                if isinstance(layer, StackedLinear):
                    setattr(module, name, Adapted(layer, self.rank, generator))

    def trained(self, network):
        """The adapters alone."""
        adapters = [m for m in network.modules() if isinstance(m, Adapted)]
        return [parameter for m in adapters for parameter in (m.down, m.up)]
