"""The modalities of X: the columns and the encoder of each, and X as tensors."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral

import numpy as np
from torch import Tensor, nn

from sklearn_3mtl.data.state import State
from sklearn_3mtl.data.tables import InputTable, find_column
from sklearn_3mtl.inputs.array_columns import FrozenModule, Images, TrainedModule
from sklearn_3mtl.inputs.column_encoder import ColumnEncoder
from sklearn_3mtl.inputs.embedded import EmbeddedInputs
from sklearn_3mtl.inputs.modal_rows import ModalColumns
from sklearn_3mtl.inputs.numeric_coding import MAX_ALL_BINS
from sklearn_3mtl.inputs.pretrained import SentenceModel, TextObject
from sklearn_3mtl.inputs.tabular import READ_ROWS, TabularInputs
from sklearn_3mtl.inputs.text_vectors import WordWeights
from sklearn_3mtl.inputs.transformed import Transformer

__all__ = [
    "TABULAR",
    "ModalInputs",
    "encoder_kind",
    "has_vectors",
    "make_encoder",
    "read_modalities",
    "split_spec",
    "trains_modules",
]

TABULAR = "tabular"
DEFAULTS: dict[str, type[ColumnEncoder]] = {"text": WordWeights, "image": Images}
# Names that a modality can't have: those of the table's tensors, of the task ids and the prior.
RESERVED = frozenset({"numeric", "categorical", "group", "prior"})


def _is_frozen(module: nn.Module) -> bool:
    return not any(parameter.requires_grad for parameter in module.parameters())


# The class that wraps a user's encoder: the first whose test the encoder passes.
KINDS: tuple[tuple[Callable[[object], bool], type[ColumnEncoder]], ...] = (
    (lambda given: isinstance(given, str), SentenceModel),
    (lambda given: callable(getattr(given, "encode", None)), TextObject),
    (lambda given: isinstance(given, nn.Module) and _is_frozen(given), FrozenModule),
    (lambda given: isinstance(given, nn.Module), TrainedModule),
    (lambda given: hasattr(given, "transform") and hasattr(given, "__sklearn_tags__"), Transformer),
)


def split_spec(spec: object) -> tuple[object, object]:
    """Split an entry of `modalities` into the encoder (None: the default) and the columns."""
    return spec if isinstance(spec, tuple) and len(spec) == 2 else (None, spec)


def trains_modules(modalities: Mapping[str, object] | None) -> bool:
    """Whether any modality (a group of columns) is encoded by a module that is trained."""
    return any(
        encoder_kind(name, split_spec(spec)[0]) in (TrainedModule, Images)
        for name, spec in (modalities or {}).items()
    )


def has_vectors(modalities: Mapping[str, object] | None) -> bool:
    """Whether any modality is encoded as fixed vectors, which tend to have many dimensions."""
    kinds = [encoder_kind(n, split_spec(s)[0]) for n, s in (modalities or {}).items()]
    return any(kind not in (None, TrainedModule, Images) for kind in kinds)


def encoder_kind(name: str, given: object) -> type[ColumnEncoder] | None:
    """The ColumnEncoder class that wraps the user's encoder of a modality; None if none fits."""
    if given is None:
        return DEFAULTS.get(name)
    return next((kind for test, kind in KINDS if test(given)), None)


@dataclass
class ModalInputs:
    """Turns X into tensors: those of the tabular columns, and one for each further modality.

    Attributes
    ----------
    tabular : TabularInputs
        The table's columns; it may have none.
    embedded : dict of modality name to EmbeddedInputs
        The further modalities, in the user's order.
    """

    tabular: TabularInputs = field(default_factory=TabularInputs)
    embedded: dict[str, EmbeddedInputs] = field(default_factory=dict)

    def fit(
        self,
        table: InputTable,
        columns: Sequence[int],
        categorical: Sequence[int],
        random: np.random.Generator,
        most_bins: int = MAX_ALL_BINS,
    ) -> ModalInputs:
        """Fit the coding of each modality.

        Parameters
        ----------
        table : InputTable
            The rows to fit on.
        columns : sequence of int
            Positions of the tabular columns.
        categorical : sequence of int
            Which of them hold categories.
        random : numpy.random.Generator
            Draws rows, as `TabularInputs.fit` says.
        most_bins : int, default=512
            The most bins that all numeric columns may have together.
        """
        self.tabular.fit(table, columns, categorical, random, most_bins)
        for inputs in self.embedded.values():
            inputs.fit(table)
        return self

    def moved(self, place: Mapping[int, int]) -> ModalInputs:
        """A copy for tables with columns in other places; `place` maps old positions to new."""
        embedded = {name: inputs.moved(place) for name, inputs in self.embedded.items()}
        return ModalInputs(self.tabular.moved(place), embedded)

    def transform(self, table: InputTable) -> dict[str, Tensor]:
        """Turn rows into tensors.

        Returns
        -------
        inputs : dict
            What `TabularInputs.transform` returns, and a float32 tensor for each further modality.
        """
        further = {name: inputs.transform(table) for name, inputs in self.embedded.items()}
        return {**self.tabular.transform(table), **further}

    def blocks(self, table: InputTable) -> Iterator[dict[str, Tensor]]:
        """Turn rows into tensors, `READ_ROWS` of them at a time."""
        for number, block in enumerate(self.tabular.blocks(table)):
            start = number * READ_ROWS
            for name, inputs in self.embedded.items():
                block[name] = inputs.transform(table, start, start + READ_ROWS)
            yield block

    def state(self) -> State:
        """What `fit` learned about the table and each further modality, for saving."""
        further = {str(number): each.state() for number, each in enumerate(self.embedded.values())}
        embedded = State({"n_modalities": len(further)}).with_parts(further)
        return State({}).with_parts({"tabular": self.tabular.state(), "embedded": embedded})

    @classmethod
    def restore(
        cls, state: State, modalities: Mapping[str, object] | None, n_columns: int
    ) -> ModalInputs:
        """Restore the inputs from their state.

        Parameters
        ----------
        state : State
            What the method `state` returned.
        modalities : mapping of modality name to spec, or None
            The estimator's parameter.
        n_columns : int
            Number of columns of X.

        Raises
        ------
        ValueError
            If the parts don't fit together, or the modalities are not those of the parameter.
        """
        parts = state.part("embedded")
        known = [parts.part(str(n)) for n in range(parts.entry("n_modalities", int))]
        given = {name: spec for name, spec in (modalities or {}).items() if name != TABULAR}
        if [part.entry("name", str) for part in known] != list(given):
            raise ValueError("its modalities are not those of the parameter")
        embedded = {}
        for part, (name, spec) in zip(known, given.items(), strict=True):
            positions, alone = part.positions("positions", n_columns), part.entry("alone", bool)
            encoder = make_encoder(ModalColumns(name, positions, alone), split_spec(spec)[0])
            embedded[name] = EmbeddedInputs(encoder).restore(part)
        return cls(TabularInputs.restore(state.part("tabular"), n_columns), embedded)


