"""Numbers, standardised."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from sklearn_3mtl.data.kinds.base import Kind

__all__ = ["REGRESSION_LOSSES", "Regression"]

TINY = 1e-12


def _squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    return (prediction - target).square()


def _huber(prediction: Tensor, target: Tensor) -> Tensor:
    return F.huber_loss(prediction, target, reduction="none")


REGRESSION_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "squared_error": _squared_error,
    "huber": _huber,
}


class Regression(Kind):
    """A number to predict; labels are standardised to mean 0 and standard deviation 1.

    Parameters
    ----------
    loss : {"squared_error", "huber"}, default="squared_error"
        The loss, on standardised labels. The delta of the Huber loss is 1.
    """

    name = "regression"
    uncertainty_factor = 0.5
    calibrates = True

    def __init__(self, loss: str = "squared_error") -> None:
        self.loss = loss

    def losses(self, outputs: Tensor, values: Tensor) -> Tensor:
        """The squared error or the Huber loss of every label."""
        return self.losses_of_one_output(outputs.squeeze(-1), values)

    def losses_of_one_output(self, outputs: Tensor, values: Tensor) -> Tensor:
        """The squared error or the Huber loss of every label."""
        return REGRESSION_LOSSES[self.loss](outputs, values)

    def refuse(self, name: Hashable, labels: np.ndarray) -> None:
        """Raise a ValueError if `loss` is unknown; any numbers are accepted."""
        if self.loss not in REGRESSION_LOSSES:
            raise ValueError(
                f"`loss` of Regression should be one of {sorted(REGRESSION_LOSSES)}. "
                f"Found {self.loss!r}."
            )

    def center_and_scale(self, numbers: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
        """The weighted mean and standard deviation, without overflow for numbers of any size."""
        magnitude = float(np.abs(numbers).max()) or 1.0
        unit, share = numbers / magnitude, weight / weight.max()
        center = float(np.average(unit, weights=share))
        scale = float(np.sqrt(np.average((unit - center) ** 2, weights=share)))
        # A constant has standard deviation 0; with a tiny scale, its predictions are the constant.
        return center * magnitude, magnitude * (scale if scale > 1e-9 else 1e-9)

    def negative_log_likelihood(self, mean_loss: Tensor) -> Tensor:
        """The Gaussian negative log-likelihood per label, up to a constant.

        The noise variance is estimated by the mean loss, so this is half the logarithm of the mean
        loss.
        """
        return 0.5 * mean_loss.clamp_min(TINY).log()
