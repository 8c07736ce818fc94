"""The methods to compare (paradigms that differ, and baselines) and the scorer of each target."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Mapping
from typing import Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import get_scorer

from sklearn_3mtl.data.kinds import Kind, as_given

__all__ = [
    "METHODS",
    "Model",
    "Models",
    "Scorer",
    "Split",
    "Unit",
    "chosen_methods",
    "models_of",
    "read_baselines",
    "read_scorers",
    "settings_of",
]


class Model(Protocol):
    """A model that is compared."""

    def fit(self, X: object, y: object) -> Model:
        """Learn from rows and labels."""

    def predict(self, X: object) -> ArrayLike:
        """Predict the labels of rows."""

    def predict_proba(self, X: object) -> ArrayLike:
        """Predict the probability of each class; regressors lack this method."""


class Scorer(Protocol):
    """Computes a score of a fitted model."""

    def __call__(self, model: object, X: object, y: object, /) -> float:
        """Return the score of the model on rows X with labels y."""


# The targets that one model learns, and the models of all such sets of targets.
Unit: TypeAlias = tuple[Hashable, ...]
Models: TypeAlias = Mapping[Unit, Model]
# Positions of the rows that a split trains and tests on.
Split: TypeAlias = tuple[np.ndarray, np.ndarray]

# Whether all targets share one model; otherwise each target has its own.
METHODS = {
    "single-task": False, "mtl": True, "transfer": False, "meta": False,
    "mtl+transfer": True, "mtl+meta": True, "meta+transfer": False, "3mtl": True,
}  # fmt: skip


def settings_of(estimator: BaseEstimator) -> tuple[dict[str, object], str]:
    """The estimator's parameters, and the prefix of their names if it is in a Pipeline."""
    parameters = estimator.get_params() if hasattr(estimator, "get_params") else {}
    names = [name for name in parameters if name.split("__")[-1] == "paradigm"]
    if not names:
        raise ValueError(
            "`estimator` should have a parameter `paradigm`, as ThreeMTLEstimator has. Found a "
            f"{type(estimator).__name__}; other estimators are `baselines`."
        )
    prefix = min(names, key=len).removesuffix("paradigm")
    start = len(prefix)
    return {n[start:]: v for n, v in parameters.items() if n.startswith(prefix)}, prefix


def _lacking(name: str, settings: Mapping[str, object], n_targets: int) -> str | None:
    """What must still be given for a paradigm to differ from a simpler one; None if nothing.

    For example ``"transfer"`` equals ``"single-task"`` without `source`, `domain_loss` and `head`.
    """
    ids = settings.get("task") is not None
    adapts = settings.get("meta") is not None and (ids or settings.get("episodes") == "classes")
    carries = any(settings.get(part) is not None for part in ("source", "domain_loss", "head"))
    if ("meta" in name or name == "3mtl") and not adapts:
        return "`task`, the column of task ids, and `meta`"
    if ("transfer" in name or name == "3mtl") and not carries:
        return "`source` or `domain_loss`"
    layers_of_ids = ids and settings.get("heads") in ("auto", "group")
    if n_targets == 1 and (
        name in ("mtl+meta", "meta+transfer") or (name.startswith("mtl") and not layers_of_ids)
    ):
        return "several targets"
    return None


def chosen_methods(
    paradigms: Iterable[str] | None, settings: Mapping[str, object], n_targets: int
) -> list[str]:
    asked = list(METHODS if paradigms is None else paradigms)
    unknown = [name for name in asked if name not in METHODS]
    if isinstance(paradigms, str) or unknown:
        raise ValueError(f"`paradigms` should be some of {list(METHODS)!r}. Found {paradigms!r}.")
    lacking = {name: _lacking(name, settings, n_targets) for name in asked}
    told = "; ".join(f"{name!r} needs {what}" for name, what in lacking.items() if what)
    if told and paradigms is not None:
        raise ValueError(f"`paradigms` names some that would equal simpler ones: {told}.")
    if told:
        warnings.warn(f"Left out, as they would equal others: {told}.", UserWarning, stacklevel=3)
    return [name for name in dict.fromkeys(asked) if not lacking[name]]


