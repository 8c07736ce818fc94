"""Parameters of meta-learning."""

from __future__ import annotations

from numbers import Integral

from sklearn.utils._param_validation import Interval, StrOptions

from sklearn_3mtl.meta import META, MetaMethod
from sklearn_3mtl.settings.parameters.base import AUTO, COUNT, POSITIVE, Family, Parameter

__all__ = ["META_LEARNING"]

_FAMILIES: tuple[Family, ...] = ("meta", "three_mtl")


def _names(has_steps: bool) -> str:
    return ", ".join(f'``"{n}"``' for n, method in META.items() if method.has_steps is has_steps)


_METHODS = f"""
    How a task uses its support set: by gradient steps in an inner loop ({_names(True)}), or in
    closed form ({_names(False)}).
"""

META_LEARNING = (
    Parameter(
        name="meta",
        annotation="str | MetaMethod",
        default="ridge",
        constraint=[StrOptions(set(META)), MetaMethod],
        type="str or MetaMethod",
        text=_METHODS,
        families=_FAMILIES,
        variants={
            "three_mtl": {
                "annotation": "str | MetaMethod | None",
                "constraint": [StrOptions(set(META)), MetaMethod, None],
                "type": "str, MetaMethod or None",
                "text": _METHODS + "None: no task adapts; each task id has a head.",
            },
        },
    ),
    Parameter(
        name="inner_lr",
        annotation='float | Literal["auto"]',
        default="auto",
        constraint=[AUTO, POSITIVE],
        type='float or "auto"',
        text="""
            Learning rate of the inner loop. ``"auto"``: 0.03, or less on the features of a
            `source`.
        """,
        families=_FAMILIES,
    ),
    Parameter(
        name="inner_steps",
        annotation="int",
        default=5,
        constraint=[Interval(Integral, 0, None, closed="left")],
        type="int",
        text="Gradient steps of the inner loop. With 0 no task adapts: one network serves all.",
        families=_FAMILIES,
    ),
    Parameter(
        name="episodes",
        annotation='Literal["tasks", "classes"]',
        default="tasks",
        constraint=[StrOptions({"tasks", "classes"})],
        type='{"tasks", "classes"}',
        text="""
            What an episode is. ``"tasks"``: one task id. ``"classes"``: `n_ways` classes drawn from
            those of the one target (N-way K-shot); the labels given to `adapt` are then new
            classes.
        """,
        families=_FAMILIES,
    ),
    Parameter(
        name="n_ways",
        annotation="int",
        default=5,
        constraint=[Interval(Integral, 2, None, closed="left")],
        type="int",
        text='Number of classes in an episode. Ignored with ``episodes="tasks"``.',
        families=_FAMILIES,
    ),
    Parameter(
        name="n_shots",
        annotation='int | tuple[int, int] | Literal["auto"]',
        default="auto",
        constraint=[AUTO, COUNT, tuple, list],
        type='int, (int, int) or "auto"',
        text="""
            Support rows of an episode, or of each of its classes. A pair is the range from which
            each episode draws a number. ``"auto"``: (0, 20) for tasks, (1, 20) for classes.
        """,
        families=_FAMILIES,
    ),
    Parameter(
        name="n_queries",
        annotation="int",
        default=20,
        constraint=[COUNT],
        type="int",
        text="Largest number of query rows of an episode, or of each of its classes.",
        families=_FAMILIES,
    ),
    Parameter(
        name="meta_batch_size",
        annotation="int",
        default=16,
        constraint=[COUNT],
        type="int",
        text="Number of episodes per training step. An epoch has 64 steps.",
        families=_FAMILIES,
    ),
    Parameter(
        name="min_task_rows",
        annotation="int",
        default=5,
        constraint=[COUNT],
        type="int",
        text="""
            Tasks (or classes) with fewer labelled rows are left out of training, but still
            predicted.
        """,
        families=_FAMILIES,
    ),
    Parameter(
        name="max_support",
        annotation="int",
        default=100,
        constraint=[COUNT],
        type="int",
        text="""
            How many labelled rows of each task (or class) seen in `fit` are kept as its support
            set; a larger task keeps a random sample. Rows given to `adapt` are all kept.
        """,
        families=_FAMILIES,
    ),
)
