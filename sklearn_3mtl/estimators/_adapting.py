"""From a fitted estimator and a few rows to a new one: the verb `adapt`."""

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
from sklearn_3mtl.data.kinds import agrees
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
    """The method `adapt`, which reads a FittedModel and makes another."""

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
        """Let predictions come as y does, where they are of its columns alone."""

    def _tasks_after(self, targets: TargetColumns) -> dict[Hashable, Task]:
        """The old tasks, then those that y adds."""
        known = self._model.codec.tasks
        if self._model.objective.exchangeable:
            return self._classes_of(targets)
        new = [name for name in targets.names if name not in known]
        for name, kind in (self.task_kinds or {}).items():
            if name in known and not agrees(kind, known[name].kind_object):
                raise ValueError(
                    f"`task_kinds` says that {name!r} is {kind}, but it was fitted as "
                    f"{known[name].kind}. Give a new target a name of its own."
                )
        for name, column in zip(targets.names, targets.columns, strict=True):
            if name in known and column.notna().any():
                _refuse_other_kind(known[name], column)
                if not known[name].is_classification and set(column.dropna()) == {0, 1}:
                    self._refuse_classes(name, targets)
        return {**known, **self._read_tasks(targets, new)} if new else dict(known)

    def _classes_of(self, targets: TargetColumns) -> dict[Hashable, Task]:
        """The one target, with the classes that the labels show."""
        known = self._model.codec.tasks
        if list(targets.names) != list(known):
            raise ValueError(
                f"episodes='classes' learned to tell the classes of {next(iter(known))!r} apart. "
                f"Found the target(s) {list(targets.names)!r}: give y that name, or none."
            )
        reader = copy.copy(self)
        reader.task_kinds = {name: task.kind_object for name, task in known.items()}
        return reader._infer_tasks(targets)

    def _read_tasks(self, targets: TargetColumns, names: list[Hashable]) -> dict[Hashable, Task]:
        """The tasks that the labels of some columns show."""
        reader = copy.copy(self)
        kinds = self.task_kinds or {}
        reader.task_kinds = {name: kind for name, kind in kinds.items() if name in names}
        return reader._infer_tasks(targets.select(names))

    def _refuse_classes(self, name: Hashable, targets: TargetColumns) -> None:
        """Numbers that would be classes in a column of their own."""
        kind = self._model.codec.tasks[name].kind
        if self._read_tasks(targets, [name])[name].is_classification:
            raise ValueError(
                f"Task {name!r} is a {kind}. Found labels that are all 0 or 1, which look like "
                "classes. Give a new target a name of its own; if they are amounts, say so: "
                f"task_kinds={{{name!r}: {kind!r}}}."
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
                f"Task {task.name!r} is a {task.kind}. Found labels that are True or False. Give a "
                "new target a name of its own."
            )
        return
    strange = observed[~observed.isin(task.classes.tolist())].unique().tolist()
    if strange:
        raise ValueError(
            f"Task {task.name!r} is {task.kind} with the classes {task.classes.tolist()!r}. Found "
            f"other labels: {strange[:5]!r}. Give a new target a name of its own."
        )
