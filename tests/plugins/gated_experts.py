"""A sharing method: experts that all tasks share, and a gate for each task."""

import torch

from sklearn_3mtl.core.stacked import StackedLinear, for_each_member, run_copies
from sklearn_3mtl.sharing import SharedLayers, Sharing


class GatedExperts(Sharing):
    """Each task reads its own mixture of experts.

    Parameters
    ----------
    n_experts : int, default=2
        How many experts there are.
    """

    def __init__(self, n_experts=2):
        self.n_experts = n_experts

    def build(self, layers, tasks, seed):
        """Experts and gates for each member."""
        return MixedLayers(layers, tasks, self.n_experts, seed)


class MixedLayers(SharedLayers):
    """Experts (M, E, B, d), mixed by softmax gates (M, T, B, E)."""

    def __init__(self, layers, tasks, n_experts, seed):
        super().__init__()
        self.n_members, self.n_experts = layers.n_members, n_experts
        self.view_of_task = range(len(tasks))
        names = [f"expert {number}" for number in range(n_experts)]
        self.experts = layers.backbone(names, seed.child("experts"))
        gates = layers.copies([f"gate of {task}" for task in tasks])
        self.gates = StackedLinear(layers.n_in, n_experts, gates, seed.child("gates"))
        self.n_out, self.n_gates = self.experts.n_out, len(gates)

    def forward(self, x):
        """Map fused features to (n_members, n_tasks, B, n_out)."""
        experts = self.experts(for_each_member(x, self.n_experts))
        experts = experts.unflatten(0, (self.n_members, -1))
        logits = run_copies(self.gates, for_each_member(x, len(self.view_of_task)), self.n_gates)
        shares = logits.softmax(-1).unflatten(0, (self.n_members, -1))
        return torch.einsum("mtbe,mebd->mtbd", shares, experts)
