"""What a meta-learning episode is: a task, or some classes of one target."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.task_memory import TaskMemory
from sklearn_3mtl.meta import MetaMethod
from sklearn_3mtl.rows.episodes import ClassEpisodes, EpisodeSampler, RowIndex, TaskEpisodes
from sklearn_3mtl.rows.loader import RowDataset
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.settings.types import Auto
from sklearn_3mtl.settings.values import shot_range

__all__ = ["EPISODES", "EpisodePlan", "Episodes", "has_inner_loop"]

# Most support rows to keep for all classes together, because one solution uses the rows of all.
CLASS_ROWS = 2048


class Episodes:
    """``episodes="tasks"``: an episode is the rows of one task id, split into support and query.

    It is also the base class of other kinds of episodes.
    """

    # Whether each episode draws its own classes. An output is then another class in each episode.
    draws_classes = False
    unit, units = "task", "tasks"
    # A task may have no support rows, but a class without any could not be recognised.
    fewest_shots = 0

    def has_any(self, has_ids: bool) -> bool:
        """Whether episodes can be drawn from data with or without task ids."""
        return has_ids

    def tasks(
        self,
        settings: Settings,
        method: MetaMethod,
        tasks: dict[Hashable, Task],
        has_ids: bool,
    ) -> dict[Hashable, Task]:
        """The columns of y as episodes use them; raise a ValueError if episodes can't use them."""
        return tasks

    def layout(self, plan: EpisodePlan, codec: TargetCodec) -> TaskLayout:
        """The network's outputs: which of them belong to which column of y."""
        return codec.layout

    def fewest(self, plan: EpisodePlan) -> int:
        """How many tasks or classes an episode consists of."""
        return 1

    def with_units(self, rows: RowDataset) -> RowDataset:
        """The rows, with the field `group` set to the number of each row's task or class."""
        return rows

    def n_units(self, model: FittedModel) -> int:
        """How many tasks or classes episodes are drawn from."""
        return len(model.groups_or_empty)

    def sampler(self, plan: EpisodePlan, index: RowIndex) -> EpisodeSampler:
        """Make the sampler that draws episodes of the tasks or classes in `index`."""
        return TaskEpisodes(index, plan.shots, plan.n_queries)

    def memory(
        self, plan: EpisodePlan, rows: RowDataset, n_units: int, generator: torch.Generator
    ) -> TaskMemory | None:
        """The support sets, labelled rows to adapt on, that `fit` keeps. None: it keeps none."""
        return TaskMemory.of(rows, n_units, plan.max_support, generator)


