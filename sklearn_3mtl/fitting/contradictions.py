"""Parameters that contradict training by episodes."""

from __future__ import annotations

from sklearn_3mtl.meta import MetaMethod
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.settings.names import make_method
from sklearn_3mtl.sharing import SHARING

__all__ = ["refuse_parts", "refuse_with_episodes"]


def refuse_with_episodes(settings: Settings, method: MetaMethod, has_new_classes: bool) -> None:
    """Raise a ValueError that names what contradicts `meta`.

    Parameters
    ----------
    settings : Settings
        The parameters.
    method : MetaMethod
        How tasks adapt.
    has_new_classes : bool
        Whether each episode draws its own classes.
    """
    _refuse_layers_of_tasks(settings)
    if method.only_new_classes and not has_new_classes:
        raise ValueError(
            f"meta={settings.meta!r} tells new classes apart, which episodes='classes' draws. "
            f"Found episodes={settings.episodes!r}, where all tasks have the same ones: "
            "meta='protonet' or 'ridge'."
        )
    if not method.has_steps and not settings.inner_steps:
        raise ValueError(
            f"meta={settings.meta!r} and inner_steps=0 contradict each other: the method takes no "
            "steps, it solves for what a task adapts. Leave `inner_steps` out, or take a method "
            "of steps such as 'maml', with which 0 means one network for all tasks."
        )
    refuse_parts(settings)


def _refuse_layers_of_tasks(settings: Settings) -> None:
    """The tasks' own parameters are what adapts, so no layer belongs to a task."""
    has_own_nets = make_method(settings.sharing, SHARING).net_per_group
    for name, of_tasks, neutral in (
        ("sharing", has_own_nets, "hard"),
        ("heads", settings.heads == "group", "column"),
    ):
        if of_tasks:
            given = getattr(settings, name)
            raise ValueError(
                f"meta={settings.meta!r} and {name}={given!r} contradict each other: what a task "
                f"has of its own is what it adapts. Set {name}={neutral!r}, or meta=None."
            )


def refuse_parts(settings: Settings) -> None:
    """Where tasks adapt as `meta` says, nothing else says how."""
    for name, neutral in (("strategy", "auto"), ("head", None), ("adapt_parts", "auto")):
        given = getattr(settings, name)
        if given is not None and given != neutral:
            raise ValueError(
                f"meta={settings.meta!r} and {name}={given!r} contradict each other: tasks adapt "
                "as `meta` says, its steps by `adapt_lr` and `adapt_steps`. Set "
                f"{name}={neutral!r}, or meta=None."
            )
