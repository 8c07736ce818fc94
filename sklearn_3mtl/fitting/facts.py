"""Facts of the data that a plan depends on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from sklearn_3mtl.data.tasks import Task

__all__ = ["Facts"]


@dataclass(frozen=True)
class Facts:
    """Facts of the data that a plan depends on.

    Attributes
    ----------
    n_rows : int
        How many rows have a label.
    tasks : mapping of task name to Task
        The columns of y.
    has_ids : bool
        Whether rows have task ids.
    fixed : mapping of parameter name to value
        What an earlier fit or a source chose for parameters that are "auto".
    largest_inner_lr : float or None
        The largest size of inner steps that the features of a source allow for, where that is
        "auto". None: any.
    """

    n_rows: int
    tasks: Mapping[Hashable, Task]
    has_ids: bool = False
    fixed: Mapping[str, object] = field(default_factory=dict)
    largest_inner_lr: float | None = None
