"""Prototypical networks: the nearest class mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import torch
from torch import Tensor, nn

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.meta.base import MetaMethod
from sklearn_3mtl.meta.features import features_of
from sklearn_3mtl.meta.support import SupportSet

__all__ = ["ProtoNet"]


class ProtoNet(MetaMethod["_Prior"]):
    """The nearer the mean feature of a class, the likelier the class: ``softmax(-|z - c_k|^2)``.

    There are no inner steps, and nothing is solved for. A class without a row in the support set,
    and every class of a task without one, has a learned mean feature that all tasks share. With
    ``episodes="classes"`` it is 0 instead. For classification only.

    References
    ----------
    Snell, Swersky, Zemel, "Prototypical networks for few-shot learning", NeurIPS 2017,
    arXiv 1703.05175, eqs. 1 and 2.

    Examples
    --------
    >>> from sklearn_3mtl.meta import ProtoNet
    >>> ProtoNet()
    ProtoNet()
    """

    has_steps = False
    fixed_outputs = False
    # Distances from class means replace the heads' outputs; nothing of them is left to correct.
    defaults = MappingProxyType({"prior": None})

    def init(
        self, stages: Sequence[Stage], n_features: int, layout: TaskLayout, lr: float, seed: Seed
    ) -> _Prior:
        """Make the learned prototypes of classes without a row in a support set.

        There is one for each output, and one for its negation, which a binary target needs.
        """
        return _Prior(layout.n_outputs, n_features, seed)

    def adapt(
        self, stages: Sequence[Stage], support: SupportSet, state: _Prior, lr: float, n_steps: int
    ) -> _Prototypes:
        """Compute the mean feature of each class in the support set of each task."""
        z = features_of(stages, support.x)
        prior = state.prototypes if not support.draws_classes else z.new_zeros(2, 1, z.shape[-1])
        positive = _means(z, support.output_weight * support.targets, prior[0])
        negative = _means(z, support.output_weight * (1.0 - support.targets), prior[1])
        return _Prototypes(stages, positive, negative, support.is_binary)

    def refuse(self, layout: TaskLayout) -> None:
        """Refuse regression tasks, which have no classes."""
        names = [task.name for task in layout.tasks if not task.is_classification]
        if names:
            raise ValueError(
                f"meta='protonet' knows classes only, but task(s) {names!r} are regressions. "
                "meta='ridge' learns both."
            )


class _Prior(nn.Module):
    def __init__(self, n_outputs: int, n_features: int, seed: Seed) -> None:
        super().__init__()
        drawn = torch.empty(2, n_outputs, n_features, dtype=torch.float32)
        bound = max(n_features, 1) ** -0.5
        self.prototypes = nn.Parameter(drawn.uniform_(-bound, bound, generator=seed.generator()))


@dataclass(frozen=True)
class _Prototypes:
    """Scores rows by their distances to prototypes, the mean features of classes.

    There is a prototype for each output and for the negation of each, (..., T, n_outputs, d); those
    of negations are used for binary targets.
    """

    stages: Sequence[Stage]
    positive: Tensor
    negative: Tensor
    is_binary: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        z = features_of(self.stages, x)
        far = _square_distances(z, self.negative) * self.is_binary
        return far - _square_distances(z, self.positive)

    def of(self, tasks: Tensor) -> _Prototypes:
        positive, negative = (p.index_select(-3, tasks) for p in (self.positive, self.negative))
        return replace(self, positive=positive, negative=negative)


def _means(z: Tensor, weight: Tensor, prior: Tensor) -> Tensor:
    total = weight.sum(-2)[..., None]
    mean = weight.mT @ z / torch.where(total > 0, total, 1.0)
    return torch.where(total > 0, mean, prior)


def _square_distances(z: Tensor, prototypes: Tensor) -> Tensor:
    """Squared distances of features to prototypes, (..., T, R, n_outputs), without ``|z|^2``.

    That term is common to all outputs of a row. It cancels in the softmax, and between a class and
    its negation.
    """
    return prototypes.square().sum(-1).unsqueeze(-2) - 2.0 * z @ prototypes.mT
