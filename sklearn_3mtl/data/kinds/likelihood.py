"""Likelihoods of labels given the outputs of a linear model, which its solvers maximise."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import expit, log_softmax
from torch import Tensor

__all__ = ["Bernoulli", "Categorical", "Gaussian", "Likelihood"]

# The smallest curvature that a solver divides by.
FLAT = 1e-6


class Likelihood(ABC):
    """The likelihood of labels given the outputs of a linear model, as a loss.

    The loss is a negative log-likelihood whose gradient with respect to the outputs is the
    predicted mean minus the target. Squared error is written without the factor 1/2, so its
    gradient is twice that.

    Attributes
    ----------
    largest_curvature : float
        The largest second derivative of the loss in an output.
    prior_labels : float
        The number of labels that the prior on the weights of averaged predictions counts as.
    is_quadratic : bool
        Whether the loss is quadratic. The mean is then the output, and one Newton step is exact.
    """

    largest_curvature: float = 1.0
    prior_labels: float = 1.0
    is_quadratic: bool = False

    @abstractmethod
    def mean(self, outputs: Tensor) -> Tensor:
        """The mean of the targets given the outputs (for logits: probabilities), same shape."""

    @abstractmethod
    def curvature(self, mean: Tensor) -> Tensor:
        """The second derivative of the loss in each output, where the predicted mean is `mean`."""

    @abstractmethod
    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The loss of each label, (...,), from outputs and targets of shape (..., n_outputs)."""

    def targets(self, values: Tensor, n_outputs: int) -> Tensor:
        """The target of each output, (..., n_outputs), from encoded labels of shape (...)."""
        return values.unsqueeze(-1).expand(*values.shape, n_outputs)

    def mean_of_columns(self, outputs: Tensor, column_of: Tensor, n_columns: int) -> Tensor:
        """The predicted mean for each output, if the outputs of several tasks lie side by side.

        Output j belongs to task ``column_of[j]``. By default each task has one output.
        """
        return self.mean(outputs.unsqueeze(-1)).squeeze(-1)

    def mean_of_array(self, outputs: np.ndarray, axis: int) -> np.ndarray:
        """Compute `mean` for a NumPy array, in which `axis` is the axis of the outputs."""
        moved = torch.from_numpy(np.moveaxis(outputs, axis, -1))
        return np.moveaxis(self.mean(moved).numpy(), -1, axis).copy()

    def log_evidence(self, losses: Tensor, n_rows: Tensor, null: float, null_rows: float) -> Tensor:
        """The log-likelihood of `n_rows` rows with mean loss `losses`.

        `null` and `null_rows` are for likelihoods that estimate a noise variance: a sum of squared
        errors that is added to that of the rows, and the number of rows that it counts as.
        """
        return -n_rows * losses

    def total(
        self,
        outputs: np.ndarray,
        targets: np.ndarray,
        weight: np.ndarray,
        n_rows: float,
        null: float,
    ) -> tuple[float, np.ndarray]:
        """The negative log-likelihood of weighted rows, and its gradient in the outputs.

        Parameters
        ----------
        outputs, targets : arrays that broadcast to (..., n_outputs)
        weight : array that broadcasts to (..., 1)
            The weight of each row, as a fraction of all.
        n_rows : float
            Number of rows.
        null : float
            A sum of squared errors that is added to that of the rows when the noise is estimated.
            Likelihoods without noise ignore it.
        """
        guess, truth = torch.broadcast_tensors(
            torch.from_numpy(outputs), torch.from_numpy(np.asarray(targets))
        )
        loss = n_rows * float((weight[..., 0] * self.loss(guess, truth).numpy()).sum())
        return loss, n_rows * weight * (self.mean(guess) - truth).numpy()


