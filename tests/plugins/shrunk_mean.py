"""A meta method: each task shifts the outputs by its support's shrunk mean residual."""

import torch
from torch import nn

from sklearn_3mtl.core.stages import on_rows
from sklearn_3mtl.meta import MetaMethod


class ShrunkMean(MetaMethod[nn.Module]):
    """A random intercept for each task: the mean residual times n / (n + penalty), learned.

    Parameters
    ----------
    penalty : float, default=1.0
        Where the penalty starts, in rows.
    """

    has_steps = False

    def __init__(self, penalty=1.0):
        self.penalty = penalty

    def init(self, stages, n_features, layout, lr, seed):
        """The logarithm of the penalty."""
        state = nn.Module()
        state.log_penalty = nn.Parameter(torch.tensor(self.penalty).log())
        return state

    def adapt(self, stages, support, state, lr, n_steps):
        """The tasks' intercepts, of shape (..., T, 1, n_outputs)."""
        residual = support.residual(outputs_of(stages, support.x)) * support.output_weight
        n_rows = support.output_weight.sum(-2, keepdim=True)
        return Shifted(stages, residual.sum(-2, keepdim=True) / (n_rows + state.log_penalty.exp()))


def outputs_of(stages, x):
    """What the network puts out before a task adapts."""
    for stage in stages:
        x = on_rows(stage.module, x)
    return x


class Shifted:
    """The network's outputs plus each task's intercept."""

    def __init__(self, stages, shift):
        self.stages, self.shift = stages, shift

    def __call__(self, x):
        return outputs_of(self.stages, x) + self.shift

    def of(self, tasks):
        """Those of some of the tasks."""
        return Shifted(self.stages, self.shift.index_select(-3, tasks))
