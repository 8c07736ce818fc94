"""Parameters of the loss."""

from __future__ import annotations

from collections.abc import Mapping

from sklearn.utils._param_validation import StrOptions

from sklearn_3mtl.balancing import BALANCING, Balancing
from sklearn_3mtl.data.kinds import REGRESSION_LOSSES
from sklearn_3mtl.settings.parameters.base import Parameter, choices

__all__ = ["OBJECTIVE"]

OBJECTIVE = (
    Parameter(
        name="balancing",
        annotation="str | Balancing",
        default="equal",
        constraint=[StrOptions(set(BALANCING)), Balancing],
        type=f"{choices(BALANCING)} or Balancing",
        text="""
            How the losses of the targets are combined. ``"equal"``: their sum. ``"manual"``: the
            same, but `task_weight` must be given. ``"uncertainty"``: a sum with learned weights.
        """,
    ),
    Parameter(
        name="task_weight",
        annotation="Mapping[Hashable, float] | ArrayLike | None",
        default=None,
        constraint=[Mapping, "array-like", None],
        type="mapping of target name to float, array-like or None",
        text="""
            Weight of each target's loss, by name or in y's order; 0 leaves it out. None: 1 for
            each.
        """,
    ),
    Parameter(
        name="class_weight",
        annotation='Literal["balanced"] | Mapping[Hashable, object] | None',
        default=None,
        constraint=[StrOptions({"balanced"}), Mapping, None],
        type='"balanced", mapping or None',
        text="""
            Weights of the classes: ``"balanced"``, or for each target by name ``"balanced"`` or
            ``{label: weight}``. A single target takes ``{label: weight}`` itself. None: 1 for each.
        """,
    ),
    Parameter(
        name="regression_loss",
        annotation="str",
        default="squared_error",
        constraint=[StrOptions(set(REGRESSION_LOSSES))],
        type=choices(REGRESSION_LOSSES),
        text="Loss of regression targets, computed on standardised labels.",
    ),
)
