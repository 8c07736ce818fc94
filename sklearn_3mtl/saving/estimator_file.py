"""Saving and loading fitted estimators."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from skorch.history import History
from torch import Tensor, nn

from sklearn_3mtl.adapting.source_modules import modalities_around
from sklearn_3mtl.balancing import BALANCING
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.kinds import kind_named
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._settings import Settings, keep_fitted
from sklearn_3mtl.fitted.adaptation import Adaptation
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.task_adapter import TaskAdapter
from sklearn_3mtl.fitted.task_memory import TaskMemory
from sklearn_3mtl.fitting.assembly import build_untrained
from sklearn_3mtl.fitting.auto import with_chosen
from sklearn_3mtl.inputs.modalities import ModalInputs
from sklearn_3mtl.meta import META
from sklearn_3mtl.saving import input_files
from sklearn_3mtl.saving.archive import NotPlainError, decode, encode, read_archive, write_archive
from sklearn_3mtl.saving.checks import check_adaptations, check_fitted, check_size
from sklearn_3mtl.sharing import SHARING
from sklearn_3mtl.transfer import DOMAIN_LOSSES, STRATEGIES

__all__ = ["read_estimator", "write_estimator"]

FORMAT = 1
# What reading a damaged or hostile file can end in.
_DAMAGE = (
    TypeError, ValueError, LookupError, AttributeError, RuntimeError, RecursionError, MemoryError,
)  # fmt: skip
_REGISTRIES: tuple[Mapping[str, type], ...] = (BALANCING, SHARING, META, DOMAIN_LOSSES, STRATEGIES)
_METHODS = {cls.__name__: cls for registry in _REGISTRIES for cls in registry.values()}


def write_estimator(estimator: Settings, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator."""
    model = estimator._model
    if model.readout is not None:
        raise ValueError(
            "An estimator with strategy='extract' holds scikit-learn models, which a file without "
            "code can't. Use pickle, or strategy='auto'."
        )
    plain, supplied = {}, []
    for name, value in model.parameters.items():
        try:
            plain[name] = _encode_parameter(name, value)
        except NotPlainError:
            # A module that is the source is known to the user by that name.
            of_source = name == "modalities" and isinstance(estimator.source, nn.Module)
            supplied.append("source" if of_source else name)
    try:
        fitted = encode(
            {
                "tasks": _plain_tasks(model.codec.tasks.values()),
                "trained": _plain_tasks(model.trained.in_columns()),
                "groups": model.groups,
                "uses_groups": model.uses_groups,
                "ids_given": model.ids_given,
                "container": model.container,
                "names": model.names,
                "named": model.named,
                **input_files.inputs_record(model.inputs),
                "chosen": model.chosen,
                "n_domains": model.n_domains,
                "adaptations": [asdict(record) for record in model.adaptations],
                "lone_id": model.lone_id,
                "n_remembered": 0 if model.adapter is None else model.adapter.memory.n_tasks,
                "forgetting": getattr(estimator, "forgetting_", None),
                "n_features_in": int(estimator.n_features_in_),
                "feature_names_in": getattr(estimator, "feature_names_in_", None),
                "history": [dict(epoch) for epoch in estimator.history_],
            }
        )
    except NotPlainError as error:
        raise ValueError(
            f"The estimator can't be saved without code: a label, category or task id is a "
            f"{error}. Use numbers and strings, or pickle."
        ) from error
    meta = {
        "format": FORMAT,
        "class": type(estimator).__name__,
        "parameters": plain,
        "supplied": supplied,
        "fitted": fitted,
    }
    write_archive(path, meta, _tensors(model), input_files.transformer_members(model.inputs))


def read_estimator(
    path: str | os.PathLike[str],
    classes: Mapping[str, type[Settings]],
    parts: Mapping[str, Any],
    trusted: Sequence[str],
) -> Settings:
    """Read an estimator whose class is one of `classes`."""
    meta, tensors, members = read_archive(path)
    try:
        if meta["format"] != FORMAT:
            raise ValueError(f"its format is {meta['format']!r}; this version reads {FORMAT}")
        cls, needed = classes[meta["class"]], list(meta["supplied"])
        transformers = input_files.load_transformers(path, members, trusted)
        given = {n: _decode_parameter(v, transformers) for n, v in meta["parameters"].items()}
        fitted = decode(meta["fitted"])
        check_fitted(fitted, cls._get_param_names())
        if not all(isinstance(name, str) for name in needed):
            raise ValueError(f"its 'supplied' is {needed!r}")
    except input_files.UntrustedError:
        raise
    except _DAMAGE as error:
        raise _unfit(path, error) from error
    _check_parts(path, cls, needed, parts)
    given_parts = dict(parts)
    if "source" in needed:
        names = fitted["feature_names_in"]
        columns = list(range(fitted["n_features_in"]) if names is None else names)
        given_parts["modalities"] = modalities_around(given_parts.pop("source"), columns)
    try:
        estimator = cls(**{**given, **given_parts})
        estimator._validate_params()
        inputs = input_files.read_inputs_record(fitted, tensors, estimator.modalities, transformers)
        return _restore(estimator, fitted, tensors, inputs)
    except _DAMAGE as error:
        raise _unfit(path, error) from error


def _check_parts(
    path: Any, cls: type[Settings], needed: list[str], parts: Mapping[str, Any]
) -> None:
    unknown = [name for name in parts if name not in cls._get_param_names()]
    if unknown:
        raise ValueError(f"`parts` names {unknown!r}, which are no parameters of {cls.__name__}.")
    held = [name for name in parts if name not in needed]
    if held:
        raise ValueError(
            f"`parts` names {held!r}, which the file holds itself; it needs {needed!r}."
        )
    missing = [name for name in needed if name not in parts]
    if missing:
        raise ValueError(
            f"{str(path)!r} was saved with objects of the user's own in the parameter(s) "
            f"{missing!r}, which are not in the file; supply them: "
            f"load_estimator(path, parts={{{missing[0]!r}: ...}})."
        )


