"""Cross-fitting: a prior's predictions for rows of `fit`, by models that saw no such label."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold
from torch import Tensor

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.prior.base import Estimator, Matrix, PriorModel, PriorRows, take_rows
from sklearn_3mtl.prior.fitted import FittedPrior, TaskPrior
from sklearn_3mtl.prior.plan import PriorPlan
from sklearn_3mtl.prior.predicting import TaskScale, labels_of, outputs_of, weight_options

__all__ = ["CrossFit", "PriorData", "cross_fit"]

N_FOLDS = 5


@dataclass(frozen=True)
class PriorData:
    """The rows that priors are fitted on.

    Attributes
    ----------
    rows : PriorRows
        X.
    numbers : float64 ndarray of shape (n, n_tasks)
        Labels in the layout's order: numbers, or positions among the classes; NaN for none.
    weights : ndarray of shape (n, n_tasks) or None
        The weight of each label, in the same order. None: all are 1.
    groups : ndarray of shape (n,) or None
        Rows of one group stay together in the folds: the task ids, or else the domains.
    """

    rows: PriorRows
    numbers: np.ndarray
    weights: np.ndarray | None
    groups: np.ndarray | None


class CrossFit(NamedTuple):
    """Fitted priors, and their outputs for the rows that they were fitted on.

    Attributes
    ----------
    prior : FittedPrior
        The models, fitted on all labelled rows.
    outputs : float32 tensor of shape (n, n_outputs)
        A labelled row's outputs come from a model that saw neither its label nor, with groups, any
        label of its group.
    """

    prior: FittedPrior
    outputs: Tensor


def cross_fit(plan: PriorPlan, codec: TargetCodec, data: PriorData, seed: Seed) -> CrossFit:
    """Fit the prior of each task on its labelled rows, and predict these rows by cross-fitting.

    Parameters
    ----------
    plan : PriorPlan
        The models.
    codec : TargetCodec
        The tasks and their scales.
    data : PriorData
        The rows.
    seed : Seed
        Seeds the folds and the models.

    Raises
    ------
    ValueError
        If a model fails on a fold. The message names the task and the fold.
    """
    layout = codec.layout
    found: dict[Hashable, TaskPrior] = {}
    fits: dict[int, _TaskFit] = {}
    matrices: dict[int, Matrix] = {}
    for index, task in enumerate(layout.tasks):
        kind = plan.models.get(task.name)
        if kind is None:
            continue
        if id(kind) not in matrices:
            matrices[id(kind)] = kind.matrix(data.rows)
        of = TaskScale(task, float(codec.center[index]), float(codec.scale[index]), 1)
        child = seed.child(repr(task.name))
        fits[index] = _TaskFit(kind, of, matrices[id(kind)], data, index, child)
    outside = {index: fit.out_of_fold() for index, fit in fits.items()}
    for fit in fits.values():
        found[fit.of.task.name] = fit.on_all_rows()
    prior = FittedPrior(layout, found)
    # Rows without a label are predicted by the models that are fitted on all labelled rows.
    outputs = prior.outputs(data.rows)
    for index, own in outside.items():
        rows, columns = torch.from_numpy(fits[index].rows), layout.outputs_of(index)
        outputs[rows, columns] = torch.from_numpy(own.astype(np.float32))
    return CrossFit(prior, outputs)


class _TaskFit:
    """Fits the prior of one task.

    Parameters
    ----------
    kind : PriorModel
        What is fitted.
    of : TaskScale
        The task and its scale.
    X : matrix with n rows
        What the model reads.
    data : PriorData
        Labels, weights and groups.
    index : int
        The task's position in the layout.
    seed : Seed
        Seeds folds and model.
    """

    def __init__(
        self, kind: PriorModel, of: TaskScale, X: Matrix, data: PriorData, index: int, seed: Seed
    ) -> None:
        numbers = data.numbers[:, index]
        there = ~np.isnan(numbers)
        if data.weights is not None:
            there &= data.weights[:, index] > 0
        self.kind, self.of, self.data = kind, of, data
        self.rows = np.flatnonzero(there)
        self.X, self.labels = take_rows(X, self.rows), labels_of(of.task, numbers[there])
        self.weight = None if data.weights is None else data.weights[self.rows, index]
        self.groups = None if data.groups is None else data.groups[self.rows]
        self.seed = seed.value % 2**31

    def out_of_fold(self) -> np.ndarray:
        """The labelled rows' outputs, each by a model that saw no label of its fold."""
        every = np.arange(len(self.rows))
        if self.kind.is_fitted:
            return self._predicted(every, every, "")
        outputs = np.zeros((len(self.rows), self.of.task.n_outputs))
        folds = list(self._folds())
        for number, (train, test) in enumerate(folds, start=1):
            # One class can't be learned from: the outputs then stay 0.
            if self.of.task.classes is None or len(np.unique(self.labels[train])) > 1:
                outputs[test] = self._predicted(train, test, f" in fold {number} of {len(folds)}")
        return outputs

    def on_all_rows(self) -> TaskPrior:
        """The model that is fitted on all labelled rows."""
        try:
            model = self.kind.kept(self._fitted(np.arange(len(self.rows))))
        except Exception as error:
            raise self._failed(" on all rows", error) from error
        return TaskPrior(self.kind, model, self._scale(len(self.rows)))

    def _predicted(self, train: np.ndarray, test: np.ndarray, where: str) -> np.ndarray:
        try:
            model = self._fitted(train)
            return outputs_of(model, take_rows(self.X, test), self._scale(len(train)))
        except Exception as error:
            raise self._failed(where, error) from error

    def _failed(self, where: str, error: Exception) -> ValueError:
        name = self.of.task.name
        return ValueError(f"The prior of task {name!r} failed{where}: {error}")

    def _fitted(self, rows: np.ndarray) -> Estimator:
        model = self.kind.make(self.of.task, self.data.rows, self.seed)
        if self.kind.is_fitted:
            return model
        weight = None if self.weight is None else self.weight[rows]
        options = weight_options(model, weight, "prior")
        return model.fit(take_rows(self.X, rows), self.labels[rows], **options)

    def _scale(self, n_labels: int) -> TaskScale:
        return TaskScale(self.of.task, self.of.center, self.of.scale, n_labels)

    def _folds(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The folds: by group if there are several groups, with all classes in each if possible."""
        n_rows, task = len(self.rows), self.of.task
        if n_rows < 2:
            raise ValueError(
                f"Task {task.name!r} has {n_rows} label(s) of positive weight; `prior` needs two "
                "to be fitted and tested on different rows. Set prior=None."
            )
        counts = np.unique(self.labels, return_counts=True)[1]
        stratified = task.classes is not None and len(counts) > 1
        options = {"shuffle": True, "random_state": self.seed}
        groups = self.groups
        n_groups = 0 if groups is None else len(np.unique(groups.astype(str)))
        if n_groups > 1:
            n_folds = min(N_FOLDS, n_groups)
            by_group = (
                StratifiedGroupKFold if stratified and counts.min() >= n_folds else (GroupKFold)
            )
            yield from by_group(n_folds, **options).split(self.X, self.labels, groups)
            return
        n_folds = min(N_FOLDS, n_rows)
        by_class = StratifiedKFold if stratified and counts.min() >= n_folds else KFold
        yield from by_class(n_folds, **options).split(self.X, self.labels)