class ClassesAsEpisodes(Episodes):
    """``episodes="classes"``: an episode draws some classes of one target, to tell them apart."""

    draws_classes = True
    unit, units = "class", "classes"
    fewest_shots = 1

    def has_any(self, has_ids: bool) -> bool:
        return True

    def tasks(
        self,
        settings: Settings,
        method: MetaMethod,
        tasks: dict[Hashable, Task],
        has_ids: bool,
    ) -> dict[Hashable, Task]:
        if has_ids:
            raise ValueError(
                "episodes='classes' and task ids contradict each other: an episode is either a set "
                "of classes or a task. Leave `task` out, or use episodes='tasks'."
            )
        if len(tasks) > 1 or not all(task.is_classification for task in tasks.values()):
            found = {name: task.kind for name, task in tasks.items()}
            raise ValueError(
                "episodes='classes' draws the classes of one target, so y should be one "
                f"classification target. Found {found!r}."
            )
        if settings.class_weight is not None:
            raise ValueError(
                "`class_weight` and episodes='classes' contradict each other: all classes of an "
                "episode have the same number of support rows. Set class_weight=None."
            )
        if not has_inner_loop(method, settings.inner_steps):
            raise ValueError(
                "inner_steps=0 and episodes='classes' contradict each other: classes that were "
                "never seen can only be told apart after a step. Set inner_steps >= 1."
            )
        # Each episode gives the outputs other classes, so two classes need two outputs as well.
        return {
            name: replace(task, kind=task.kind_object.with_output_per_class())
            for name, task in tasks.items()
        }

    def layout(self, plan: EpisodePlan, codec: TargetCodec) -> TaskLayout:
        ways = np.arange(plan.n_ways)
        return TaskLayout([replace(task, classes=ways) for task in codec.tasks.values()])

    def fewest(self, plan: EpisodePlan) -> int:
        return plan.n_ways

    def with_units(self, rows: RowDataset) -> RowDataset:
        return replace(rows, group=rows.values[:, 0].long())

    def n_units(self, model: FittedModel) -> int:
        return model.codec.layout.n_outputs

    def sampler(self, plan: EpisodePlan, index: RowIndex) -> EpisodeSampler:
        return ClassEpisodes(index, plan.n_ways, plan.shots, plan.n_queries)

    def memory(
        self, plan: EpisodePlan, rows: RowDataset, n_units: int, generator: torch.Generator
    ) -> TaskMemory | None:
        if plan.fixed_outputs and n_units > plan.n_ways:
            return None
        most = min(plan.max_support, max(CLASS_ROWS // n_units, 1))
        return TaskMemory.of(rows, n_units, most, generator).as_one_task()


EPISODES: dict[str, Episodes] = {"tasks": Episodes(), "classes": ClassesAsEpisodes()}


def has_inner_loop(method: MetaMethod, inner_steps: int) -> bool:
    """Whether tasks adapt on support sets: always in closed form, else by at least one step."""
    return not method.has_steps or inner_steps > 0


@dataclass(frozen=True)
class EpisodePlan:
    """How training draws episodes, tasks or sets of classes with support and query rows.

    Attributes
    ----------
    kind : Episodes
        What an episode is.
    shots : pair of int
        Smallest and largest number of support rows of a task or class.
    n_shots : int or sequence of int
        The parameter from which `shots` was read.
    n_ways, n_queries : int
        Number of classes of an episode, if it draws classes; largest number of query rows of a task
        or class.
    meta_batch_size : int
        Number of episodes in a meta-batch.
    min_task_rows : int
        Tasks or classes with fewer labelled rows are not drawn.
    max_support : int
        Largest number of rows of a task or class that are kept as its support set.
    fixed_outputs : bool
        Whether a task's outputs are those of the network's heads, whose number is fixed.
    adapt_lr, adapt_steps : float and int, or "auto"
        Learning rate and number of a task's inner steps at prediction.
    """

    kind: Episodes
    shots: tuple[int, int]
    n_shots: int | Sequence[int] | Auto
    n_ways: int
    n_queries: int
    meta_batch_size: int
    min_task_rows: int
    max_support: int
    fixed_outputs: bool
    adapt_lr: float | Auto = "auto"
    adapt_steps: int | Auto = "auto"

    @classmethod
    def of(cls, settings: Settings, kind: Episodes, method: MetaMethod) -> EpisodePlan:
        """Make the plan from parameters of which none is "auto" any more."""
        shots = shot_range(settings.n_shots)
        if shots[0] < kind.fewest_shots:
            raise ValueError(
                f"`n_shots`={settings.n_shots!r} and episodes={settings.episodes!r} contradict "
                f"each other: a {kind.unit} needs at least {kind.fewest_shots} support row."
            )
        return cls(
            kind=kind,
            shots=shots,
            n_shots=settings.n_shots,
            n_ways=int(settings.n_ways),
            n_queries=int(settings.n_queries),
            meta_batch_size=int(settings.meta_batch_size),
            min_task_rows=int(settings.min_task_rows),
            max_support=int(settings.max_support),
            fixed_outputs=method.fixed_outputs,
            adapt_lr=settings.adapt_lr,
            adapt_steps=settings.adapt_steps,
        )

    def layout(self, codec: TargetCodec) -> TaskLayout:
        """The network's outputs: which of them belong to which column of y."""
        return self.kind.layout(self, codec)
