"""From a fitted estimator and a few rows to a new one: the verb `adapt`."""

from __future__ import annotations

import copy
from collections.abc import Hashable
from typing import Self

from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from sklearn_3mtl.adapting.adapt import adapt_fitted, id_of_rows_without_id
from sklearn_3mtl.adapting.tasks_after import AllTasks, TaskReader, TasksAfter
from sklearn_3mtl.data.columns import TargetColumns, read_targets
from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._given import Given, support_pair
from sklearn_3mtl.estimators._keeping import fitted_of, keep_fitted, read_columns
from sklearn_3mtl.estimators._predicting import PredictingMixin, with_id_column
from sklearn_3mtl.fitted.fitted import Fitted
from sklearn_3mtl.fitting.data import FitInput
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.settings.types import TaskKinds

__all__ = ["AdaptingMixin"]


class AdaptingMixin(PredictingMixin):
    """The method `adapt`, which reads a FittedModel and makes another."""

    # Which tasks an adapted estimator predicts.
    _tasks_after: TasksAfter = AllTasks()

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        raise NotImplementedError

    def _task_reader(self) -> TaskReader:
        """What reads tasks from labels, of the kinds that the class allows."""

        def read(targets: TargetColumns, kinds: TaskKinds | None) -> dict[Hashable, Task]:
            reader = copy.copy(self)
            reader.task_kinds = kinds
            return reader._infer_tasks(targets)

        return TaskReader(self.task_kinds, read)

    def adapt(
        self,
        X: ArrayLike | tuple[ArrayLike, ArrayLike],
        y: ArrayLike | None = None,
        *,
        task: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Use what was learned on a new target, on more rows, on a new task id, on new classes.

        A column of y that the estimator knows goes on being that task; one with another name is
        a new task, of any kind, appended after the old (what a transfer estimator gives predicts
        the columns of y alone). In the long layout a new task id starts from what all ids share,
        and with an inner loop uses its rows as `meta` says. With ``episodes="classes"`` the labels
        define the classes, and there are no others. This estimator is left as it is, to the bit.

        But for that, the network stays frozen unless `adapt_parts` or `strategy` say otherwise:
        each adapted task gets a linear correction, which reads the representation, the encoded
        inputs and the plain ones, and is averaged with a smooth function of the inputs that does
        without what was learned before. Leave-one-out validation chooses the penalties, and how
        much each of them counts.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features), or tuple (X, y)
            Rows with the columns of `fit`'s X. The task column may be missing: all rows are then
            one new task, and so are those that the result predicts without it. Adapted once more
            without it, that task has all the rows; for a second one, name ids.
        y : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_tasks), or None
            Labels; missing ones are left out. Without names: the targets of `fit`, if there are
            as many. None where X is a pair.
        task : array-like of shape (n_samples,) or None, default=None
            Task ids, where `fit` was given them as an argument. None: one new task.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
            Weights >= 0 of the rows, or of each label. None weighs all alike. A weight of 2 is not
            a row twice: leave-one-out leaves both out.

        Returns
        -------
        adapted : estimator
            A new fitted estimator of the same class.

        Raises
        ------
        ValueError
            If X, y or a task is unfit; the message names it and what would do.
        TypeError
            If the pair is a list.
        """
        check_is_fitted(self)
        self._validate_params()
        X, y = support_pair(X, y)
        given = Given(X, y, task=task, sample_weight=sample_weight)
        found = self._adapted(self._read_settings(), fitted_of(self), given, self._tasks_after)
        adapted = copy.copy(self)
        keep_fitted(adapted, found)
        return adapted

    def _adapted(
        self, settings: Settings, before: Fitted, given: Given, after: TasksAfter
    ) -> Fitted:
        """What is fitted, adapted to some rows."""
        lone_id = id_of_rows_without_id(before.model)
        X = with_id_column(before, given.X, given.task, lone_id)
        table = read_inputs(X)
        read_columns(self, X, before.columns)
        rows = FitInput(
            table, read_targets(given.y), task=given.task, sample_weight=given.sample_weight
        )
        return adapt_fitted(settings, before, rows, self._task_reader(), after)
