"""Refuse parameters that contradict `meta`, the method by which tasks adapt in training."""

from __future__ import annotations

from sklearn_3mtl.meta import MetaMethod
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.settings.names import make_method
from sklearn_3mtl.settings.values import is_auto
from sklearn_3mtl.sharing import SHARING

__all__ = ["refuse_parts", "refuse_with_episodes"]


def refuse_with_episodes(settings: Settings, method: MetaMethod, has_new_classes: bool) -> None:
    """Raise a ValueError if a parameter contradicts `meta`.

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
            f"Found episodes={settings.episodes!r}, where all tasks have the same classes. Set "
            "episodes='classes', or use meta='protonet' or 'ridge'."
        )
    if not method.has_steps and not settings.inner_steps:
        raise ValueError(
            f"meta={settings.meta!r} and inner_steps=0 contradict each other: the method takes no "
            "steps, because it adapts in closed form. Leave `inner_steps` out, or use a method "
            "with steps such as 'maml', for which 0 means one network for all tasks."
        )
    if has_new_classes and settings.prior is not None and not is_auto(settings.prior):
        raise ValueError(
            f"prior={settings.prior!r} and episodes='classes' contradict each other: an output "
            "stands for another class in each episode, so no model can predict it before. Set "
            "prior=None."
        )
    refuse_parts(settings)


def _refuse_layers_of_tasks(settings: Settings) -> None:
    """Refuse parameters that give a task id its own layers, because tasks adapt by `meta`."""
    has_own_nets = make_method(settings.sharing, SHARING).net_per_group
    for name, of_tasks, neutral in (
        ("sharing", has_own_nets, "hard"),
        ("heads", settings.heads == "group", "column"),
    ):
        if of_tasks:
            given = getattr(settings, name)
            raise ValueError(
                f"meta={settings.meta!r} and {name}={given!r} contradict each other: a task gets "
                f"its own parameters by adapting. Set {name}={neutral!r}, or meta=None."
            )


def refuse_parts(settings: Settings) -> None:
    """Refuse `strategy`, `head` and `adapt_parts`, which have no use if tasks adapt by `meta`."""
    for name, neutral in (("strategy", "auto"), ("head", None), ("adapt_parts", "auto")):
        given = getattr(settings, name)
        if given is not None and given != neutral:
            raise ValueError(
                f"meta={settings.meta!r} and {name}={given!r} contradict each other: `meta` says "
                "how tasks adapt, and `adapt_lr` and `adapt_steps` set its steps. Set "
                f"{name}={neutral!r}, or meta=None."
            )
