"""The result of a fit or of an adaptation."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
from skorch.history import History

from sklearn_3mtl.fitted.model import FittedModel

__all__ = ["Fitted", "InputColumns"]


@dataclass(frozen=True)
class InputColumns:
    """The columns of the X that an estimator was fitted on.

    Attributes
    ----------
    n : int
        How many there are.
    names : object ndarray or None
        Their names. None where they had none.
    """

    n: int
    names: np.ndarray | None

    def as_list(self) -> list[Hashable]:
        """The columns' names, or their positions where they have none."""
        return list(range(self.n)) if self.names is None else list(self.names)

    def without(self, position: int) -> InputColumns:
        """All columns but the one at `position`."""
        names = None if self.names is None else np.delete(self.names, position)
        return InputColumns(self.n - 1, names)


@dataclass(frozen=True)
class Fitted:
    """All that an estimator keeps of a fit or of an adaptation.

    Attributes
    ----------
    model : FittedModel
        The model.
    history : History
        The training history, with a record for each epoch.
    columns : InputColumns
        The columns of X.
    forgetting : dict of task name to float, or None
        How far the adaptation moved the predictions of earlier tasks. None after a fit.
    interrupted : bool
        Whether the user stopped training with Ctrl-C.
    """

    model: FittedModel
    history: History
    columns: InputColumns
    forgetting: dict[Hashable, float] | None = None
    interrupted: bool = False
