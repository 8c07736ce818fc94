"""Parameters that contradict training by episodes."""

from __future__ import annotations

from sklearn_3mtl.estimators._settings import Settings
from sklearn_3mtl.fitting.episodes import EPISODES
from sklearn_3mtl.meta import META, MetaMethod
from sklearn_3mtl.settings.constraints import make_method

__all__ = ["refuse_beside_episodes"]


def refuse_beside_episodes(estimator: Settings) -> None:
    """Raise a ValueError that names what contradicts the estimator's `meta`."""
    method: MetaMethod = make_method(estimator.meta, META)
    _refuse_layers_of_tasks(estimator)
    _refuse_known_classes(estimator, method)
    _refuse_no_steps(estimator, method)


def _refuse_layers_of_tasks(estimator: Settings) -> None:
    """The tasks' own parameters are what adapts, so no layer belongs to a task."""
    for name, neutral in (("sharing", "hard"), ("heads", "column")):
        given = getattr(estimator, name)
        if given in ("none", "group"):
            raise ValueError(
                f"meta={estimator.meta!r} and {name}={given!r} contradict each other: what a task "
                f"has of its own is what it adapts. Set {name}={neutral!r}, or meta=None."
            )


def _refuse_known_classes(estimator: Settings, method: MetaMethod) -> None:
    if method.only_new_classes and not EPISODES[estimator.episodes].draws_classes:
        raise ValueError(
            f"meta={estimator.meta!r} tells new classes apart, which episodes='classes' draws. "
            f"Found episodes={estimator.episodes!r}, where all tasks have the same ones: "
            "meta='protonet' or 'ridge'."
        )


def _refuse_no_steps(estimator: Settings, method: MetaMethod) -> None:
    if not method.has_steps and not estimator.inner_steps:
        raise ValueError(
            f"meta={estimator.meta!r} and inner_steps=0 contradict each other: the method takes no "
            "steps, it solves for what a task adapts. Leave `inner_steps` out, or take a method "
            "of steps such as 'maml', with which 0 means one network for all tasks."
        )