def read_modalities(
    given: Mapping[str, object] | None, table: InputTable, ids: Mapping[int, str]
) -> tuple[list[int], dict[str, EmbeddedInputs]]:
    """The positions of the tabular columns, and the unfitted inputs of each further modality.

    Parameters
    ----------
    given : mapping of modality name to spec, or None
        The estimator's parameter.
    table : InputTable
        X.
    ids : mapping of int to str
        Positions of the columns that are not inputs, with the parameter that names each.

    Raises
    ------
    ValueError, TypeError
        If a modality is invalid. The message names it.
    """
    given = {} if given is None else dict(given)
    found = {name: _columns(name, split_spec(spec)[1], table, ids) for name, spec in given.items()}
    tabular = found.pop(TABULAR, None)
    if tabular is None:
        named = {position for columns in found.values() for position in columns.positions}
        rest = [p for p in range(table.n_columns) if p not in ids and p not in named]
    else:
        rest = sorted(tabular.positions)
    encoders = {n: make_encoder(c, split_spec(given[n])[0]) for n, c in found.items()}
    _refuse_encoder_of_table(given)
    return rest, {name: EmbeddedInputs(encoder) for name, encoder in encoders.items()}


def _columns(name: str, spec: object, table: InputTable, ids: Mapping[int, str]) -> ModalColumns:
    parameter = f"modalities[{name!r}]"
    if not isinstance(name, str) or not _may_be_called(name):
        raise ValueError(
            f"`modalities` has the name {name!r}; a modality's name is a string without dots, and "
            f"none of {sorted(RESERVED)!r} or of the methods of an nn.ModuleDict."
        )
    alone = isinstance(spec, str | Integral)
    names: list[Hashable] = [spec] if alone else list(spec) if isinstance(spec, list) else []
    if not names:
        raise ValueError(
            f"`{parameter}` should be a column's name, a list of names, or a pair "
            f"(encoder, columns). Found {spec!r}."
        )
    positions = [_find(table, column, parameter) for column in names]
    for position in set(positions) & set(ids):
        raise ValueError(
            f"`{ids[position]}` and `{parameter}` both name the column {table.label(position)}; "
            f"{ids[position]} ids are no input."
        )
    if len(set(positions)) < len(positions):
        raise ValueError(f"`{parameter}` names a column twice: {names!r}.")
    return ModalColumns(name, positions, alone)


def _find(table: InputTable, column: object, parameter: str) -> int:
    if isinstance(column, Hashable):
        return find_column(table, column, parameter)
    raise ValueError(f"`{parameter}` should name columns of X. Found {column!r}.")


def _may_be_called(name: str) -> bool:
    return bool(name) and "." not in name and name not in RESERVED and (
        not hasattr(nn.ModuleDict, name)
    )  # fmt: skip


def make_encoder(columns: ModalColumns, given: object) -> ColumnEncoder:
    """Make the unfitted encoder of a modality; `given` is the user's, or None for the default."""
    name = columns.modality
    kind = encoder_kind(name, given)
    if isinstance(given, type) or (kind is None and given is not None):
        raise TypeError(
            f"`modalities[{name!r}]`: an encoder is the name or folder of a sentence-transformers "
            "model, a scikit-learn transformer, an object with `encode(list of texts)`, or an "
            f"nn.Module. Found {given!r}."
        )
    if kind is None:
        raise ValueError(
            f"`modalities[{name!r}]` has no encoder; only {[TABULAR, *DEFAULTS]!r} have one by "
            "default. Give a pair: (encoder, columns)."
        )
    if kind is Images and len(columns.positions) > 1:
        raise ValueError(
            f"`modalities[{name!r}]` names {len(columns.positions)} columns; an image is one array "
            "in one column. Give each column a modality of its own."
        )
    return kind(columns, given)


def _refuse_encoder_of_table(given: Mapping[str, object]) -> None:
    encoder, _ = split_spec(given.get(TABULAR))
    if encoder is not None:
        raise ValueError(
            f"`modalities['{TABULAR}']` takes columns and no encoder. Found an encoder, a "
            f"{type(encoder).__name__}; give that modality another name."
        )
