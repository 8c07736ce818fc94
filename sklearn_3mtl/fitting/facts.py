"""Facts of the data that a plan depends on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from sklearn_3mtl.data.tasks import Task

__all__ = ["Facts"]


@dataclass(frozen=True)
class Facts:
    """Facts of the data that a plan depends on.

    Attributes
    ----------
    n_rows : int
        Number of labelled rows.
    tasks : mapping of task name to Task
        The columns of y.
    has_ids : bool
        Whether rows have task ids.
    fixed : mapping of parameter name to value
        Values of parameters that are "auto", as an earlier fit or a source chose them.
    largest_inner_lr : float or None
        The largest safe learning rate of the inner loop on the features of a source, if `inner_lr`
        is "auto". None: no limit.
    starts_from_source : bool, default=False
        Whether training starts from the encoders and backbone of a source.
    inputs : sequence of int
        Positions of the columns of X that are inputs: all but those of task ids and domains.
    n_without_prior : int or None
        How many members of a network that exists don't read the prior. None: there is no network.
    """

    n_rows: int
    tasks: Mapping[Hashable, Task]
    has_ids: bool = False
    fixed: Mapping[str, object] = field(default_factory=dict)
    largest_inner_lr: float | None = None
    starts_from_source: bool = False
    inputs: Sequence[int] = ()
    n_without_prior: int | None = None
