"""The labelled rows that the corrections of a model were solved on."""

from __future__ import annotations

from dataclasses import dataclass

from sklearn_3mtl.data.state import State
from sklearn_3mtl.fitted.support import Support

__all__ = ["Evidence"]


@dataclass(frozen=True)
class Evidence:
    """The labelled rows from which corrections of a model can be solved again.

    Attributes
    ----------
    start : int
        How many adaptations came before, which stay as they are.
    support : Support
        The rows of all adaptations since.
    """

    start: int
    support: Support

    def state(self) -> State:
        """The rows, and where they start."""
        return State({"start": self.start}).with_parts({"support": self.support.state()})

    @classmethod
    def restore(cls, state: State, n_adaptations: int) -> Evidence:
        """The evidence that `state` described, of a model with so many adaptations.

        Raises
        ------
        ValueError
            If its parts can't be those of such a model.
        """
        start = state.entry("start", int)
        if not 0 <= start <= n_adaptations:
            raise ValueError(f"its evidence starts after {start} of {n_adaptations} adaptations")
        return cls(start, Support.restore(state.part("support")))
