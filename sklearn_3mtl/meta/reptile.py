"""Reptile: the start moves towards the tasks' adapted weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.core.terms import Step, Term
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.meta.base import MetaMethod
from sklearn_3mtl.meta.inner_loop import AdaptedStages, constant_rate, inner_loop
from sklearn_3mtl.meta.support import SupportSet

__all__ = ["Reptile"]


class Reptile(MetaMethod[None]):
    """The common start moves towards the mean of the tasks' adapted weights.

    ``start - adapted`` takes the place of the gradient, and the estimator's optimizer makes the
    step. With one inner step this is the gradient of joint training; with two or more it favours
    starts that are close to the tasks' solutions. Encoders, which no task adapts, are trained on
    the query loss.

    References
    ----------
    Nichol, Achiam, Schulman, "On first-order meta-learning algorithms", arXiv 1803.02999,
    algorithm 2.

    Examples
    --------
    >>> from sklearn_3mtl.meta import Reptile
    >>> Reptile()
    Reptile()
    """

    def init(
        self, stages: Sequence[Stage], n_features: int, layout: TaskLayout, lr: float, seed: Seed
    ) -> None:
        """Return None: nothing is learned besides the network's weights."""

    def adapt(
        self, stages: Sequence[Stage], support: SupportSet, state: None, lr: float, n_steps: int
    ) -> AdaptedStages:
        """Take the gradient steps of each task on its support set.

        No gradient of the query loss reaches the parameters above the encoders.
        """
        adapts, rates = [True] * len(stages), constant_rate(lr)
        adapted = inner_loop(stages, adapts, support, rates, n_steps, second_order=False)
        return adapted.detached()

    def terms(self, state: None) -> list[Term]:
        """The term that moves the common start towards the tasks' adapted weights."""
        return [_TowardsAdapted()]


class _TowardsAdapted(Term):
    """A term of value 0 whose gradient is ``start - mean over tasks of adapted``."""

    def forward(self, step: Step) -> Tensor | None:
        adapted = step.adapted
        if not isinstance(adapted, AdaptedStages):
            return None
        terms = [
            -(form.module.get_parameter(name) * move.detach()).sum()
            for form in adapted.forms
            for name, move in form.mean_move().items()
        ]
        total = torch.stack(terms).sum()
        return total - total.detach()
