"""Counts: a kind of target in one file, outside the package."""

import numpy as np

from sklearn_3mtl.data.kinds import Kind, mean_of_members


class PoissonCounts(Kind):
    """Counts with a log link: the output is the logarithm of the expected count.

    Counts are divided by their mean, so that an untrained network predicts the mean.

    Parameters
    ----------
    floor : float, default=0.1
        What part of the mean a count of 0 is taken for where its logarithm is needed.
    """

    name = "counts"
    metrics = ("r2", "mae", "rmse")

    def __init__(self, floor=0.1):
        self.floor = floor

    def refuse(self, name, labels):
        """Counts are not negative."""
        if (labels < 0).any():
            raise ValueError(f"Task {name!r} holds {np.nanmin(labels)}, which is no count.")

    def center_and_scale(self, numbers, weight):
        """The mean is the unit."""
        return 0.0, float(np.average(numbers, weights=weight)) or 1.0

    def losses(self, outputs, values):
        """The Poisson deviance, up to a factor and a constant."""
        log_rate = outputs.squeeze(-1)
        return log_rate.exp() - values * log_rate

    def link(self, values):
        """Logarithms, for what is solved by least squares."""
        return values.clamp_min(self.floor).log()

    def decode(self, outputs):
        """The expected count."""
        return outputs.squeeze(-1).exp()

    def combine(self, outputs, shares=None):
        """The logarithm of the mean rate."""
        return mean_of_members(outputs.exp(), shares).log()
