"""Fitted estimators as files, and as the state that pickle and skops store."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
from sklearn.base import BaseEstimator
from skorch.history import History
from torch import nn

from sklearn_3mtl.adapting.source_modules import modalities_around
from sklearn_3mtl.data.state import State
from sklearn_3mtl.fitted.fitted import Fitted, InputColumns
from sklearn_3mtl.saving.archive import (
    Archive,
    pack_archive,
    read_archive,
    write_file,
)
from sklearn_3mtl.saving.dtypes import Json
from sklearn_3mtl.saving.models import ModelEncoder, UntrustedError, load_models
from sklearn_3mtl.saving.rebuild import rebuild, state_of
from sklearn_3mtl.saving.values import Decoder, Encoder, NotPlainError
from sklearn_3mtl.settings import Settings

__all__ = [
    "Packed",
    "SavedEstimator",
    "pack_estimator",
    "read_estimator",
    "unpack_estimator",
    "write_estimator",
]

FORMAT = 3
# The package whose estimators `load_estimator` knows.
PACKAGE = __name__.partition(".")[0]
# The errors that reading a damaged or hostile file can raise.
_DAMAGE = (
    TypeError, ValueError, LookupError, AttributeError, RuntimeError, RecursionError, MemoryError,
)  # fmt: skip


class Packed(NamedTuple):
    """The result of an estimator's fit, in a form that pickle and skops can store.

    Attributes
    ----------
    archive : bytes
        An archive as `save` writes it, without skops files.
    objects : list
        The scikit-learn estimators, and the user's own objects, that the archive refers to.
    """

    archive: bytes
    objects: list[object]


class SavedEstimator(NamedTuple):
    """An estimator read from a file, and the result of its fit."""

    estimator: BaseEstimator
    fitted: Fitted


def write_estimator(estimator: BaseEstimator, fitted: Fitted, path: str | os.PathLike[str]) -> None:
    """Write an estimator and the result of its fit to a file that holds no code."""
    cls = type(estimator)
    if cls.__module__.partition(".")[0] != PACKAGE:
        raise ValueError(
            f"`save` writes the library's own estimators. Found a {cls.__name__} of the module "
            f"{cls.__module__!r}, which load_estimator doesn't know. Use pickle."
        )
    encoder = ModelEncoder()
    plain: dict[str, Json] = {}
    supplied: list[str] = []
    for name, value in _parameters(estimator, fitted).items():
        try:
            plain[name] = encoder.encode_parameter(name, value)
        except NotPlainError:
            # The user gave this module as `source`, and has to supply it under that name.
            of_source = name == "modalities" and isinstance(
                estimator.get_params(deep=False).get("source"), nn.Module
            )
            supplied.append("source" if of_source else name)
    state = _state(fitted)
    try:
        values = encoder.encode(state.values)
    except NotPlainError as error:
        raise ValueError(
            "The estimator can't be saved without code: a file can't hold one of its labels, "
            f"categories, task ids, dtypes or models: {error}. Use numbers and strings, models "
            "that skops can hold, or pickle."
        ) from error
    meta = {
        "format": FORMAT,
        "class": cls.__name__,
        "parameters": plain,
        "supplied": supplied,
        "fitted": values,
    }
    write_file(path, pack_archive(Archive(meta, state.tensors, encoder.members)))


def pack_estimator(estimator: BaseEstimator, fitted: Fitted) -> Packed:
    """Pack the result of an estimator's fit for pickle; the same fit gives the same bytes."""
    encoder, state = Encoder(), _state(fitted)
    meta = {
        "format": FORMAT,
        "parameters": {n: encoder.encode(v) for n, v in _parameters(estimator, fitted).items()},
        "fitted": encoder.encode(state.values),
    }
    return Packed(pack_archive(Archive(meta, state.tensors, [])), encoder.objects)


def unpack_estimator(estimator: BaseEstimator, packed: Mapping[str, Any]) -> Fitted:
    """Unpack the result of an estimator's fit.

    Parameters
    ----------
    estimator : estimator
        An estimator of the class that was packed.
    packed : mapping
        The fields of what `pack_estimator` returned.

    Raises
    ------
    ValueError
        If the archive is damaged.
    """
    try:
        decoder = Decoder(packed["objects"])
        archive = read_archive(io.BytesIO(packed["archive"]))
        _check_format(archive.meta)
        given = {name: decoder.decode(v) for name, v in archive.meta["parameters"].items()}
        state = State(decoder.decode(archive.meta["fitted"]), dict(archive.tensors))
        return _restore(type(estimator)(**given), state)
    except _DAMAGE as error:
        raise ValueError(f"The pickled estimator is not intact: {error}.") from error


