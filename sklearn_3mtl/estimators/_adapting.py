"""The method `adapt`: a new estimator from a fitted one and labelled rows."""

from __future__ import annotations

import copy
from collections.abc import Hashable
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_3mtl.adapting.adapt_model import Support, adapt_model
from sklearn_3mtl.data.columns import TargetColumns, read_targets
from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.data.targets import check_targets_length
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._predicting import PredictingMixin
from sklearn_3mtl.estimators._settings import keep_fitted
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.task_ids import lone_id_of, read_task_ids
from sklearn_3mtl.fitting.weights import check_sample_weight

# The parameters that `adapt` reads: they may be set after `fit`.
OF_ADAPTING = ("strategy", "head", "adapt_parts", "adapt_lr", "adapt_steps", "optimizer")

__all__ = ["AdaptingMixin", "support_pair"]


class AdaptingMixin(PredictingMixin):
    """The method `adapt`, which makes a new FittedModel from the present one."""

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        raise NotImplementedError

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
        return self._adapt(X, y, task, sample_weight)

    def _adapt(
        self,
        X: Any,
        y: ArrayLike | None,
        task: ArrayLike | None,
        sample_weight: ArrayLike | None,
    ) -> Self:
        X, y = support_pair(X, y)
        model = self._model
        lone_id = model.lone_id
        if model.groups is not None and lone_id is None:
            lone_id = lone_id_of(model.groups)
        X = self._with_lone_task(X, task, lone_id)
        estimator = copy.copy(self)
        table = read_inputs(X)
        validate_data(estimator, X, skip_check_array=True, reset=False)
        targets = _named_as_in_fit(model, read_targets(y))
        check_targets_length(targets, table.n_rows)
        weights = check_sample_weight(sample_weight, targets)
        tasks = self._tasks_after(targets)
        ids = None
        if model.groups is not None:
            column = None if model.ids_given else model.parameters["task"]
            ids, _ = read_task_ids(table, column, task)
            ids = np.full(table.n_rows, lone_id, dtype=object) if ids is None else ids
            used = bool((ids == lone_id).any())
            lone_id = lone_id if used else model.lone_id
        elif task is not None:
            raise ValueError("`task` was passed, but the estimator was fitted without task ids.")
        if not targets.labelled().any():
            raise ValueError("y has no label: adapt needs at least one.")
        support = Support(table, targets, weights, ids)
        adapted, forgetting = adapt_model(self, model, support, tasks)
        adapted.lone_id = lone_id
        now = self.get_params(deep=False)
        changed = {name: now[name] for name in OF_ADAPTING if name in now}
        adapted.parameters = {**model.parameters, **changed}
        self._keep_container(adapted, targets)
        keep_fitted(estimator, adapted, copy.copy(self.history_))
        estimator.forgetting_ = forgetting
        return estimator

    def _keep_container(self, model: FittedModel, targets: TargetColumns) -> None:
        """Use the container of y for predictions, if its columns are all that is predicted."""

    def _tasks_after(self, targets: TargetColumns) -> dict[Hashable, Task]:
        """The known targets, then the new ones of y."""
        known = self._model.codec.tasks
        if self._model.objective.exchangeable:
            return self._classes_of(targets)
        new = [name for name in targets.names if name not in known]
        for name, kind in (self.task_kinds or {}).items():
            if name in known and kind != known[name].kind:
                raise ValueError(
                    f"`task_kinds` says that {name!r} is {kind}, but it was fitted as "
                    f"{known[name].kind}. Give a new target a name of its own."
                )
        for name, column in zip(targets.names, targets.columns, strict=True):
            if name in known and column.notna().any():
                _refuse_other_kind(known[name], column)
                if known[name].kind == "regression" and set(column.dropna()) == {0, 1}:
                    self._refuse_classes(name, targets)
        return {**known, **self._read_tasks(targets, new)} if new else dict(known)

    def _classes_of(self, targets: TargetColumns) -> dict[Hashable, Task]:
        """The single target, with the classes among the labels."""
        known = list(self._model.codec.tasks)
        if list(targets.names) != known:
            raise ValueError(
                f"episodes='classes' learned to tell the classes of {known[0]!r} apart. Found the "
                f"target(s) {list(targets.names)!r}: give y that name, or none."
            )
        reader = copy.copy(self)
        reader.task_kinds = {known[0]: "multiclass"}
        return reader._infer_tasks(targets)

    def _read_tasks(self, targets: TargetColumns, names: list[Hashable]) -> dict[Hashable, Task]:
        """The kinds of some columns of y, inferred from their labels."""
        reader = copy.copy(self)
        kinds = self.task_kinds or {}
        reader.task_kinds = {name: kind for name, kind in kinds.items() if name in names}
        return reader._infer_tasks(targets.select(names))

    def _refuse_classes(self, name: Hashable, targets: TargetColumns) -> None:
        """Refuse labels of a regression target that would be inferred as classes."""
        if self._read_tasks(targets, [name])[name].is_classification:
            raise ValueError(
                f"Task {name!r} is a regression. Found labels that are all 0 or 1, which look like "
                "classes. Give a new target a name of its own; if they are amounts, say so: "
                f"task_kinds={{{name!r}: 'regression'}}."
            )


def support_pair(X: Any, y: Any) -> tuple[Any, Any]:
    """X and y, given as two arguments or as a tuple of both."""
    if y is not None:
        if isinstance(X, tuple):
            raise TypeError("adapt takes adapt(X, y) or adapt((X, y)). Found a tuple X and also y.")
        return X, y
    if isinstance(X, tuple) and len(X) == 2:
        return X
    found = f"a {type(X).__name__}"
    if isinstance(X, list | tuple):
        found += f" of {len(X)}"
        if isinstance(X, list) and len(X) == 2:
            raise TypeError(
                "adapt takes the support set as two arguments, adapt(X, y), or as a tuple, "
                "adapt((X, y)). Found a list of 2, which could be two rows of X."
            )
    raise ValueError(f"adapt needs labels: adapt(X, y) or adapt((X, y)). Found {found} and no y.")


def _named_as_in_fit(model: FittedModel, targets: TargetColumns) -> TargetColumns:
    if targets.named or not model.names:
        return targets
    if len(targets.names) == len(model.names):
        return TargetColumns(model.names, targets.columns, targets.container, model.named)
    raise ValueError(
        f"y has {len(targets.names)} unnamed column(s), but the estimator has {len(model.names)} "
        f"task(s), {list(model.names)!r}. Name the columns of y, as a Series or a DataFrame: "
        "known names go on being those tasks, others are new ones."
    )


def _refuse_other_kind(task: Task, column: Any) -> None:
    observed = column.dropna()
    if task.classes is None:
        if pd.api.types.infer_dtype(observed) == "boolean":
            raise ValueError(
                f"Task {task.name!r} is a regression. Found labels that are True or False. Give a "
                "new target a name of its own."
            )
        return
    strange = observed[~observed.isin(task.classes.tolist())].unique().tolist()
    if strange:
        raise ValueError(
            f"Task {task.name!r} is {task.kind} with the classes {task.classes.tolist()!r}. Found "
            f"other labels: {strange[:5]!r}. Give a new target a name of its own."
        )