def _unfit(path: Any, error: Exception) -> ValueError:
    return ValueError(f"{str(path)!r} is no intact file of a saved estimator: {error}.")


def _restore(
    estimator: Settings, fitted: dict[str, Any], tensors: dict[str, Tensor], inputs: ModalInputs
) -> Settings:
    tasks, trained = (_read_tasks(fitted[part], estimator) for part in ("tasks", "trained"))
    # A target that went on since the fit is one task, not two alike.
    trained |= {n: tasks[n] for n in trained if n in tasks and _are_alike(tasks[n], trained[n])}
    codec = TargetCodec(tasks)
    for name in ("center", "scale", "temperature"):
        setattr(codec, name, tensors.pop(f"codec.{name}").numpy())
    of_tasks = [len(codec.center), len(codec.scale), len(codec.temperature), len(tasks)]
    if len(set(of_tasks)) > 1:
        raise ValueError("its parts don't fit together")
    groups = fitted["groups"]
    concrete = with_chosen(estimator, fitted["chosen"])
    concrete._validate_params()
    adaptations = tuple(Adaptation(**record) for record in fitted["adaptations"])
    first = TargetCodec(trained)
    check_adaptations(adaptations, first.layout, codec, groups)
    first_groups = groups
    if adaptations and groups is not None:
        first_groups = groups[: adaptations[0].n_base_groups]
    check_size(concrete, inputs, first, first_groups, sum(t.numel() for t in tensors.values()))
    network, objective = build_untrained(
        concrete, inputs, first, first_groups, fitted["uses_groups"], fitted["n_domains"], Seed(0)
    )
    for record in adaptations:
        network = record.apply(network)
    adapter = None
    if fitted["n_remembered"]:
        memory = TaskMemory.read(_part("memory", tensors), fitted["n_remembered"])
        adapter = TaskAdapter.of(estimator, memory)
    for prefix, module in (("network", network), ("objective", objective)):
        module.load_state_dict(_part(prefix, tensors))
    model = FittedModel(
        inputs, codec, network.to("cpu"), objective, groups, fitted["uses_groups"],
        fitted["ids_given"], fitted["container"], fitted["names"], fitted["named"],
        estimator.get_params(deep=False), fitted["chosen"], adaptations, fitted["lone_id"], adapter,
        first.layout,
    )  # fmt: skip
    keep_fitted(estimator, model, History(fitted["history"]))
    estimator.n_features_in_ = fitted["n_features_in"]
    if fitted["feature_names_in"] is not None:
        estimator.feature_names_in_ = fitted["feature_names_in"]
    if fitted["forgetting"] is not None:
        estimator.forgetting_ = fitted["forgetting"]
    return estimator


def _part(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    start = len(prefix) + 1
    return {name[start:]: v for name, v in tensors.items() if name.startswith(f"{prefix}.")}


def _plain_tasks(tasks: Iterable[Task]) -> list[tuple[Any, ...]]:
    return [(task.name, task.kind, task.classes, task.dtype) for task in tasks]


def _are_alike(one: Task, other: Task) -> bool:
    return one.kind == other.kind and np.array_equal(
        np.asarray(one.classes, dtype=object), np.asarray(other.classes, dtype=object)
    )


def _read_tasks(plain: Iterable[tuple[Any, ...]], estimator: Settings) -> dict[Any, Task]:
    given, loss = estimator.task_kinds or {}, estimator.regression_loss
    return {
        name: Task(name, kind_named(kind, given.get(name), loss), classes, dtype)
        for name, kind, classes, dtype in plain
    }


def _tensors(model: FittedModel) -> dict[str, Tensor]:
    tensors = {
        "codec.center": torch.from_numpy(model.codec.center),
        "codec.scale": torch.from_numpy(model.codec.scale),
        "codec.temperature": torch.from_numpy(model.codec.temperature),
        **input_files.inputs_tensors(model.inputs),
    }
    if model.adapter is not None:
        memory = model.adapter.memory.tensors()
        tensors |= {f"memory.{name}": value for name, value in memory.items()}
    for prefix, module in (("network", model.network), ("objective", model.objective)):
        tensors |= {f"{prefix}.{name}": value for name, value in module.state_dict().items()}
    return tensors


def _encode_parameter(parameter: str, value: Any) -> Any:
    if parameter == "modalities":
        return {"modalities": input_files.encode_modalities(value)}
    if type(value) in _METHODS.values():
        return {"method": type(value).__name__, "parameters": encode(value.get_params(deep=False))}
    name = getattr(value, "__name__", "")
    if isinstance(value, type) and getattr(torch.optim, name, None) is value:
        return {"optimizer": name}
    if isinstance(value, torch.device):
        return {"value": str(value)}
    return {"value": encode(value)}


def _decode_parameter(value: Any, transformers: Mapping[str, Any]) -> Any:
    if "modalities" in value:
        return input_files.decode_modalities(value["modalities"], transformers)
    if "method" in value:
        return _METHODS[value["method"]](**decode(value["parameters"]))
    if "optimizer" in value:
        found = getattr(torch.optim, value["optimizer"])
        if not (isinstance(found, type) and issubclass(found, torch.optim.Optimizer)):
            raise ValueError(f"{value['optimizer']!r} is no optimizer of torch.optim")
        return found
    return decode(value["value"])
