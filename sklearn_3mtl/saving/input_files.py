"""What a file holds of the inputs: JSON, tensors, and a skops member for each transformer."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.data.extras import needs
from sklearn_3mtl.inputs.embedded import EmbeddedInputs
from sklearn_3mtl.inputs.modal_rows import ModalColumns
from sklearn_3mtl.inputs.modalities import (
    TABULAR,
    ModalInputs,
    encoder_kind,
    make_encoder,
    split_spec,
)
from sklearn_3mtl.inputs.tabular import TabularInputs
from sklearn_3mtl.inputs.transformed import Transformer
from sklearn_3mtl.saving.archive import decode, encode

__all__ = [
    "UntrustedError",
    "decode_modalities",
    "encode_modalities",
    "inputs_record",
    "inputs_tensors",
    "load_transformers",
    "read_inputs_record",
    "transformer_members",
]


class UntrustedError(ValueError):
    """A file holds objects of types that nobody vouched for."""


def inputs_record(inputs: ModalInputs) -> dict[str, Any]:
    """What JSON holds of the inputs."""
    tabular = inputs.tabular
    return {
        "numeric": tabular.numeric,
        "categorical": tabular.categorical,
        "gaps": tabular.gaps,
        "categories": tabular.categories,
        "edges": tabular.edges,
        "modalities": [
            {
                "name": name,
                "positions": embedded.encoder.columns.positions,
                "alone": embedded.encoder.columns.alone,
                "has_gaps": embedded.has_gaps,
                "scale": float(embedded.scale),
                "state": {
                    key: value
                    for key, value in embedded.encoder.state().items()
                    if not isinstance(value, np.ndarray) and key != "transformer"
                },
            }
            for name, embedded in inputs.embedded.items()
        ],
    }


def inputs_tensors(inputs: ModalInputs) -> dict[str, Tensor]:
    """What safetensors hold of the inputs."""
    arrays = {"inputs.center": inputs.tabular.center, "inputs.scale": inputs.tabular.scale}
    for index, embedded in enumerate(inputs.embedded.values()):
        arrays[f"modalities.{index}.mean"] = embedded.mean
        for key, value in embedded.encoder.state().items():
            if isinstance(value, np.ndarray):
                arrays[f"modalities.{index}.state.{key}"] = value
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def transformer_members(inputs: ModalInputs) -> dict[str, bytes]:
    """A skops file for each scikit-learn transformer, as it was given and as it was fitted."""
    members = {}
    for index, embedded in enumerate(inputs.embedded.values()):
        encoder = embedded.encoder
        if isinstance(encoder, Transformer):
            skops = needs("skops.io", f"Saving {encoder.parameter}", extra="skops")
            both = {"given": encoder.given, "fitted": encoder.fitted}
            members[f"modalities/{index}.skops"] = skops.dumps(both)
    return members


def load_transformers(
    path: Any, members: Mapping[str, bytes], trusted: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """The transformers of a file, by their members' names.

    Raises
    ------
    UntrustedError
        If one holds types that neither skops nor `trusted` vouches for; nothing was built then.
    ValueError
        If a member is damaged.
    """
    found: dict[str, dict[str, Any]] = {}
    if not members:
        return found
    skops = needs("skops.io", f"Loading {str(path)!r}", extra="skops")
    strange: set[str] = set()
    for name, data in members.items():
        _refuse_compressed(name, data)
        strange |= set(skops.get_untrusted_types(data=data)) - set(trusted)
    if strange:
        raise UntrustedError(
            f"{str(path)!r} holds objects of types that skops doesn't know to be harmless: "
            f"{sorted(strange)!r}. If you trust the file, name them: "
            f"load_estimator(path, trusted={sorted(strange)!r})."
        )
    for name, data in members.items():
        found[name] = skops.loads(data, trusted=list(trusted))
        if not isinstance(found[name], dict) or set(found[name]) != {"given", "fitted"}:
            raise ValueError(f"its member {name!r} holds no transformer")
    return found


def _refuse_compressed(name: str, data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as inner:
            stored = all(info.compress_type == zipfile.ZIP_STORED for info in inner.infolist())
    except zipfile.BadZipFile as error:
        raise ValueError(f"its member {name!r} is {error}") from error
    if not stored:
        raise ValueError(f"its member {name!r} is compressed, which `save` never does")


def encode_modalities(modalities: Mapping[str, Any] | None) -> list[Any] | None:
    """The parameter for JSON; for a transformer only that there is one."""
    if modalities is None:
        return None
    encoded = []
    for name, spec in modalities.items():
        given, columns = split_spec(spec)
        is_transformer = encoder_kind(name, given) is Transformer
        encoded.append([name, is_transformer, encode((None, columns) if is_transformer else spec)])
    return encoded


def decode_modalities(
    encoded: Sequence[Any] | None, transformers: Mapping[str, dict[str, Any]]
) -> dict[str, Any] | None:
    """The parameter that `encode_modalities` encoded."""
    if encoded is None:
        return None
    modalities: dict[str, Any] = {}
    names = [name for name, _, _ in encoded if name != TABULAR]
    for name, is_transformer, spec in encoded:
        decoded = decode(spec)
        if is_transformer:
            member = f"modalities/{names.index(name)}.skops"
            decoded = transformers[member]["given"], decoded[1]
        modalities[name] = decoded
    return modalities


def read_inputs_record(
    fitted: Mapping[str, Any],
    tensors: dict[str, Tensor],
    modalities: Mapping[str, Any] | None,
    transformers: Mapping[str, dict[str, Any]],
) -> ModalInputs:
    """The inputs that a file holds; their tensors are taken out.

    Raises
    ------
    ValueError
        If the parts don't fit together.
    """
    tabular = TabularInputs(
        fitted["numeric"],
        fitted["categorical"],
        tensors.pop("inputs.center").numpy(),
        tensors.pop("inputs.scale").numpy(),
        np.asarray(fitted["gaps"], dtype=np.intp),
        fitted["categories"],
        fitted["edges"],
    )
    lengths = {len(tabular.center), len(tabular.scale), len(tabular.edges)}
    if lengths != {len(tabular.numeric)}:
        raise ValueError("its parts don't fit together")
    given = dict(modalities or {})
    if [record["name"] for record in fitted["modalities"]] != [n for n in given if n != TABULAR]:
        raise ValueError("its modalities are not those of the parameter")
    embedded = {}
    for index, record in enumerate(fitted["modalities"]):
        prefix = f"modalities.{index}."
        own = {n: tensors.pop(n).numpy() for n in list(tensors) if n.startswith(prefix)}
        learned = {name.removeprefix(prefix): array for name, array in own.items()}
        fitted_transformer = transformers.get(f"modalities/{index}.skops", {}).get("fitted")
        encoder, _ = split_spec(given[record["name"]])
        embedded[record["name"]] = _read_modality(record, encoder, learned, fitted_transformer)
    return ModalInputs(tabular, embedded)


def _read_modality(
    record: Mapping[str, Any], given: Any, arrays: dict[str, np.ndarray], transformer: Any
) -> EmbeddedInputs:
    columns = ModalColumns(record["name"], record["positions"], record["alone"])
    inputs = EmbeddedInputs(make_encoder(columns, given))
    learned = {n.removeprefix("state."): a for n, a in arrays.items() if n.startswith("state.")}
    inputs.encoder.restore({**record["state"], **learned, "transformer": transformer})
    inputs.mean, inputs.scale, inputs.has_gaps = arrays["mean"], record["scale"], record["has_gaps"]
    shape = inputs.encoder.shape
    holds = (
        inputs.mean.ndim == 1
        and inputs.mean.dtype == np.float32
        and isinstance(inputs.has_gaps, bool)
        and isinstance(inputs.scale, float)
        and math.isfinite(inputs.scale)
        and (shape is None or math.prod(shape) == len(inputs.mean))
    )
    if not holds:
        raise ValueError(f"its modality {record['name']!r} doesn't fit together")
    return inputs
