"""Parameters of `adapt`."""

from __future__ import annotations

from numbers import Integral

from sklearn.utils._param_validation import Interval

from sklearn_3mtl.settings.parameters.base import AUTO, POSITIVE, Parameter, Variant

__all__ = ["ADAPTING"]

_FINE_TUNED: Variant = {
    "text": """
        Parts of the network that fine-tuning trains: ``"all"``, ``"head"``, or a list of
        ``"encoders"``, ``"backbone"`` and ``"heads"``. ``"auto"``: as `strategy` says.
    """,
}

ADAPTING = (
    Parameter(
        name="adapt_parts",
        annotation="str | Sequence[str]",
        default="auto",
        constraint=[str, list, tuple],
        type='{"head", "all", "auto"} or list of str',
        text="""
            What `adapt` may change. ``"head"``: a linear correction on the frozen features, solved
            in closed form. ``"all"``: all weights, by gradient steps after that correction. A list
            of ``"encoders"``, ``"backbone"`` and ``"heads"``: these parts, likewise. ``"auto"``:
            ``"head"``.
        """,
        families=("multitask", "transfer", "three_mtl"),
        variants={"transfer": _FINE_TUNED, "three_mtl": _FINE_TUNED},
    ),
    Parameter(
        name="adapt_lr",
        annotation='float | Literal["auto"]',
        default="auto",
        constraint=[AUTO, POSITIVE],
        type='float or "auto"',
        text='Learning rate of the gradient steps in `adapt`. ``"auto"``: 1e-4.',
        variants={
            "meta": {
                "text": 'Learning rate of the inner loop at prediction. ``"auto"``: `inner_lr`.',
            },
            "three_mtl": {
                "text": """
                    Learning rate at prediction or fine-tuning. ``"auto"``: `inner_lr` or 1e-4,
                    respectively.
                """,
            },
        },
    ),
    Parameter(
        name="adapt_steps",
        annotation='int | Literal["auto"]',
        default="auto",
        constraint=[AUTO, Interval(Integral, 0, None, closed="left")],
        type='int or "auto"',
        text="""
            Number of gradient steps in `adapt`, after the linear correction. ``"auto"``: 0 if
            `adapt_parts` is ``"head"``, else 100.
        """,
        variants={
            "meta": {
                "text": """
                    Gradient steps of the inner loop at prediction. ``"auto"``: `inner_steps`.
                """
            },
            "transfer": {"text": 'Number of gradient steps of fine-tuning. ``"auto"``: 100.'},
            "three_mtl": {
                "text": """
                    Gradient steps at prediction or fine-tuning. ``"auto"``: `inner_steps` or 100,
                    respectively.
                """,
            },
        },
    ),
)