class Gaussian(Likelihood):
    """Gaussian likelihood: squared error, with the noise variance estimated from the errors."""

    is_quadratic = True

    def mean(self, outputs: Tensor) -> Tensor:
        """The outputs themselves, which are the predicted means."""
        return outputs

    def curvature(self, mean: Tensor) -> Tensor:
        """The second derivative of the loss: ones, in the shape of `mean`."""
        return torch.ones_like(mean)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The squared error of each label."""
        return (outputs - targets).square().sum(-1)

    def mean_of_columns(self, outputs: Tensor, column_of: Tensor, n_columns: int) -> Tensor:
        """The outputs themselves, which are the predicted means."""
        return outputs

    def mean_of_array(self, outputs: np.ndarray, axis: int) -> np.ndarray:
        """A copy of the outputs, which are the predicted means."""
        return outputs.copy()

    def log_evidence(self, losses: Tensor, n_rows: Tensor, null: float, null_rows: float) -> Tensor:
        """The log-likelihood, up to a constant, at the noise variance that the errors suggest."""
        noise = (n_rows * losses + null) / (n_rows + null_rows)
        return -0.5 * n_rows * noise.clamp_min(1e-300).log()

    def total(
        self,
        outputs: np.ndarray,
        targets: np.ndarray,
        weight: np.ndarray,
        n_rows: float,
        null: float,
    ) -> tuple[float, np.ndarray]:
        """The negative log-likelihood at the noise estimated from the errors, and its gradient."""
        miss = outputs - targets
        error = max(n_rows * (weight * miss * miss).sum() + null, 1e-300)
        return 0.5 * n_rows * np.log(error), n_rows * n_rows / error * weight * miss


class Bernoulli(Likelihood):
    """The likelihood of two classes: cross-entropy of the logit of the second class."""

    largest_curvature = 0.25
    # A class label carries less information than a number.
    prior_labels = 4.0

    def mean(self, outputs: Tensor) -> Tensor:
        """The probability of the second class."""
        return outputs.sigmoid()

    def curvature(self, mean: Tensor) -> Tensor:
        """The variance ``mean * (1 - mean)`` of a label of 0 or 1, kept above 0."""
        return (mean * (1 - mean)).clamp_min(FLAT)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The cross-entropy of each label."""
        return (F.softplus(outputs) - targets * outputs).sum(-1)

    def mean_of_columns(self, outputs: Tensor, column_of: Tensor, n_columns: int) -> Tensor:
        """The probability of the second class for each logit."""
        return outputs.sigmoid()

    def mean_of_array(self, outputs: np.ndarray, axis: int) -> np.ndarray:
        """The probability of the second class for each logit."""
        found: np.ndarray = expit(outputs)
        return found

    def total(
        self,
        outputs: np.ndarray,
        targets: np.ndarray,
        weight: np.ndarray,
        n_rows: float,
        null: float,
    ) -> tuple[float, np.ndarray]:
        """The negative log-likelihood of weighted rows and its gradient, by NumPy alone."""
        loss = n_rows * (weight * (np.logaddexp(0.0, outputs) - targets * outputs)).sum()
        return loss, n_rows * weight * (expit(outputs) - targets)


class Categorical(Likelihood):
    """The likelihood of several classes: cross-entropy of a logit for each class."""

    largest_curvature = 0.5
    prior_labels = 4.0

    def mean(self, outputs: Tensor) -> Tensor:
        """The probability of each class."""
        return outputs.softmax(-1)

    def curvature(self, mean: Tensor) -> Tensor:
        """The variance ``mean * (1 - mean)`` of each class's indicator, kept above 0."""
        return (mean * (1 - mean)).clamp_min(FLAT)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The cross-entropy of each label."""
        return outputs.logsumexp(-1) - (targets * outputs).sum(-1)

    def targets(self, values: Tensor, n_outputs: int) -> Tensor:
        """The indicator of each class, (..., n_outputs): 1 for the label's class, else 0."""
        classes = torch.arange(n_outputs, device=values.device)
        return (values.unsqueeze(-1) == classes).to(values.dtype)

    def mean_of_columns(self, outputs: Tensor, column_of: Tensor, n_columns: int) -> Tensor:
        """Probabilities: the softmax over those outputs that belong to the same task."""
        columns = column_of.expand(outputs.shape)
        shape = (*outputs.shape[:-1], n_columns)
        largest = outputs.detach().new_full(shape, -torch.inf)
        largest = largest.scatter_reduce(-1, columns, outputs.detach(), "amax")
        powers = (outputs - largest.gather(-1, columns)).exp()
        sums = powers.new_zeros(shape).scatter_add(-1, columns, powers)
        return powers / sums.gather(-1, columns)

    def mean_of_array(self, outputs: np.ndarray, axis: int) -> np.ndarray:
        """The probability of each class: the softmax along `axis`."""
        powers: np.ndarray = outputs - outputs.max(axis, keepdims=True)
        np.exp(powers, out=powers)
        powers /= powers.sum(axis, keepdims=True)
        return powers

    def total(
        self,
        outputs: np.ndarray,
        targets: np.ndarray,
        weight: np.ndarray,
        n_rows: float,
        null: float,
    ) -> tuple[float, np.ndarray]:
        """The negative log-likelihood of weighted rows and its gradient, by NumPy alone."""
        logs = log_softmax(outputs, axis=-1)
        loss = -n_rows * (weight * targets * logs).sum()
        return loss, n_rows * weight * (np.exp(logs) - targets)
