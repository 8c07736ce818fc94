"""The labelled rows that the corrections of a model were solved on."""

from __future__ import annotations

from dataclasses import dataclass

from sklearn_3mtl.data.state import State
from sklearn_3mtl.fitted.support import Support

__all__ = ["Evidence"]


@dataclass(frozen=True)
class Evidence:
    """The labelled rows on which corrections of a model can be solved for again.

    Attributes
    ----------
    start : int
        How many adaptations came before these rows; their corrections are not solved for again.
    support : Support
        The rows of all later adaptations.
    """

    start: int
    support: Support

    def state(self) -> State:
        """The rows, and `start`."""
        return State({"start": self.start}).with_parts({"support": self.support.state()})

    @classmethod
    def restore(cls, state: State, n_adaptations: int) -> Evidence:
        """Restore the evidence of a model with `n_adaptations` adaptations.

        Raises
        ------
        ValueError
            If the state doesn't fit such a model.
        """
        start = state.entry("start", int)
        if not 0 <= start <= n_adaptations:
            raise ValueError(f"its evidence starts after {start} of {n_adaptations} adaptations")
        return cls(start, Support.restore(state.part("support")))
