"""What is particular to estimators that carry over: sources, and targets of their own."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Hashable
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.frozen import FrozenEstimator
from torch import nn

from sklearn_3mtl.adapting.fine_tuning import make_strategy
from sklearn_3mtl.adapting.source_modules import fitted_around
from sklearn_3mtl.balancing import Equal
from sklearn_3mtl.core.heads import LinearHeads
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tables import find_name, read_inputs
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._base import BaseMultiTask
from sklearn_3mtl.estimators._settings import Settings, columns_of, fitted_attributes
from sklearn_3mtl.estimators._transfer_settings import TransferSettings
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitting.warm_start import STRUCTURE
from sklearn_3mtl.objective import SingleLevelObjective

__all__ = ["TransferMixin", "fitted_source"]

# The parameters that shape the network alone, which is the source's.
OF_NETWORK = (
    "categorical_features", "modalities", "numeric_embedding", "backbone", "hidden_layer_sizes",
    "activation", "dropout", "n_estimators", "sharing", "heads", "fusion",
)  # fmt: skip


class TransferMixin(TransferSettings, BaseMultiTask):
    """An estimator whose `fit` may start from a source, and whose `adapt` leads to a target.

    Attributes
    ----------
    _only_target : bool
        Whether what `adapt` gives predicts the columns of its y alone.
    """

    _only_target = True

    def _learn(
        self,
        X: ArrayLike,
        y: ArrayLike,
        task: ArrayLike | None,
        domain: ArrayLike | None,
        sample_weight: ArrayLike | None,
    ) -> Self:
        # What contradicts itself is refused before anything is trained.
        make_strategy(self)
        if self.source is None or self._source_is_start():
            return super()._learn(X, y, task, domain, sample_weight)
        for name, found in (("domain_loss", self.domain_loss), ("warm_start", self.warm_start)):
            if found:
                raise ValueError(
                    f"`source` and {name}={found!r} contradict each other: the source was trained "
                    f"already. Leave {name} out, or set source=None."
                )
        if isinstance(self.source, nn.Module):
            source = fitted_around(self, self.source, X, y)
        else:
            source = fitted_source(self.source)
            _refuse_other_network(self, source._model)
            _refuse_ids(self, source, X, task)
        adapted = self._started_from(source).adapt(X, y, task=task, sample_weight=sample_weight)
        for stale in fitted_attributes(self):
            delattr(self, stale)
        self.__dict__.update(fitted_attributes(adapted))
        return self

    def _source_is_start(self) -> bool:
        """Whether training goes on from the source's weights, with an objective of its own."""
        return False

    def _started_from(self, source: Settings) -> Self:
        """Itself as if it had been fitted as the source was."""
        start = copy.copy(self)
        start.__dict__.update(fitted_attributes(source))
        start._model = _as_fitted_by(self, source._model)
        start._only_target = True
        column = _column_left_behind(source)
        if column is not None:
            at = find_name(columns_of(source), column, "task")
            place = {p: p - (p > at) for p in range(source.n_features_in_) if p != at}
            start._model = replace(
                start._model,
                inputs=start._model.inputs.moved(place),
                parameters={**start._model.parameters, "task": None},
            )
            start.n_features_in_ -= 1
            if hasattr(start, "feature_names_in_"):
                start.feature_names_in_ = np.delete(start.feature_names_in_, at)
        return start

    def _tasks_after(self, targets: TargetColumns) -> dict[Hashable, Task]:
        """The target's own: a known one goes on where its labels fit, others are new."""
        if not self._only_target:
            return super()._tasks_after(targets)
        known = self._model.codec.tasks
        found: dict[Hashable, Task] = {}
        for name, column in zip(targets.names, targets.columns, strict=True):
            if name in known and _goes_on(known[name], column):
                found[name] = super()._tasks_after(targets.select([name]))[name]
            else:
                found |= self._read_tasks(targets, [name])
        return found

    def _keep_container(self, model: FittedModel, targets: TargetColumns) -> None:
        if self._only_target:
            model.container, model.named = targets.container, targets.named


