"""A term: nets of the tasks' own whose weights are drawn towards each other."""

from typing import cast

from sklearn_3mtl.core.terms import Term
from sklearn_3mtl.sharing import SharedLayers, Sharing


class SoftSharing(Sharing):
    """A backbone for each task, and a penalty on how far their weights lie apart.

    Parameters
    ----------
    strength : float, default=0.01
        The factor of the squared distances.
    """

    def __init__(self, strength=0.01):
        self.strength = strength

    def build(self, layers, tasks, seed):
        """A backbone for each task of each member, on common encoders."""
        return LinkedBackbones(layers, tasks, self.strength, seed)


class LinkedBackbones(SharedLayers):
    """Backbones with a penalty."""

    def __init__(self, layers, tasks, strength, seed):
        super().__init__()
        self.net = layers.backbone(tasks, seed)
        self.n_members, self.n_out = layers.n_members, self.net.n_out
        self.view_of_task, self.strength = range(len(tasks)), strength

    def forward(self, x):
        """Map fused features to (n_members, n_tasks, B, n_out)."""
        x = x if len(x) == 1 else x.repeat_interleave(len(self.view_of_task), 0)
        return self.net(x).unflatten(0, (self.n_members, -1))

    def terms(self):
        """The penalty."""
        return [WeightDistance(self.strength)]


class WeightDistance(Term):
    """The squared distances of the tasks' weights from their mean, summed over members."""

    def __init__(self, strength):
        super().__init__()
        self.strength = strength

    def forward(self, step):
        """The weighted sum over all parameters."""
        layers = cast(LinkedBackbones, step.network.backbone)
        weights = [p.unflatten(0, (layers.n_members, -1)) for p in layers.net.parameters()]
        return self.strength * sum(((w - w.mean(1, keepdim=True)) ** 2).sum() for w in weights)
