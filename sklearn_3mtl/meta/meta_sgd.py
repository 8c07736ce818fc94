"""MAML with a learned rate for each weight."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.meta.base import MetaMethod
from sklearn_3mtl.meta.inner_loop import AdaptedStages, inner_loop
from sklearn_3mtl.meta.support import SupportSet

__all__ = ["MetaSGD"]


class MetaSGD(MetaMethod["_LearnedRates"]):
    """MAML that also learns how far, and which way, each weight moves in an inner step.

    The rates start at `inner_lr`. `adapt_lr` multiplies the learned rates by
    ``adapt_lr / inner_lr``.

    References
    ----------
    Li, Zhou, Chen, Li, "Meta-SGD: learning to learn quickly for few-shot learning",
    arXiv 1707.09835, eq. 2 and algorithm 1.

    Examples
    --------
    >>> from sklearn_3mtl.meta import MetaSGD
    >>> MetaSGD()
    MetaSGD()
    """

    def init(
        self, stages: Sequence[Stage], n_features: int, layout: TaskLayout, lr: float, seed: Seed
    ) -> _LearnedRates:
        """Make the learned rates, a tensor for each parameter of each layer."""
        return _LearnedRates(stages, lr)

    def adapt(
        self,
        stages: Sequence[Stage],
        support: SupportSet,
        state: _LearnedRates,
        lr: float,
        n_steps: int,
    ) -> AdaptedStages:
        """Take the gradient steps of each task on its support set, at the learned rates."""
        factor = lr / state.start
        rates = state.by_stage(factor)
        adapts = [True] * len(stages)
        return inner_loop(
            stages, adapts, support, lambda stage, step: rates[stage], n_steps, second_order=True
        )


class _LearnedRates(nn.Module):
    def __init__(self, stages: Sequence[Stage], lr: float) -> None:
        super().__init__()
        self.start = lr
        self.names = [[name for name, _ in stage.module.named_parameters()] for stage in stages]
        self.rates = nn.ParameterList(
            torch.full_like(p, lr) for stage in stages for p in stage.module.parameters()
        )

    def by_stage(self, factor: float) -> list[dict[str, Tensor]]:
        rates = iter(self.rates)
        scaled = (rate if factor == 1.0 else factor * rate for rate in rates)
        return [{name: next(scaled) for name in names} for names in self.names]
