"""The contract of a prior: which model predicts a task first, and what the model reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
from torch import Tensor

from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.inputs.modalities import ModalInputs

__all__ = ["Estimator", "Matrices", "Matrix", "PriorModel", "PriorRows", "take_rows"]

# What a scikit-learn model reads. It may also be a sparse matrix, for which SciPy has no types.
Matrix = np.ndarray | pd.DataFrame


class Estimator(Protocol):
    """A scikit-learn classifier or regressor."""

    def fit(self, X: Matrix, y: np.ndarray, **options: np.ndarray) -> Estimator:
        """Fit the model."""

    def predict(self, X: Matrix) -> np.ndarray:
        """Predict labels."""


class PriorRows(NamedTuple):
    """Some rows of X, as they were given and as the network reads them.

    Attributes
    ----------
    inputs : ModalInputs
        What turned X into tensors.
    table : InputTable
        X.
    coded : dict of str to tensor with n rows
        The rows as tensors.
    start : int, default=0
        Where the rows begin in the table.
    """

    inputs: ModalInputs
    table: InputTable
    coded: Mapping[str, Tensor]
    start: int = 0

    @property
    def stop(self) -> int:
        """Where the rows end in the table."""
        return self.start + len(self.coded["numeric"])


class PriorModel(ABC):
    """The kind of model that predicts a task before the network does.

    Attributes
    ----------
    name : str
        Its name in records of the evidence.
    is_fitted : bool, default=False
        Whether the model was fitted before: it is then used as it is.
    in_units : bool, default=False
        Whether numbers are predicted in the units of the labels. False: they are standardised.
    keeps_folds : bool, default=False
        Whether new rows are predicted by the models of all folds, averaged (bagging). False: by
        another model, which is fitted on all rows.
    matrix_name : str or None, default=None
        A name of what `matrix` returns, common to the kinds for which it is the same. None: no
        other kind reads it.
    columns : sequence of int, default=()
        Positions of the columns of X that it reads as they were given.
    """

    name: str
    matrix_name: str | None = None
    is_fitted: bool = False
    keeps_folds: bool = False
    in_units: bool = False
    columns: Sequence[int] = ()

    def suits(self, task: Task, n_labels: int, n_columns: int) -> bool:
        """Whether the model is worth its time for a task if nobody asked for it.

        `n_columns` is the width of what `matrix` returned.
        """
        return True

    @abstractmethod
    def matrix(self, rows: PriorRows) -> Matrix:
        """The rows as the model reads them."""

    @abstractmethod
    def candidates(self, task: Task, rows: PriorRows, X: Matrix, seed: int) -> list[Estimator]:
        """Unfitted models for a task, of which the best out of fold is kept; or the fitted one.

        Parameters
        ----------
        task : Task
            The task.
        rows : PriorRows
            The rows that `matrix` was called with.
        X : matrix with n rows
            What `matrix` returned for them.
        seed : int
            Seeds models that draw.
        """

    def fit(
        self, model: Estimator, X: Matrix, y: np.ndarray, options: Mapping[str, np.ndarray]
    ) -> Estimator:
        """Fit a model; `options` are further arguments of its `fit`."""
        return model.fit(X, y, **options)

    def moved(self, place: Mapping[int, int]) -> PriorModel:
        """The same for tables with other column positions; `place` maps old to new ones."""
        return self


class Matrices:
    """What the models read of some rows: made once for each kind of model, for all tasks.

    Parameters
    ----------
    rows : PriorRows
        The rows.
    """

    def __init__(self, rows: PriorRows) -> None:
        self.rows, self._made = rows, dict[int | str, Matrix]()

    def of(self, kind: PriorModel) -> Matrix:
        """The matrix that models of this kind read."""
        key = kind.matrix_name or id(kind)
        if key not in self._made:
            self._made[key] = kind.matrix(self.rows)
        return self._made[key]


def take_rows(X: Matrix, rows: np.ndarray) -> Matrix:
    """Some rows of a matrix or frame."""
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]
