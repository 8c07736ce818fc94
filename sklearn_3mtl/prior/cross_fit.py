"""Cross-fitting: a prior's predictions for rows of `fit`, by models that saw no such label."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
import torch
from sklearn.base import clone
from torch import Tensor
from tqdm.auto import tqdm

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.prior.base import (
    Estimator,
    Matrices,
    Matrix,
    PriorModel,
    PriorRows,
    take_rows,
)
from sklearn_3mtl.prior.evidence import mean_loss, weigh
from sklearn_3mtl.prior.fitted import FittedPrior, PriorPart, TaskPrior
from sklearn_3mtl.prior.folds import Fold, make_folds
from sklearn_3mtl.prior.plan import PriorPlan
from sklearn_3mtl.prior.predicting import TaskScale, certain, outputs_of, weight_options

__all__ = ["CrossFit", "PriorData", "cross_fit"]

# Nobody says on how many labels a model was fitted that is given fitted: on many, it is assumed.
LABELS_OF_FITTED = 500_000


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

    def labelled(self, index: int) -> np.ndarray:
        """Which rows have a label of positive weight for the task at a position of the layout."""
        there: np.ndarray = ~np.isnan(self.numbers[:, index])
        return there if self.weights is None else there & (self.weights[:, index] > 0)


class CrossFit(NamedTuple):
    """Fitted priors, and their outputs for the rows that they were fitted on.

    Attributes
    ----------
    prior : FittedPrior
        The models for new rows.
    outputs : float32 tensor of shape (n, n_outputs)
        A labelled row's outputs come from models that saw neither its label nor, with groups, any
        label of its group.
    """

    prior: FittedPrior
    outputs: Tensor


def cross_fit(
    plan: PriorPlan, codec: TargetCodec, data: PriorData, seed: Seed, verbose: int = 0
) -> CrossFit:
    """Fit the prior of each task on its labelled rows, and predict these rows by cross-fitting.

    Rows without a label are predicted as new rows are.

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
    verbose : int, default=0
        With 1 or more, a progress bar over the tasks.

    Raises
    ------
    ValueError
        If a model fails on a fold. The message names the task and the fold.
    """
    layout, matrices = codec.layout, Matrices(data.rows)
    found: dict[Hashable, TaskPrior] = {}
    result = np.zeros((len(data.numbers), layout.n_outputs), dtype=np.float32)
    bar = tqdm(layout.tasks, "prior", unit="task", disable=not verbose)
    for index, task in enumerate(bar):
        kinds, n_labels = plan.models.get(task.name), int(data.labelled(index).sum())
        if kinds is None or (plan.weighs and n_labels < 2):
            continue
        if plan.weighs:
            kinds = tuple(k for k in kinds if k.suits(task, n_labels, matrices.of(k).shape[1]))
        of = TaskScale(task, float(codec.center[index]), float(codec.scale[index]))
        child = seed.child(repr(task.name))
        fits = [_Fit(kind, of, matrices.of(kind), data, index, child) for kind in kinds]
        first = fits[0]
        shares: list[float] = [1.0]
        constant: tuple[float, ...] = (0.0,) * task.n_outputs
        own, losses = first.outputs, dict[str, float]()
        if first.only_class is not None:
            # Nothing can be fitted, and nothing but the class be predicted.
            alone = certain(task, first.only_class, len(first.rows))
            constant, own = tuple(alone[0].tolist()), np.broadcast_to(alone, own.shape)
            fits, shares = [], []
        elif plan.weighs:
            outputs = [fit.outputs for fit in fits]
            shares, constant, own = weigh(of, outputs, first.numbers, first.weight)
            losses = {fit.kind.name: fit.loss for fit in fits}
        parts = (fit.parts(share) for fit, share in zip(fits, shares, strict=True) if share)
        prior = found[task.name] = TaskPrior(of, tuple(chain(*parts)), constant, losses)
        columns = layout.outputs_of(index)
        if len(first.rows) < len(result):
            result[:, columns] = prior.outputs(matrices)
        result[first.rows, columns] = own
    return CrossFit(FittedPrior(layout, found), torch.from_numpy(result))


def _only_class(task: Task, numbers: np.ndarray) -> int | None:
    """The position of the class that all labels are of; None if there is no such class."""
    is_one = task.classes is not None and len(np.unique(numbers)) == 1
    return int(numbers[0]) if is_one else None


class _OutOfFold(NamedTuple):
    """Outputs for labelled rows, from models without their labels.

    Attributes
    ----------
    outputs : float64 ndarray of shape (n_labels, n_outputs)
        The outputs.
    models : list of (Estimator, int)
        The models, one for each fold with several classes, and on how many labels each was fitted.
    """

    outputs: np.ndarray
    models: list[tuple[Estimator, int]]


class _Fit:
    """Cross-fits the models of one kind for one task, and keeps the best of them.

    Parameters
    ----------
    kind : PriorModel
        What is fitted.
    of : TaskScale
        The task and its scale.
    X : matrix with n rows
        What the models read.
    data : PriorData
        Labels, weights and groups.
    index : int
        The task's position in the layout.
    seed : Seed
        Seeds folds and models.

    Attributes
    ----------
    rows : int ndarray of shape (n_labels,)
        The rows with a label of positive weight.
    numbers, weight : float64 ndarrays of shape (n_labels,)
        Their labels and weights; the weight is None if all are 1.
    only_class : int or None
        The position of the class that all these labels are of, if a model is to be fitted to them.
    outputs : float64 ndarray of shape (n_labels, n_outputs)
        Their outputs by the best model, out of fold.
    of_folds : list of (Estimator, int)
        The best model fitted on the rows of each fold, and on how many.
    loss : float
        The mean loss of these outputs.
    """

    def __init__(
        self, kind: PriorModel, of: TaskScale, X: Matrix, data: PriorData, index: int, seed: Seed
    ) -> None:
        self.kind, self.of, self.rows = kind, of, np.flatnonzero(data.labelled(index))
        self.X, self.numbers = take_rows(X, self.rows), data.numbers[self.rows, index]
        self.labels = of.labels(kind, self.numbers)
        self.only_class = None if kind.is_fitted else _only_class(of.task, self.numbers)
        self.weight = None if data.weights is None else data.weights[self.rows, index]
        groups = None if data.groups is None else data.groups[self.rows]
        number = seed.value % 2**31
        folds: Sequence[Fold] = []
        if not kind.is_fitted:
            folds = make_folds(of.task, self.numbers, groups, number)
        models = kind.candidates(of.task, data.rows, self.X, number)
        found = [self._out_of_fold(model, folds) for model in models]
        losses = [mean_loss(of, one.outputs, self.numbers, self.weight) for one in found]
        best = int(np.argmin(losses))
        self.model, self.loss = models[best], losses[best]
        self.outputs, self.of_folds = found[best]

    def parts(self, share: float) -> list[PriorPart]:
        """The models for new rows, with a share that they divide equally."""
        models = self.of_folds if self.kind.keeps_folds else []
        if not models:
            n_labels = LABELS_OF_FITTED if self.kind.is_fitted else len(self.rows)
            models = [(self._on_all_rows(), n_labels)]
        each = float(share) / len(models)
        return [PriorPart(self.kind, model, each, n_labels) for model, n_labels in models]

    def _on_all_rows(self) -> Estimator:
        every = np.arange(len(self.rows))
        try:
            # A FrozenEstimator is its own clone, and its `fit` changes nothing.
            return self._fitted(self.model, every)
        except Exception as error:
            raise self._failed(" on all rows", error) from error

    def _out_of_fold(self, model: Estimator, folds: Sequence[Fold]) -> _OutOfFold:
        outputs = np.zeros((len(self.rows), self.of.task.n_outputs))
        if self.kind.is_fitted:
            try:
                outputs = outputs_of(model, self.X, self._seen, LABELS_OF_FITTED)
            except Exception as error:
                raise self._failed("", error) from error
            return _OutOfFold(outputs, [])
        models = []
        for number, (train, test) in enumerate(folds, start=1):
            only = _only_class(self.of.task, self.numbers[train])
            if only is not None:
                outputs[test] = certain(self.of.task, only, len(train))
                continue
            try:
                fitted = self._fitted(model, train)
                X = take_rows(self.X, test)
                outputs[test] = outputs_of(fitted, X, self._seen, len(train))
            except Exception as error:
                raise self._failed(f" in fold {number} of {len(folds)}", error) from error
            models.append((fitted, len(train)))
        return _OutOfFold(outputs, models)

    @property
    def _seen(self) -> TaskScale:
        return self.of.seen_by(self.kind)

    def _failed(self, where: str, error: Exception) -> ValueError:
        return ValueError(f"The prior of task {self.of.task.name!r} failed{where}: {error}")

    def _fitted(self, model: Estimator, rows: np.ndarray) -> Estimator:
        weight = None if self.weight is None else self.weight[rows]
        options = weight_options(model, weight, "prior")
        X, labels = take_rows(self.X, rows), self.labels[rows]
        return self.kind.fit(clone(model), X, labels, options)
