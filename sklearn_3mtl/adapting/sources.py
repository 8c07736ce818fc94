"""`fit` from a fitted estimator given as `source`."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields, replace

from sklearn.frozen import FrozenEstimator
from torch import nn

from sklearn_3mtl.balancing import BALANCING
from sklearn_3mtl.core.heads import LinearHeads
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.tables import InputTable, find_name
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.fitted.fitted import Fitted
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.predictors import ByHeads
from sklearn_3mtl.fitting.start import Start
from sklearn_3mtl.fitting.warm_start import STRUCTURE
from sklearn_3mtl.objective import LabelLosses, SingleLevelObjective, TaskBalance
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.settings.groups import MetaSettings
from sklearn_3mtl.settings.names import make_method

__all__ = ["refuse_ids", "refuse_other_network", "refuse_training", "start_of", "started_from"]

# The parameters that only shape the network, which is that of the source.
OF_NETWORK = (
    "categorical_features", "modalities", "numeric_embedding", "backbone", "hidden_layer_sizes",
    "activation", "dropout", "n_estimators", "sharing", "heads", "fusion", "prior",
)  # fmt: skip
# Parameters of `meta`: in a model that is made from a source, tasks don't adapt by it.
OF_META = frozenset(field.name for field in fields(MetaSettings))


def start_of(settings: Settings, source: Fitted | nn.Module | FrozenEstimator) -> Start:
    """What `meta` training takes from a source, its encoders and backbone; others are refused."""
    if isinstance(source, FrozenEstimator):
        raise ValueError(
            f"meta={settings.meta!r} and source={source!r} contradict each other: a scikit-learn "
            "model has no layers to start from. Give it as `prior`, or set meta=None."
        )
    if isinstance(source, nn.Module):
        raise ValueError(
            f"meta={settings.meta!r} and source={type(source).__name__}(...) contradict each "
            "other: where tasks adapt, a module has to be given as a part of the network, "
            "modalities={'name': (module, columns)} or backbone=module, and is trained from "
            "its own weights. Set source=None, or meta=None."
        )
    return Start.of(source)


def started_from(settings: Settings, source: Fitted) -> Fitted:
    """A fitted source with the target's parameters, except for those that shape the network.

    If the source's tasks adapt on their own rows, only what they share is kept: task ids and their
    column are dropped.
    """
    column = _dropped_column(source.model)
    model = _with_settings(settings, source.model)
    if column is None:
        return replace(source, model=model)
    at = find_name(source.columns.as_list(), column, "task")
    place = {p: p - (p > at) for p in range(source.columns.n) if p != at}
    model = replace(model.moved(place), settings=model.settings.with_values({"task": None}))
    return replace(source, model=model, columns=source.columns.without(at))


def _with_settings(settings: Settings, model: FittedModel) -> FittedModel:
    shaping = {n: getattr(model.settings, n) for n in STRUCTURE if n not in OF_META}
    merged = settings.with_values({"source": None, **shaping})
    model = _without_classes(model) if model.objective.draws_classes else model
    chosen = {name: value for name, value in model.chosen.items() if name not in OF_META}
    model = replace(model, settings=merged, chosen=chosen, evidence=None)
    if not model.objective.adapts:
        return model
    layout, rule = model.objective.losses.layout, make_method(merged.balancing, BALANCING)
    losses = LabelLosses(layout)
    shape = replace(model.network.shape, n_groups=None)
    objective = SingleLevelObjective(losses, TaskBalance(rule), shape, Seed(0))
    return replace(model, objective=objective, predictor=ByHeads(), groups=None, default_id=None)


def _without_classes(model: FittedModel) -> FittedModel:
    """A model trained with ``episodes="classes"``, without its outputs.

    They stood for other classes in each episode.
    """
    network, codec = model.network.shallow_copy(), TargetCodec({})
    n_features = int(network.backbone.n_out)
    network.heads = LinearHeads(n_features, {}, Seed(0), range(network.n_members))
    return replace(model, network=network, codec=codec, names=(), trained=codec.layout)


def refuse_training(settings: Settings) -> None:
    """Refuse parameters that ask for training, because the source was trained already."""
    for name in ("domain_loss", "warm_start"):
        found = getattr(settings, name)
        if found:
            raise ValueError(
                f"`source` and {name}={found!r} contradict each other: the source was trained "
                f"already. Leave {name} out, or set source=None."
            )


def refuse_other_network(settings: Settings, model: FittedModel) -> None:
    """Refuse parameters that ask for another network than the source's, which is used as it is."""
    defaults = Settings()
    for name in OF_NETWORK:
        given, default = getattr(settings, name), getattr(defaults, name)
        theirs = model.chosen.get(name, getattr(model.settings, name))
        if repr(given) not in (repr(default), repr(theirs)):
            raise ValueError(
                f"`source` and {name}={given!r} contradict each other: the source's network, "
                f"with {name}={theirs!r}, is the one that is used. Leave {name} out, or fit the "
                "source with it."
            )


def refuse_ids(settings: Settings, source: Fitted, table: InputTable, ids_given: bool) -> None:
    """Refuse task ids that the source can't use."""
    model, column = source.model, _dropped_column(source.model)
    named = settings.task is not None or ids_given
    if column is not None:
        named |= list(table.names) == source.columns.as_list()
    if named and model.groups is None:
        given = "fit(..., task=ids)" if settings.task is None else f"task={settings.task!r}"
        raise ValueError(
            f"`source` was fitted without task ids and can't use {given}. Leave it out, or fit "
            "the source with the ids."
        )
    if named and model.objective.adapts and model.groups is not None:
        raise ValueError(
            "`source` was trained so that its task ids adapt by `meta`. A transfer from it leaves "
            "behind the ids: all rows would be one task. Call source.adapt(X, y), which uses the "
            "ids; leave `task` and its column out; or use a source with shared layers, such as a "
            "MultiTaskEstimator."
        )


def _dropped_column(model: FittedModel) -> Hashable | None:
    """The task column of a source whose tasks adapt by `meta`; a transfer leaves it out."""
    return None if not model.objective.adapts or model.ids_given else model.settings.task
