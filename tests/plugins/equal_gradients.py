"""A rule on gradients: weights under which every task's gradient has the same length."""

from sklearn_3mtl.balancing import Balancing


class EqualGradients(Balancing[None]):
    """Weights proportional to 1 / length of the task's gradient, with a mean of 1.

    Parameters
    ----------
    power : float, default=1.0
        How strongly lengths are evened out. 0: not at all.
    """

    needs = "gramian"

    def __init__(self, power=1.0):
        self.power = power

    def init(self, tasks, n_members, seed):
        """No state."""

    def weights(self, losses, present, gramian, state):
        """From the diagonal of the Gramian: the squared lengths."""
        squares = gramian.diagonal(dim1=-2, dim2=-1)
        there = squares > 0
        inverse = squares.clamp_min(1e-12) ** (-0.5 * self.power) * there
        return (
            inverse * there.sum(-1, keepdim=True) / inverse.sum(-1, keepdim=True).clamp_min(1e-12)
        )