def _as_fitted_by(estimator: Settings, model: FittedModel) -> FittedModel:
    """A source's model with an estimator's parameters, where they don't shape it.

    Tasks that adapt on their own rows are left behind: their common start is the source.
    """
    if model.objective.exchangeable:
        model = _without_tasks(model)
    own = estimator.get_params(deep=False)
    shaping = {n: model.parameters[n] for n in STRUCTURE if n in own and n in model.parameters}
    chosen = {name: value for name, value in model.chosen.items() if name in own}
    model = replace(model, parameters={**own, "source": None, **shaping}, chosen=chosen)
    if not model.objective.adapts:
        return model
    layout, seed = model.objective.losses.layout, Seed(0)
    objective = SingleLevelObjective(layout, None, Equal(), None, seed)
    return replace(model, objective=objective, adapter=None, groups=None, lone_id=None)


def _without_tasks(model: FittedModel) -> FittedModel:
    """A model whose outputs stood for whatever classes an episode drew: what is below them."""
    network, codec = copy.copy(model.network), TargetCodec({})
    # nn.Module keeps its parts in dicts, which a shallow copy would share.
    network._modules = dict(network._modules)
    n_features = int(network.backbone.n_out)
    network.heads = LinearHeads(n_features, {}, Seed(0), network.n_members)
    return replace(model, network=network, codec=codec, names=(), trained=codec.layout)


def _refuse_other_network(estimator: Settings, model: FittedModel) -> None:
    """The source's network is used as it is: parameters that ask for another are a mistake."""
    defaults = inspect.signature(type(estimator)).parameters
    given = estimator.get_params(deep=False)
    for name in OF_NETWORK:
        theirs = model.chosen.get(name, model.parameters.get(name, defaults[name].default))
        if repr(given[name]) not in (repr(defaults[name].default), repr(theirs)):
            raise ValueError(
                f"`source` and {name}={given[name]!r} contradict each other: the source's network, "
                f"with {name}={theirs!r}, is the one that is used. Leave {name} out, or fit the "
                "source with it."
            )


def _column_left_behind(source: Settings) -> Hashable | None:
    """The task column of a source whose tasks adapt, which a transfer from it doesn't read."""
    model = source._model
    if not model.objective.adapts or model.ids_given:
        return None
    return model.parameters.get("task")


def _refuse_ids(estimator: Settings, source: Settings, X: Any, ids: Any) -> None:
    """Tasks that adapt by `meta` do so in the source alone: here their ids would say nothing."""
    model, column = source._model, _column_left_behind(source)
    named = estimator.task is not None or ids is not None
    if column is not None:
        named |= list(read_inputs(X).names) == columns_of(source)
    if named and model.groups is None:
        given = "fit(..., task=ids)" if estimator.task is None else f"task={estimator.task!r}"
        raise ValueError(
            f"`source` was fitted without task ids and has nothing for {given}. Leave it out, or "
            "fit the source with the ids."
        )
    if named and model.objective.adapts and model.groups is not None:
        raise ValueError(
            "`source` was trained so that its task ids adapt by `meta`, which a transfer from it "
            "leaves behind: all rows would be one task. Call source.adapt(X, y), which uses the "
            "ids; leave `task` and its column out; or take a source of shared layers, such as a "
            "MultiTaskEstimator."
        )


def _goes_on(task: Task, column: Any) -> bool:
    """Whether labels can be those of a known task."""
    observed = column.dropna()
    if task.classes is not None:
        return bool(len(observed) and observed.isin(task.classes.tolist()).all())
    return observed.dtype.kind in "iuf"


def fitted_source(source: Any) -> Settings:
    found = source.estimator if isinstance(source, FrozenEstimator) else source
    if not isinstance(found, Settings):
        raise ValueError(
            "`source` should be a fitted estimator of this library, a FrozenEstimator of one, or "
            f"an nn.Module. Found {source!r}."
        )
    if not hasattr(found, "_model"):
        raise ValueError(
            f"`source` is an unfitted {type(found).__name__}. Fit it first; if it was, it was "
            "cloned since, as in a grid search: wrap it, "
            "source=sklearn.frozen.FrozenEstimator(fitted), which clones leave fitted."
        )
    return found
