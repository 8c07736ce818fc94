"""The labelled rows from which `adapt` computed a model's corrections."""

from __future__ import annotations

from dataclasses import dataclass

from sklearn_3mtl.data.state import State
from sklearn_3mtl.fitted.support import Support

__all__ = ["Evidence"]


@dataclass(frozen=True)
class Evidence:
    """The labelled rows from which `adapt` can compute a model's corrections again.

    A correction is a linear layer on frozen features, solved for in closed form. With the earlier
    rows kept, adapting in batches has the same result as adapting to all rows at once.

    Attributes
    ----------
    start : int
        How many adaptations came before these rows; their corrections stay as they are.
    support : Support
        The rows of all later adaptations.
    """

    start: int
    support: Support

    def state(self) -> State:
        """The rows and `start`, as plain values and tensors."""
        return State({"start": self.start}).with_parts({"support": self.support.state()})

    @classmethod
    def restore(cls, state: State, n_adaptations: int) -> Evidence:
        """Restore the labelled rows from what `state` returned.

        `n_adaptations` is how many times the model was adapted.

        Raises
        ------
        ValueError
            If the state doesn't fit such a model.
        """
        start = state.entry("start", int)
        if not 0 <= start <= n_adaptations:
            raise ValueError(f"its evidence starts after {start} of {n_adaptations} adaptations")
        return cls(start, Support.restore(state.part("support")))
