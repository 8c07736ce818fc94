"""The base class of kinds of targets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from functools import reduce

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from sklearn_3mtl.data.kinds.likelihood import Gaussian, Likelihood

__all__ = ["Kind", "mean_of_members"]


class Kind(BaseEstimator, ABC):
    """What a target is: its loss, its scale, and how outputs become predictions and scores.

    A subclass sets `name` and defines `losses`; its constructor takes hyper-parameters only. Pass
    an instance in `task_kinds`: ``task_kinds={"visits": PoissonCounts()}``.

    Below, "values" are encoded labels: numbers ``(label - center) / scale``, or positions among the
    sorted classes. The last axis of "outputs" holds the network's outputs for one target; any axes
    may come before it.

    Attributes
    ----------
    name : str
        The short name, which is also ``Task.kind``.
    has_classes : bool, default=False
        Whether labels are classes.
    likelihood : Likelihood, default=Gaussian()
        The loss that linear models, fitted in closed form or by Newton steps, minimise on
        ``link(values)``.
    metrics : tuple of str, default=("r2", "rmse", "mae")
        The names of the metrics of predictions; the first is the score.
    padding : float, default=0.0
        The value with which outputs are padded if targets of the kind differ in `n_outputs`.
    uncertainty_factor : float, default=1.0
        The loss times this factor is the negative log-likelihood for a noise variance of 1, up to a
        constant.
    hidden_head : bool, default=True
        Whether ``heads="auto"`` may give the target's head a hidden layer.
    calibrates : bool, default=False
        Whether outputs are divided by a temperature that is fitted on held-out rows.
    lowest_temperature : float, default=1.0
        The smallest temperature allowed. With 1, outputs are never made larger.
    temperature_spread : float, default=1.0
        The prior standard deviation of the temperature's logarithm, whose prior mean is 0.

    Examples
    --------
    >>> from sklearn_3mtl.data.kinds import KINDS, Regression
    >>> list(KINDS)
    ['regression', 'binary', 'multiclass']
    >>> Regression(loss="huber") == Regression()
    False
    """

    name: str
    has_classes: bool = False
    likelihood: Likelihood = Gaussian()
    metrics: tuple[str, ...] = ("r2", "rmse", "mae")
    padding: float = 0.0
    uncertainty_factor: float = 1.0
    hidden_head: bool = True
    calibrates: bool = False
    lowest_temperature: float = 1.0
    temperature_spread: float = 1.0

    @abstractmethod
    def losses(self, outputs: Tensor, values: Tensor) -> Tensor:
        """The loss of every label.

        Parameters
        ----------
        outputs : tensor of shape (..., n_outputs)
            Padded with `padding` if targets differ in `n_outputs`.
        values : tensor of shape (...)

        Returns
        -------
        losses : tensor of shape (...)
        """

    def losses_of_one_output(self, outputs: Tensor, values: Tensor) -> Tensor:
        """The loss of every label if each target has one output: both tensors have shape (...).

        Override it only to avoid reshaping in each training step.
        """
        return self.losses(outputs.unsqueeze(-1), values)

    def n_outputs(self, classes: Sequence[object] | np.ndarray | None) -> int:
        """The number of the network's outputs for a target, from its classes (or None)."""
        return 1

    def refuse(self, name: Hashable, labels: np.ndarray) -> None:
        """Raise a ValueError if labels can't be of this kind.

        Parameters
        ----------
        name : hashable
            The target's name, for the message.
        labels : ndarray
            The sorted classes, if the kind has classes. Otherwise all labels as float64, NaN if
            missing.
        """

    def center_and_scale(self, numbers: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
        """What is subtracted from labels, and what the result is divided by; by default (0, 1).

        Parameters
        ----------
        numbers, weight : float64 ndarrays of shape (n_labels,)
            The observed labels, and positive weights.
        """
        return 0.0, 1.0

    def link(self, values: Tensor) -> Tensor:
        """Map encoded labels to the scale of the outputs, elementwise; by default the identity."""
        return values

    def targets(self, values: Tensor, n_outputs: int) -> Tensor:
        """The target of each output, (..., n_outputs), from encoded labels of shape (...).

        The mean that the likelihood predicts from an output is compared with its target.
        """
        return self.likelihood.targets(self.link(values), n_outputs)

    def decode(self, outputs: Tensor) -> Tensor:
        """Predict encoded labels from outputs: (..., n_outputs) -> (...).

        By default the only output is the prediction.
        """
        return outputs.squeeze(-1)

    def probabilities(self, outputs: np.ndarray) -> np.ndarray | None:
        """The probability of each class, (n, n_outputs) -> (n, n_classes); None without classes."""
        return None

    def outputs_of_log_probabilities(self, logs: np.ndarray) -> np.ndarray:
        """The outputs that stand for given log-probabilities of the classes.

        `logs` has shape (n, n_classes), the result (n, n_outputs).
        """
        return logs

    def combine(self, outputs: Tensor, shares: Tensor | None = None) -> Tensor:
        """Combine the outputs of an ensemble's members, so that predictions are averaged.

        Parameters
        ----------
        outputs : tensor of shape (n_members, n, n_tasks, n_outputs)
        shares : tensor of shape (n_members, n_tasks) or None, default=None
            The share of each member in the average. None: all shares are the same.

        Returns
        -------
        outputs : tensor of shape (n, n_tasks, n_outputs)
            By default the mean over members.
        """
        return mean_of_members(outputs, shares)

    def score(self, outputs: Tensor, values: Tensor, weight: Tensor) -> Tensor:
        """The score of each target during training: by default R2, NaN if that is undefined.

        Parameters
        ----------
        outputs : tensor of shape (n, n_tasks, n_outputs)
        values, weight : tensors of shape (n, n_tasks)
            Labels of weight 0 are ignored.

        Returns
        -------
        scores : tensor of shape (n_tasks,)
        """
        guess = self.decode(outputs)
        mean = (weight * values).sum(0) / weight.sum(0)
        residual = (weight * (values - guess).square()).sum(0)
        spread = (weight * (values - mean).square()).sum(0)
        return torch.where(spread > 0, 1 - residual / spread, torch.nan)

    def negative_log_likelihood(self, mean_loss: Tensor) -> Tensor:
        """Turn the mean loss into a negative log-likelihood per label; by default the same."""
        return mean_loss

    def with_output_per_class(self) -> Kind:
        """The kind for the same classes that has one output for each class."""
        return self

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Kind) or type(self) is not type(other):
            return False
        mine, theirs = self.get_params(deep=False), other.get_params(deep=False)
        return all(_are_alike(value, theirs[name]) for name, value in mine.items())

    def __hash__(self) -> int:
        return hash(type(self))


def mean_of_members(outputs: Tensor, shares: Tensor | None = None) -> Tensor:
    """The mean over the first axis, the members of the ensemble, as `Kind.combine` takes them.

    They are summed one after the other, so that rounding doesn't depend on the other axes.
    """
    if shares is None:
        members = outputs.unbind(0)
        return reduce(torch.add, members) / len(members)
    return reduce(torch.add, (outputs * shares[:, None, :, None]).unbind(0))


def _are_alike(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(np.asarray(one), np.asarray(other))
    return one is other or repr(one) == repr(other)
