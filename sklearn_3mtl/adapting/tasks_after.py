"""Which tasks there are after an adaptation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.kinds import agrees
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.settings.types import TaskKinds

__all__ = ["AllTasks", "TargetTasks", "TaskReader", "TasksAfter", "classes_of", "named_as_in_fit"]

Tasks = Mapping[Hashable, Task]


@dataclass(frozen=True)
class TaskReader:
    """Infers tasks, with their kinds, from columns of labels.

    Attributes
    ----------
    kinds : mapping of task name to kind, or None
        The parameter `task_kinds`.
    read : callable
        Maps the columns of y, and the kinds given for some of them, to tasks.
    """

    kinds: TaskKinds | None
    read: Callable[[TargetColumns, TaskKinds | None], dict[Hashable, Task]]

    def all_of(self, targets: TargetColumns) -> dict[Hashable, Task]:
        """The tasks of all columns of y, by name."""
        return self.read(targets, self.kinds)

    def some_of(self, targets: TargetColumns, names: Sequence[Hashable]) -> dict[Hashable, Task]:
        """The tasks of some columns of y, by name."""
        kinds = {name: kind for name, kind in (self.kinds or {}).items() if name in names}
        return self.read(targets.select(names), kinds)


class TasksAfter(ABC):
    """Base class of rules that say which tasks an adapted estimator predicts."""

    @abstractmethod
    def tasks(
        self, known: Tasks, targets: TargetColumns, reader: TaskReader
    ) -> dict[Hashable, Task]:
        """The tasks after an adaptation, from the known ones and the columns of y."""

    def in_container(self, model: FittedModel, targets: TargetColumns) -> FittedModel:
        """Set the type of container, such as a DataFrame, in which a model returns predictions.

        By default it stays as it is. `targets` are the columns of the y that was given to `adapt`.
        """
        return model


class AllTasks(TasksAfter):
    """The rule that an adapted estimator predicts its earlier tasks and those of the new y."""

    def tasks(
        self, known: Tasks, targets: TargetColumns, reader: TaskReader
    ) -> dict[Hashable, Task]:
        """The earlier tasks, then the new ones; refuse labels that don't fit an earlier task."""
        new = [name for name in targets.names if name not in known]
        for name, kind in (reader.kinds or {}).items():
            if name in known and not agrees(kind, known[name].kind_object):
                raise ValueError(
                    f"`task_kinds` says that {name!r} is {kind}, but it was fitted as "
                    f"{known[name].kind}. Give a new target a name of its own."
                )
        for name, column in zip(targets.names, targets.columns, strict=True):
            if name in known and column.notna().any():
                _refuse_other_kind(known[name], column)
                if not known[name].is_classification and set(column.dropna()) == {0, 1}:
                    _refuse_classes(known[name], targets, reader)
        return {**known, **reader.some_of(targets, new)} if new else dict(known)


class TargetTasks(TasksAfter):
    """The rule that an adapted estimator predicts the columns of the y given to `adapt` only.

    A column is a known task if it has its name and its labels fit, otherwise a new task.
    """

    def tasks(
        self, known: Tasks, targets: TargetColumns, reader: TaskReader
    ) -> dict[Hashable, Task]:
        """The tasks of the columns of y, known or new."""
        found: dict[Hashable, Task] = {}
        for name, column in zip(targets.names, targets.columns, strict=True):
            if name in known and _goes_on(known[name], column):
                found[name] = AllTasks().tasks(known, targets.select([name]), reader)[name]
            else:
                found |= reader.some_of(targets, [name])
        return found

    def in_container(self, model: FittedModel, targets: TargetColumns) -> FittedModel:
        """Let a model return predictions in the type of container that y came in."""
        return replace(model, container=targets.container, named=targets.named)


def classes_of(known: Tasks, targets: TargetColumns, reader: TaskReader) -> dict[Hashable, Task]:
    """The only target of ``episodes="classes"``, with the classes that occur in its labels."""
    names = list(known)
    if list(targets.names) != names:
        raise ValueError(
            f"episodes='classes' learned to tell the classes of {names[0]!r} apart. Found the "
            f"target(s) {list(targets.names)!r}: give y that name, or none."
        )
    return reader.read(targets, {name: task.kind_object for name, task in known.items()})


def named_as_in_fit(model: FittedModel, targets: TargetColumns) -> TargetColumns:
    """The columns of y; unnamed columns get the names of the tasks of `fit`."""
    if targets.named or not model.names:
        return targets
    if len(targets.names) == len(model.names):
        return TargetColumns(model.names, targets.columns, targets.container, model.named)
    raise ValueError(
        f"y has {len(targets.names)} unnamed column(s), but the estimator has {len(model.names)} "
        f"task(s), {list(model.names)!r}. Name the columns of y, as a Series or a DataFrame: "
        "known names are the tasks of that name, other names are new tasks."
    )


def _refuse_classes(task: Task, targets: TargetColumns, reader: TaskReader) -> None:
    """Refuse numbers that would be inferred as classes if the task were new."""
    name = task.name
    if reader.some_of(targets, [name])[name].is_classification:
        raise ValueError(
            f"Task {name!r} is a {task.kind}. Found labels that are all 0 or 1, which look like "
            "classes. Give a new target a name of its own; if they are amounts, say so: "
            f"task_kinds={{{name!r}: {task.kind!r}}}."
        )


def _refuse_other_kind(task: Task, column: pd.Series) -> None:
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


def _goes_on(task: Task, column: pd.Series) -> bool:
    """Whether a known task can have these labels."""
    observed = column.dropna()
    if task.classes is not None:
        return bool(len(observed) and observed.isin(task.classes.tolist()).all())
    return observed.dtype.kind in "iuf"
