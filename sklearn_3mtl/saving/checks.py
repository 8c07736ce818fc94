"""What a file says of an estimator, checked before anything is built from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Any, get_args

import numpy as np
from torch import nn

from sklearn_3mtl.data.columns import Container
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.fitted.adaptation import Adaptation
from sklearn_3mtl.fitting.plan import NetworkPlan
from sklearn_3mtl.inputs.modalities import ModalInputs
from sklearn_3mtl.sharing import NoSharing

MOST_DOMAINS = 10_000

__all__ = ["check_adaptations", "check_fitted", "check_size"]


def check_fitted(fitted: dict[str, Any], parameters: Sequence[str]) -> None:
    """Refuse a record of a fitted estimator whose entries can't be true together.

    Raises
    ------
    ValueError
        Naming the first entry that is wrong.
    """
    numeric, categorical = fitted["numeric"], fitted["categorical"]
    n_features, names = fitted["n_features_in"], fitted["names"]
    feature_names = fitted["feature_names_in"]
    history = fitted["history"]
    checks = {
        "n_features_in": type(n_features) is int and n_features > 0,
        "numeric": _are_positions(numeric, n_features),
        "categorical": _are_positions(categorical, n_features),
        "gaps": _are_positions(np.asarray(fitted["gaps"]).tolist(), len(numeric)),
        "categories": len(fitted["categories"]) == len(categorical),
        "edges": _are_edges(fitted["edges"], len(numeric)),
        "modalities": _are_modalities(fitted["modalities"], n_features),
        "chosen": isinstance(fitted["chosen"], dict) and set(fitted["chosen"]) <= set(parameters),
        "adaptations": _are_adaptations(fitted["adaptations"]),
        "container": fitted["container"] in get_args(Container),
        "names": isinstance(names, tuple) and list(names) == [t[0] for t in fitted["tasks"]],
        "history": isinstance(history, list) and all(isinstance(epoch, dict) for epoch in history),
        "feature_names_in": feature_names is None or len(feature_names) == n_features,
        "n_domains": type(fitted["n_domains"]) is int and 0 <= fitted["n_domains"] <= MOST_DOMAINS,
        "n_remembered": type(fitted["n_remembered"]) is int
        and fitted["n_remembered"] in (0, 1 if fitted["groups"] is None else len(fitted["groups"])),
        "groups": fitted["groups"] is None or isinstance(fitted["groups"], np.ndarray),
    }
    for entry, holds in checks.items():
        if not holds:
            raise ValueError(f"its {entry!r} is {fitted[entry]!r}")


def _are_positions(values: Any, limit: Any) -> bool:
    return isinstance(values, list) and all(
        type(value) is int and 0 <= value < limit for value in values
    )


def _are_modalities(values: Any, n_features: int) -> bool:
    return isinstance(values, list) and all(
        isinstance(record, dict)
        and set(record) == {"name", "positions", "alone", "has_gaps", "scale", "state"}
        and _are_positions(record["positions"], n_features)
        and isinstance(record["alone"], bool)
        and isinstance(record["state"], dict)
        for record in values
    )


def _are_adaptations(values: Any) -> bool:
    names = {field.name for field in fields(Adaptation)}
    return isinstance(values, list) and all(
        isinstance(record, dict) and set(record) == names for record in values
    )


def check_adaptations(
    records: Sequence[Adaptation],
    trained: TaskLayout,
    codec: TargetCodec,
    groups: np.ndarray | None,
) -> None:
    """Refuse records of adaptations that can't have led from some tasks to these and the groups."""
    n_outputs = trained.n_outputs
    n_groups = records[0].n_base_groups if records else None
    for record in records:
        corrected = record.shared + record.own
        kept = [column for column in record.order if column != -1]
        holds = (
            record.n_before == n_outputs
            and _are_positions(kept, n_outputs)
            and len(set(kept)) == len(kept)
            and sorted(set(corrected)) == sorted(corrected)
            and _are_positions(corrected, len(record.order))
            and record.n_base_groups == n_groups
            and _are_positions(record.groups, record.n_groups or 0)
            and bool(record.groups) == bool(record.own)
            and (n_groups is None) == (record.n_groups is None)
            and 0 <= (n_groups or 0) <= (record.n_groups or 0)
        )
        if not holds:
            raise ValueError(f"its record of an adaptation is {record!r}")
        n_groups, n_outputs = record.n_groups, len(record.order)
    if records and n_outputs != codec.layout.n_outputs:
        raise ValueError(f"its records of adaptations lead to {n_outputs} outputs")
    if n_groups is not None and n_groups != (0 if groups is None else len(groups)):
        raise ValueError(f"its records of adaptations lead to {n_groups} groups")


def _are_edges(values: Any, n_numeric: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) == n_numeric
        and all(isinstance(v, np.ndarray) and (np.diff(v) > 0).all() for v in values)
    )


def check_size(
    plan: NetworkPlan,
    inputs: ModalInputs,
    codec: TargetCodec,
    groups: np.ndarray | None,
    n_stored: int,
) -> None:
    """Refuse parameters that ask for more weights than the file stores.

    `groups` are the task ids that have layers of their own; None where none has.
    """
    if isinstance(plan.backbone, nn.Module):
        return
    vectors = sum(e.width for e in inputs.embedded.values() if e.encoder.shape is None)
    n_in = inputs.tabular.n_numeric + vectors
    n_weights = sum(a * b for a, b in pairwise([n_in, *plan.widths]))
    if isinstance(plan.sharing, NoSharing):
        n_weights *= len(codec.tasks) * (1 if groups is None else len(groups))
    n_weights *= plan.n_members
    if n_weights > n_stored:
        raise ValueError(f"its parameters ask for {n_weights} weights, it holds {n_stored} numbers")
