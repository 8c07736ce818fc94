"""The arguments of `fit`, read and checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.fitted.task_ids import read_task_ids, unique_ids
from sklearn_3mtl.fitting.domains import Domains, domain_column, read_domains
from sklearn_3mtl.fitting.weights import check_sample_weight
from sklearn_3mtl.settings import Settings

__all__ = ["FitInput", "TrainingData", "read_training_data"]


@dataclass(frozen=True)
class FitInput:
    """The arguments of `fit`, with X and y already read.

    Attributes
    ----------
    table : InputTable
        X.
    targets : TargetColumns
        y.
    task, domain : array-like of shape (n_samples,) or None
        Task ids and domains that were passed as arguments. None: they were not.
    sample_weight : array-like or None
        Weights of rows or labels. None: all weights are 1.
    """

    table: InputTable
    targets: TargetColumns
    task: ArrayLike | None = None
    domain: ArrayLike | None = None
    sample_weight: ArrayLike | None = None


@dataclass(frozen=True)
class TrainingData:
    """The rows to train on, with labels, weights, task ids and domains.

    Attributes
    ----------
    table : InputTable
        X.
    targets : TargetColumns
        y.
    weights : ndarray of shape (n, 1) or (n, n_tasks), or None
        Sample weights. None: all are 1.
    ids : object ndarray of shape (n,) or None
        Task ids. None: there are none.
    column : int or None
        The position of the task column in X. None if the ids were passed as an argument.
    domains : Domains or None
        Each row's domain. None: there are no domains.
    """

    table: InputTable
    targets: TargetColumns
    weights: np.ndarray | None = None
    ids: np.ndarray | None = None
    column: int | None = None
    domains: Domains | None = None

    @property
    def ids_given(self) -> bool:
        """Whether the ids were passed as an argument instead of a column of X."""
        return self.ids is not None and self.column is None

    @property
    def groups(self) -> np.ndarray | None:
        """The distinct task ids of labelled rows; other ids are unknown. None without task ids."""
        return None if self.ids is None else unique_ids(self.ids[self.targets.labelled()])

    @property
    def n_domains(self) -> int:
        """The number of domains; 0 without domains."""
        return 0 if self.domains is None else self.domains.n_domains

    def columns_of_ids(self, settings: Settings) -> dict[int, str]:
        """Positions of the columns of X that hold task ids or domains, with their parameters."""
        named = {self.column: "task", domain_column(settings, self.table): "domain"}
        return {position: name for position, name in named.items() if position is not None}

    def input_columns(self, settings: Settings) -> list[int]:
        """Positions of the columns that are inputs."""
        ids = self.columns_of_ids(settings)
        return [p for p in range(self.table.n_columns) if p not in ids]


def read_training_data(settings: Settings, given: FitInput, targets: TargetColumns) -> TrainingData:
    """Read and check the sample weights, task ids and domains of the arguments of `fit`.

    `targets` are the columns of y, perhaps in another order than in `given`.
    """
    weights = check_sample_weight(given.sample_weight, targets)
    ids, column = read_task_ids(given.table, settings.task, given.task)
    domains = read_domains(settings, given.table, given.domain)
    return TrainingData(given.table, targets, weights, ids, column, domains)
