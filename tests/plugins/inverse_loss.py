"""A loss-weighting rule: each task's loss is divided by its own running mean."""

import torch
from torch import nn

from sklearn_3mtl.balancing import Balancing


class RunningMeans(nn.Module):
    """The running mean of each task's loss, for each member."""

    def __init__(self, n_members, n_tasks):
        super().__init__()
        self.register_buffer("mean", torch.ones(n_members, n_tasks))


class InverseLoss(Balancing[RunningMeans]):
    """Weights 1 / running mean of the loss, so that every task pulls equally hard.

    Parameters
    ----------
    momentum : float in [0, 1), default=0.9
        The share of the old mean that each step keeps.
    """

    def __init__(self, momentum=0.9):
        self.momentum = momentum

    def init(self, tasks, n_members, seed):
        """Means of 1."""
        return RunningMeans(n_members, len(tasks))

    def weights(self, losses, present, gramian, state):
        """The inverse means."""
        return 1 / state.mean.clamp_min(1e-6)

    def after_step(self, losses, present, state):
        """Update the means of the tasks that the batch labelled."""
        new = self.momentum * state.mean + (1 - self.momentum) * losses
        state.mean = new if present is None else torch.where(present, new, state.mean)
