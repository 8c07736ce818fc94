"""Uncertainty weighting: the weights follow from a learned noise variance of each task."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sklearn_3mtl.balancing.base import Balancing
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.terms import Step, Term
from sklearn_3mtl.data.tasks import Task

__all__ = ["Uncertainty"]


class LogVariances(nn.Module):
    """A learned log variance for each task of each member of the ensemble.

    Parameters
    ----------
    start : float
        Initial value of each log variance.
    factors : sequence of K floats
        Factor of each task's loss in its negative log-likelihood.
    n_members : int
        Number of members of the ensemble.
    """

    factor: Tensor

    def __init__(self, start: float, factors: Sequence[float], n_members: int) -> None:
        super().__init__()
        shape = (n_members, len(factors))
        self.log_variance = nn.Parameter(torch.full(shape, start, dtype=torch.float32))
        self.register_buffer("factor", torch.tensor(factors, dtype=torch.float32))


class LogVariancePenalty(Term):
    """The summand ``s / 2`` for each task with a label in the batch; s is its log variance."""

    def __init__(self, state: LogVariances) -> None:
        super().__init__()
        # In a tuple, so that the module is not registered, and saved, here a second time.
        self._state = (state,)

    def forward(self, step: Step) -> Tensor:
        """The sum of half the log variances, over tasks with a label and ensemble members."""
        half = 0.5 * self._state[0].log_variance * step.n_active_groups
        return half.sum() if step.present is None else half[step.present].sum()


class Uncertainty(Balancing[LogVariances]):
    r"""Homoscedastic uncertainty: each task's loss is divided by its learned noise variance.

    Let s = log sigma^2. Training minimises the sum over tasks of ``exp(-s) / 2 * loss + s / 2`` for
    regression (Gaussian likelihood; the loss is the squared error without the factor 1/2) and of
    ``exp(-s) * loss + s / 2`` for classification (softmax likelihood at temperature sigma^2; the
    loss is the cross-entropy).

    Parameters
    ----------
    initial_log_variance : float, default=0.0
        Initial value of every s.

    References
    ----------
    Kendall, Gal, Cipolla, "Multi-task learning using uncertainty to weigh losses for scene
    geometry and semantics", CVPR 2018, arXiv 1705.07115, equations 5 to 10.

    Examples
    --------
    >>> import torch
    >>> from sklearn_3mtl.balancing import Uncertainty
    >>> from sklearn_3mtl.core.seeding import Seed
    >>> from sklearn_3mtl.data import Task
    >>> rule = Uncertainty()
    >>> state = rule.init([Task("a", "regression"), Task("b", "binary")], 1, Seed(0))
    >>> rule.weights(torch.tensor([[3.0, 5.0]]), None, None, state).tolist()
    [[0.5, 1.0]]
    """

    def __init__(self, initial_log_variance: float = 0.0) -> None:
        self.initial_log_variance = initial_log_variance

    def init(self, tasks: Sequence[Task], n_members: int, seed: Seed) -> LogVariances:
        """Make a log variance for each task of each member of the ensemble."""
        factors = [task.kind_object.uncertainty_factor for task in tasks]
        return LogVariances(self.initial_log_variance, factors, n_members)

    def weights(
        self, losses: Tensor, present: Tensor | None, gramian: Tensor | None, state: LogVariances
    ) -> Tensor:
        """Each task's weight ``exp(-s)``, where s is its learned log variance.

        It is multiplied by the `uncertainty_factor` of the task's kind: 1/2 for regression, 1 for
        classes.
        """
        return state.factor * torch.exp(-state.log_variance)

    def terms(self, state: LogVariances) -> list[Term]:
        """Return the term that adds half of each log variance to the loss."""
        return [LogVariancePenalty(state)]
