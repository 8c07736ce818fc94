"""The method `adapt`: a new estimator from a fitted one and labelled rows."""

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
from sklearn_3mtl.data.tasks import Task, tasks_of
from sklearn_3mtl.estimators._given import Given, support_pair
from sklearn_3mtl.estimators._keeping import fitted_of, keep_fitted, read_columns
from sklearn_3mtl.estimators._predicting import PredictingMixin, with_id_column
from sklearn_3mtl.fitted.fitted import Fitted
from sklearn_3mtl.fitting.data import FitInput
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.settings.types import TaskKinds

__all__ = ["AdaptingMixin"]


class AdaptingMixin(PredictingMixin):
    """The method `adapt`, which makes a new estimator from a fitted one."""

    # Which tasks an adapted estimator predicts.
    _tasks_after: TasksAfter = AllTasks()

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        """Infer the tasks of y's columns, which may be binary, multiclass or regression."""
        return tasks_of(targets, self.task_kinds, self.regression_loss)

    def _task_reader(self) -> TaskReader:
        """Make the reader that infers tasks from labels, of kinds that this class allows."""

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
        """Return a new estimator that has adapted to labelled rows; this one is not changed.

        A column of y with the name of a known target gives more labels of that target. A column
        with another name is a new target, of any kind; it is added to the old ones, except that the
        result of a transfer estimator predicts the columns of y only. A new task id starts from
        what all task ids share. If the estimator was trained by `meta`, the rows of a task are its
        support set. With ``episodes="classes"`` the labels are the new classes, and the old classes
        are dropped.

        Rows may come in batches: adapting to one batch after the other has the same result as
        adapting to all rows at once. The rows are kept for that. If parts of the network were
        trained (`adapt_parts`, `strategy`), the next batch starts from the result instead.

        Without `meta` the network is frozen unless `adapt_parts` or `strategy` say otherwise. Each
        labelled target gets a linear correction, fitted in closed form to the shared features, the
        encoded inputs and the plain inputs. Its prediction is averaged with that of a smooth
        function of the plain inputs, fitted to the new rows alone. Leave-one-out validation chooses
        the ridge penalties and the weights of the average.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features), or tuple (X, y)
            Rows with the columns of `fit`'s X. Without the task column all rows are one new task,
            and so are rows that the result predicts without it. If the result adapts again without
            the task column, the rows are added to that task.
        y : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_targets), or None
            Labels, some of which may be missing. Without names they are labels of the targets of
            `fit`, if the number of columns is the same. None: X is the tuple (X, y).
        task : array-like of shape (n_samples,) or None, default=None
            Task ids, if they were an argument of `fit`. None: all rows are one new task.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_targets), or None
            Weights >= 0 of the rows, or of each label. None: all labels have weight 1. A weight of
            2 differs from two equal rows, since leave-one-out validation leaves out one row.

        Returns
        -------
        adapted : estimator
            A new fitted estimator of the same class.

        Raises
        ------
        ValueError
            If X, y or the task ids are invalid. The message names what is wrong and what is
            expected.
        TypeError
            If X is a list that holds X and y, or a tuple although y is given too.
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
        """Adapt the result of a fit to labelled rows; `after` says which tasks it then predicts."""
        default_id = id_of_rows_without_id(before.model)
        X = with_id_column(before, given.X, given.task, default_id)
        table = read_inputs(X)
        read_columns(self, X, before.columns)
        rows = FitInput(
            table, read_targets(given.y), task=given.task, sample_weight=given.sample_weight
        )
        return adapt_fitted(settings, before, rows, self._task_reader(), after)