def read_estimator(
    path: str | os.PathLike[str],
    classes: Mapping[str, type[BaseEstimator]],
    parts: Mapping[str, object],
    trusted: Sequence[str],
) -> SavedEstimator:
    """Read an estimator, whose class is one of `classes`, from a file.

    `parts` are values of parameters that the file does not hold, by name. `trusted` are full names
    of further types that scikit-learn models in the file may be made of.
    """
    try:
        archive = read_archive(path)
        meta = archive.meta
        _check_format(meta)
        cls, needed = classes[meta["class"]], list(meta["supplied"])
        decoder = Decoder(load_models(path, archive.members, trusted))
        given = {name: decoder.decode(value) for name, value in meta["parameters"].items()}
        state = State(decoder.decode(meta["fitted"]), dict(archive.tensors))
        if not all(isinstance(name, str) for name in needed):
            raise ValueError(f"its 'supplied' is {needed!r}")
    except (FileNotFoundError, UntrustedError):
        raise
    except _DAMAGE as error:
        raise _unfit(path, error) from error
    _check_parts(path, cls, needed, parts)
    try:
        given_parts = dict(parts)
        if "source" in needed:
            source, columns = cast(nn.Module, given_parts.pop("source")), _columns(state).as_list()
            given_parts["modalities"] = modalities_around(source, columns)
        estimator = cls(**{**given, **given_parts})
        return SavedEstimator(estimator, _restore(estimator, state))
    except _DAMAGE as error:
        raise _unfit(path, error) from error


def _parameters(estimator: BaseEstimator, fitted: Fitted) -> dict[str, object]:
    """The parameters of the fit except `source`, whose weights the network already has."""
    names = [name for name in estimator.get_params(deep=False) if name != "source"]
    return {name: getattr(fitted.model.settings, name) for name in names}


def _state(fitted: Fitted) -> State:
    """The result of a fit as plain values and tensors."""
    values: dict[str, object] = {
        "n_features_in": fitted.columns.n,
        "feature_names_in": fitted.columns.names,
        "history": [dict(epoch) for epoch in fitted.history],
        "forgetting": fitted.forgetting,
    }
    return State(values).with_parts({"model": state_of(fitted.model)})


def _check_format(meta: Json) -> None:
    if meta["format"] != FORMAT:
        raise ValueError(f"its format is {meta['format']!r}; this version reads {FORMAT}")


def _columns(state: State) -> InputColumns:
    """The number and names of the columns of X, read from the state of a fit's result."""
    n_columns = state.entry("n_features_in", int)
    names = state.optional("feature_names_in", np.ndarray)
    if n_columns < 1 or (names is not None and names.shape != (n_columns,)):
        raise ValueError(f"its 'n_features_in' is {n_columns!r}")
    return InputColumns(n_columns, names)


def _restore(estimator: BaseEstimator, state: State) -> Fitted:
    """Restore the result of a fit from what `_state` returned.

    The estimator has the parameters of the fit.
    """
    estimator._validate_params()
    columns, model = _columns(state), state.part("model")
    parameters = estimator.get_params(deep=False)
    chosen = model.entry("chosen", dict)
    if not set(chosen) <= set(parameters):
        raise ValueError(f"its 'chosen' is {chosen!r}")
    type(estimator)(**{**parameters, **chosen})._validate_params()
    settings = Settings.of(parameters).of_paradigm()
    history = state.entry("history", list)
    if not all(isinstance(epoch, dict) for epoch in history):
        raise ValueError(f"its 'history' is {history!r}")
    return Fitted(
        model=rebuild(settings, model, columns.n),
        history=History(history),
        columns=columns,
        forgetting=state.optional("forgetting", dict),
    )


def _check_parts(
    path: object, cls: type[BaseEstimator], needed: list[str], parts: Mapping[str, object]
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


def _unfit(path: object, error: Exception) -> ValueError:
    return ValueError(f"{str(path)!r} is no intact file of a saved estimator: {error}.")
