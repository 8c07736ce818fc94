"""The plain sum of the task losses."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from sklearn_3mtl.balancing.base import Balancing

__all__ = ["Equal"]


class Equal(Balancing):
    """Every task's loss counts once (survey arXiv 2111.12146, eq. 2).

    Examples
    --------
    >>> from sklearn_3mtl import MultiTaskEstimator
    >>> from sklearn_3mtl.balancing import Equal
    >>> MultiTaskEstimator(balancing=Equal()).get_params()["balancing"]
    Equal()
    """

    def weights(self, losses: Tensor, present: Tensor | None, state: Any) -> None:
        """None, which stands for ones."""
