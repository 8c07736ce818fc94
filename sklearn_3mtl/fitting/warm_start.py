"""`warm_start`: check that a fit may continue an earlier one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.settings import Settings

__all__ = ["STRUCTURE", "check_same", "in_order_of"]

# The parameters that shape the network and the objective.
STRUCTURE = (
    "task", "task_kinds", "categorical_features", "modalities", "numeric_embedding", "backbone",
    "hidden_layer_sizes", "activation", "dropout", "n_estimators", "sharing", "heads", "fusion",
    "prior", "balancing", "regression_loss", "meta", "inner_lr", "inner_steps",
    "episodes", "n_ways", "domain", "domain_loss",
)  # fmt: skip


def in_order_of(model: FittedModel, targets: TargetColumns) -> TargetColumns:
    """The columns of y in the order of the fit to be continued, if they have the same names."""
    if targets.named and set(targets.names) == set(model.names):
        return targets.select(model.names)
    return targets


def check_same(model: FittedModel, settings: Settings, tasks: Mapping[Hashable, Task]) -> None:
    """Refuse to continue with other tasks, or with parameters that change the network."""
    if model.adaptations:
        raise ValueError(
            "warm_start can't go on with an adapted estimator; adapt it again, or fit a new one."
        )
    known = {name: task.kind for name, task in model.codec.tasks.items()}
    found = {name: task.kind for name, task in tasks.items()}
    if known != found:
        raise ValueError(
            f"warm_start continues the same tasks {known!r}. Found {found!r}; fit a new estimator."
        )
    for name in model.settings.differing(settings, STRUCTURE):
        before, now = getattr(model.settings, name), getattr(settings, name)
        raise ValueError(
            f"warm_start continues the same network, but `{name}` was {before!r} and is "
            f"{now!r} now; fit a new estimator."
        )
