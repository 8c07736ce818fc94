"""Model-agnostic meta-learning: gradient steps from a common start."""

from __future__ import annotations

from collections.abc import Sequence

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stages import Stage
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.meta.base import MetaMethod
from sklearn_3mtl.meta.inner_loop import AdaptedStages, constant_rate, inner_loop
from sklearn_3mtl.meta.support import SupportSet

__all__ = ["MAML"]


class MAML(MetaMethod[None]):
    """Model-agnostic meta-learning: a start from which few gradient steps suffice.

    Each task takes `inner_steps` gradient steps on its support set. The common start is trained on
    the loss after these steps, with gradients through the steps.

    References
    ----------
    Finn, Abbeel, Levine, "Model-agnostic meta-learning for fast adaptation of deep networks",
    ICML 2017, arXiv 1703.03400, algorithms 1 and 2.

    Examples
    --------
    >>> from sklearn_3mtl.meta import MAML
    >>> MAML()
    MAML()
    """

    _second_order = True
    _head_only = False

    def init(
        self, stages: Sequence[Stage], n_features: int, layout: TaskLayout, lr: float, seed: Seed
    ) -> None:
        """Return None: nothing is learned besides the network's weights."""

    def adapt(
        self, stages: Sequence[Stage], support: SupportSet, state: None, lr: float, n_steps: int
    ) -> AdaptedStages:
        """Take the gradient steps of each task on its support set."""
        adapts = [stage.is_head or not self._head_only for stage in stages]
        rates = constant_rate(lr)
        return inner_loop(stages, adapts, support, rates, n_steps, second_order=self._second_order)