def models_of(
    estimator: BaseEstimator, method: str, kinds: Mapping[Hashable, Kind]
) -> dict[Unit, Model]:
    """The unfitted models of a paradigm such as ``"mtl"``: one for all targets, or one for each."""
    settings, prefix = settings_of(estimator)
    source = settings.get("source")
    joint = METHODS[method]
    units = [tuple(kinds)] if joint else [(name,) for name in kinds]
    models = {}
    for unit in units:
        new: dict[str, object] = {"paradigm": "mtl" if method == "single-task" else method}
        given = cast(Mapping[Hashable, str | Kind] | None, settings.get("task_kinds"))
        new |= {"task_kinds": {name: as_given(name, kinds[name], given) for name in unit}}
        if source is not None and not isinstance(source, FrozenEstimator):
            new["source"] = FrozenEstimator(source)
        if not joint:
            new |= _alone(settings, unit[0], kinds, pooled="meta" not in method)
        known = {prefix + n: v for n, v in new.items() if n == "paradigm" or n in settings}
        models[unit] = clone(clone(estimator).set_params(**known))
    return models


def _alone(
    settings: Mapping[str, object], name: Hashable, kinds: Mapping[Hashable, Kind], pooled: bool
) -> dict[str, object]:
    """Changes of the parameters, for a model of one target only.

    They concern the parameters that have entries for several targets. `pooled`: the model treats
    all task ids alike.
    """
    new: dict[str, object] = {"task_weight": None}
    if getattr(settings.get("balancing"), "task_weight", None) is not None:
        new["balancing"] = "equal"
    heads, weight = settings.get("heads"), settings.get("class_weight")
    if isinstance(heads, Mapping):
        new["heads"] = {n: spec for n, spec in heads.items() if n == name} or "column"
    elif pooled and settings.get("task") is not None:
        new["heads"] = "column"
    if isinstance(weight, Mapping) and all(
        n in kinds and isinstance(w, str | Mapping) for n, w in weight.items()
    ):
        new["class_weight"] = weight.get(name)
    return new


def read_baselines(
    baselines: object, kinds: Mapping[Hashable, Kind]
) -> dict[str, dict[Unit, Model]]:
    baselines = baselines or {}
    if not isinstance(baselines, Mapping):
        raise ValueError(f"`baselines` should map names to estimators. Found {baselines!r}.")
    found: dict[str, dict[Unit, Model]] = {}
    for name, given in baselines.items():
        if name in METHODS:
            raise ValueError(f"`baselines` names {name!r}, which is a paradigm; rename it.")
        pair = given if isinstance(given, tuple) else (given, given)
        if len(pair) != 2 or not all(hasattr(model, "fit") for model in pair):
            raise ValueError(
                f"`baselines[{name!r}]` should be an estimator or a pair (classifier, regressor). "
                f"Found {given!r}."
            )
        models = {(n,): pair[not kind.has_classes] for n, kind in kinds.items()}
        found[name] = {
            (n,): model for (n,), model in models.items()
            if not (is_regressor if kinds[n].has_classes else is_classifier)(model)
        }  # fmt: skip
        if not found[name]:
            names = {n: kind.name for n, kind in kinds.items()}
            raise ValueError(f"`baselines[{name!r}]` fits no target: their kinds are {names!r}.")
    return found


def read_scorers(
    scoring: object, kinds: Mapping[Hashable, Kind]
) -> dict[Hashable, tuple[str, Scorer]]:
    """The name of each target's metric, and its scorer, from the parameter `scoring`."""
    if isinstance(scoring, Mapping) and set(scoring) != set(kinds):
        raise ValueError(
            f"`scoring` should have an entry for each of {list(kinds)!r}. Found {list(scoring)!r}."
        )
    found = {}
    for name, kind in kinds.items():
        metric = scoring[name] if isinstance(scoring, Mapping) else scoring
        metric = metric or kind.metrics[0]
        if not isinstance(metric, str) and not callable(metric):
            raise ValueError(f"`scoring` should be a str or a callable. Found {metric!r}.")
        label = metric if isinstance(metric, str) else getattr(metric, "__name__", repr(metric))
        scorer = get_scorer(metric)
        of_labels = getattr(scorer, "_response_method", "predict") == "predict"
        if not kind.has_classes and not of_labels:
            raise ValueError(
                f"`scoring`={label!r} judges probabilities, but target {name!r} is a {kind.name}. "
                "Give a mapping with a metric for each target, or None."
            )
        found[name] = label, scorer
    return found
