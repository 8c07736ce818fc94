"""The ways in which a fitted model computes outputs for rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.fitted.readout import Readout
from sklearn_3mtl.fitted.task_adapter import TaskAdapter

if TYPE_CHECKING:
    from sklearn_3mtl.fitted.model import FittedModel

__all__ = ["ByHeads", "ByReadout", "BySupports", "OnlyNewClasses", "Predictor"]


class Predictor(ABC):
    """Base class of the ways in which a fitted model computes its outputs.

    A task's support is the labelled rows that it adapts on.

    Attributes
    ----------
    reads_ids : bool
        Whether outputs depend on the task id even if no layer of the network does.
    adapter : TaskAdapter or None
        Adapts tasks on their supports. None where no task adapts on its own rows.
    readout : Readout or None
        scikit-learn models that replace some of the heads. None where none is replaced.
    """

    reads_ids: bool = False
    adapter: TaskAdapter | None = None
    readout: Readout | None = None

    @abstractmethod
    def outputs(self, model: FittedModel, table: InputTable, group: Tensor | None) -> np.ndarray:
        """Compute the outputs for the rows of a table, of shape (n_samples, n_outputs)."""

    def follow(self, adapt_lr: float | str, adapt_steps: int | str) -> None:
        """Use these values of the parameters `adapt_lr` and `adapt_steps` from now on."""
        return

    def without(self, names: Sequence[Hashable]) -> Predictor:
        """The predictor to use once the network, corrected by `adapt`, predicts these tasks."""
        return self


class ByHeads(Predictor):
    """Takes the outputs of the network's heads."""

    def outputs(self, model: FittedModel, table: InputTable, group: Tensor | None) -> np.ndarray:
        """The outputs of the network's heads, of shape (n_samples, n_outputs)."""
        return model.outputs_of_heads(table, group)


class ByReadout(Predictor):
    """Takes outputs of scikit-learn models for some tasks, and of the network's heads for others.

    Parameters
    ----------
    readout : Readout
        The models.
    """

    def __init__(self, readout: Readout) -> None:
        self.readout: Readout = readout

    def outputs(self, model: FittedModel, table: InputTable, group: Tensor | None) -> np.ndarray:
        """The network's outputs, overwritten for tasks that a scikit-learn model predicts."""
        outputs = model.outputs_of_heads(table, group)
        self.readout.fill(outputs, model.codec, model.features(table, group))
        return outputs

    def without(self, names: Sequence[Hashable]) -> Predictor:
        """The predictor without the models of these tasks."""
        left = self.readout.without(names)
        return ByHeads() if left is None else ByReadout(left)


class BySupports(Predictor):
    """Adapts each task, when it is predicted, on its support: the labelled rows kept for it.

    Parameters
    ----------
    adapter : TaskAdapter
        The tasks' supports.
    """

    reads_ids = True

    def __init__(self, adapter: TaskAdapter) -> None:
        self.adapter: TaskAdapter = adapter

    def outputs(self, model: FittedModel, table: InputTable, group: Tensor | None) -> np.ndarray:
        """The outputs of the network as each row's task adapted it, (n_samples, n_outputs)."""
        group = torch.zeros(table.n_rows, dtype=torch.int64) if group is None else group
        coded = model.transform(table)
        names = model.groups_or_empty
        if model.default_id is not None:
            # The user never gave this id, so that errors don't show it.
            names = np.where(names == model.default_id, "none given", names)
        parts = model.network, model.objective, model.codec
        return self.adapter.outputs(*parts, coded, group, names)

    def follow(self, adapt_lr: float | str, adapt_steps: int | str) -> None:
        """Use these values of the parameters `adapt_lr` and `adapt_steps` from now on."""
        self.adapter.follow(adapt_lr, adapt_steps)


class OnlyNewClasses(Predictor):
    """Raises an error instead of predicting, until `adapt` is given rows of the classes."""

    def outputs(self, model: FittedModel, table: InputTable, group: Tensor | None) -> np.ndarray:
        """Raise a ValueError that says what to do instead."""
        raise ValueError(
            f"Fitted on {model.codec.layout.n_outputs} classes, of which an episode tells "
            f"{model.objective.losses.layout.n_outputs} apart (`n_ways`): adapt to a support "
            "set of the classes to tell apart, est.adapt(X_support, y_support), and predict "
            "with the result. meta='ridge', 'protonet' and 'plda' can also predict all classes "
            "of fit."
        )
