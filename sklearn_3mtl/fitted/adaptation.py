"""What an adaptation adds to a network, as a record that a file can hold."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import cast

from torch import nn

from sklearn_3mtl.core.adapted import AdaptedOutputs, GroupCorrection, SharedCorrection
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.smooth import SmoothFeatures

__all__ = ["Adaptation", "smooth_features"]


def smooth_features(network: ThreeMTLNetwork) -> SmoothFeatures | None:
    """Smooth functions of a network's plain inputs; None where it reads no input."""
    plain = network.views[-1]
    return SmoothFeatures(network.blocks, plain, network.n_members) if sum(plain) else None


@dataclass(frozen=True)
class Adaptation:
    """The shape of one adaptation.

    Attributes
    ----------
    n_before : int
        How many outputs there were before it.
    n_base_groups, n_groups : int or None
        How many groups have parameters of their own before and after. None where none has.
    order : list of int
        For each output after it the output before, -1 for one of a new task.
    shared, own : list of int
        The outputs that are corrected for all rows, and for each adapted group.
    groups : list of int
        The groups that were adapted.
    """

    n_before: int
    n_base_groups: int | None
    n_groups: int | None
    order: list[int]
    shared: list[int]
    own: list[int]
    groups: list[int]

    def apply(self, network: ThreeMTLNetwork) -> ThreeMTLNetwork:
        """A network that shares all modules with `network`, with corrections that are zero."""
        n_members = network.n_members
        smooth = smooth_features(network) if self.shared or self.own else None
        n_in = sum(network.blocks) + (0 if smooth is None else smooth.n_out)
        corrections: list[SharedCorrection | GroupCorrection] = []
        if self.shared:
            corrections.append(SharedCorrection(n_in, self.shared, n_members))
        if self.own:
            corrections.append(GroupCorrection(n_in, self.own, self.groups, n_members))
        after = copy.copy(network)
        # nn.Module keeps its parts in dicts, which a shallow copy would share.
        after._modules = dict(network._modules)
        added = AdaptedOutputs(self.n_before, self.order, self.n_base_groups, corrections, smooth)
        added.to(next(network.parameters()).device).eval()
        after.adaptations = nn.ModuleList([*network.adaptations, added])
        after.n_groups = self.n_groups
        return cast(ThreeMTLNetwork, after)
