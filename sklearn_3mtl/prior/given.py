"""A model that the user gave as prior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.prior.base import Estimator, Matrix, PriorModel, PriorRows

__all__ = ["GivenPrior"]


class GivenPrior(PriorModel):
    """A scikit-learn model, which reads the columns of X as the user gave them.

    Parameters
    ----------
    estimator : scikit-learn classifier or regressor
        The model. A FrozenEstimator is used as it is, others are cloned.
    columns : sequence of int
        Positions of the columns of X that it reads: all but those of task ids and domains.
    """

    name = "given"
    in_units = True

    def __init__(self, estimator: BaseEstimator, columns: Sequence[int]) -> None:
        self.estimator, self.columns = estimator, list(columns)
        self.is_fitted = isinstance(estimator, FrozenEstimator)

    def matrix(self, rows: PriorRows) -> Matrix:
        """The rows of X without the columns of ids; a frame if X was one."""
        table, part = rows.table, slice(rows.start, rows.stop)
        if table.frame is not None:
            return table.frame.iloc[part].iloc[:, list(self.columns)]
        found = cast(np.ndarray, table.array)[part]
        return found if len(self.columns) == table.n_columns else found[:, self.columns]

    def candidates(self, task: Task, rows: PriorRows, X: Matrix, seed: int) -> list[Estimator]:
        """A clone of the model, or the fitted model itself."""
        if self.is_fitted:
            return [cast(Estimator, self.estimator)]
        model = clone(self.estimator)
        # What the user left to chance depends on the estimator's `random_state`.
        drawn = [n for n, v in model.get_params().items() if _is_seed(n) and v is None]
        return [cast(Estimator, model.set_params(**dict.fromkeys(drawn, seed)))]

    def moved(self, place: Mapping[int, int]) -> GivenPrior:
        """The same for tables with other column positions; `place` maps old to new ones."""
        return GivenPrior(self.estimator, [place[p] for p in self.columns])


def _is_seed(name: str) -> bool:
    return name.split("__")[-1] == "random_state"
