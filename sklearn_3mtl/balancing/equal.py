"""The plain sum of the task losses."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from sklearn_3mtl.balancing.base import Balancing
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.tasks import Task

__all__ = ["Equal"]


class Equal(Balancing[None]):
    """The sum of the task losses, each with weight 1 (survey arXiv 2111.12146, eq. 2).

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskEstimator
    >>> from sklearn_3mtl.balancing import Equal
    >>> MultiTaskEstimator(balancing=Equal()).get_params()["balancing"]
    Equal()
    """

    needs = "nothing"

    def init(self, tasks: Sequence[Task], n_members: int, seed: Seed) -> None:
        """Return None: there is no state."""

    def weights(
        self, losses: Tensor, present: Tensor | None, gramian: Tensor | None, state: None
    ) -> None:
        """Return None: all weights are 1."""
