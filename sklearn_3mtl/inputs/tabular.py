"""Turn the table's columns into tensors: numbers are scaled, categories coded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np
import pandas as pd
import torch

from sklearn_3mtl.data.state import State, are_positions
from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.inputs.numeric_coding import (
    CLIP,
    LARGE,
    MAX_ALL_BINS,
    NumericColumn,
    code_column,
    n_bins_of,
)

__all__ = ["TabularInputs"]

# Rows read at once, and rows scaled at once: so few that they stay in the processor's cache.
READ_ROWS, CODE_ROWS = 16_384, 2048
MAX_QUANTILE_ROWS = 20_000
MISSING_CODE, UNSEEN_CODE, FIRST_CODE = 0, 1, 2
_ONE = torch.ones((), dtype=torch.float32)


@dataclass
class TabularInputs:
    """Turns the columns of a table into a numeric and a categorical tensor.

    Numbers are centred on the median, divided by the interquartile range and clipped smoothly to
    (-3, 3) by ``x / sqrt(1 + (x / 3)**2)`` (Holzmueller et al., "Better by default", arXiv
    2407.04491, appendix A). A missing number becomes 0; a column in which some numbers were missing
    in `fit` gets an indicator column. Categories become codes: 0 if missing, 1 if unseen in `fit`,
    then the known categories in sorted order.

    Attributes
    ----------
    numeric, categorical : list of int
        Positions of the numeric and of the categorical columns.
    center, scale : ndarray of shape (len(numeric),)
        What is subtracted from a number, and what the result is multiplied by.
    gaps : ndarray of int
        Indices in `numeric` of the columns that have an indicator.
    categories : list of ndarray
        The known values of each categorical column.
    edges : list of ndarray
        The bin edges of each numeric column, on the scale of the coded numbers, in rising order.
    """

    numeric: list[int] = field(default_factory=list)
    categorical: list[int] = field(default_factory=list)
    center: np.ndarray = field(default_factory=lambda: np.zeros(0))
    scale: np.ndarray = field(default_factory=lambda: np.zeros(0))
    gaps: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    categories: list[np.ndarray] = field(default_factory=list)
    edges: list[np.ndarray] = field(default_factory=list)

    @property
    def n_numeric(self) -> int:
        """The width of the numeric tensor: numeric columns and missing-value indicators."""
        return len(self.numeric) + len(self.gaps)

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """The number of codes of each categorical column, missing and unseen included."""
        return tuple(len(values) + FIRST_CODE for values in self.categories)

    def fit(
        self,
        table: InputTable,
        columns: Sequence[int],
        categorical: Sequence[int],
        random: np.random.Generator,
        most_bins: int = MAX_ALL_BINS,
    ) -> TabularInputs:
        """Fit the coding of each column.

        Parameters
        ----------
        table : InputTable
            The rows to fit on.
        columns : sequence of int
            Positions of the columns to code.
        categorical : sequence of int
            Which of them to treat as categories.
        random : numpy.random.Generator
            Draws the rows from which the quantiles of a long table are computed.
        most_bins : int, default=512
            The most bins that all numeric columns may have together.
        """
        self.categorical = [position for position in columns if position in set(categorical)]
        self.numeric = [position for position in columns if position not in set(categorical)]
        rows = None
        if table.n_rows > MAX_QUANTILE_ROWS:
            rows = np.sort(random.choice(table.n_rows, MAX_QUANTILE_ROWS, replace=False))
        # One column at a time: reading all of them at once would copy the table.
        columns_read = [NumericColumn.of(table.numbers([j])[:, 0], rows) for j in self.numeric]
        n_bent = sum(column.is_bent for column in columns_read)
        n_bins = n_bins_of(table.n_rows, n_bent, most_bins)
        coding = [code_column(column, n_bins) for column in columns_read]
        self.center = np.array([column.center for column in coding])
        self.scale = np.array([column.scale for column in coding])
        self.gaps = np.flatnonzero([column.has_gaps for column in coding])
        self.edges = [column.edges for column in coding]
        self.categories = [_categories(table, position) for position in self.categorical]
        return self

    def moved(self, place: Mapping[int, int]) -> TabularInputs:
        """A copy for tables with columns in other places; `place` maps old positions to new."""
        numeric, categorical = ([place[p] for p in old] for old in (self.numeric, self.categorical))
        return replace(self, numeric=numeric, categorical=categorical)

    def transform(self, table: InputTable) -> dict[str, torch.Tensor]:
        """Turn rows into tensors.

        Returns
        -------
        inputs : dict
            ``"numeric"``: float32 of shape (n_samples, n_numeric), and, where there are categorical
            columns, ``"categorical"``: int64 of shape (n_samples, n_categorical).

        Raises
        ------
        ValueError
            If a number is infinite. The message names the column.
        """
        numeric = torch.empty((table.n_rows, self.n_numeric), dtype=torch.float32)
        categorical = []
        for number, block in enumerate(self.blocks(table)):
            start = number * READ_ROWS
            numeric[start : start + len(block["numeric"])] = block["numeric"]
            categorical += [block["categorical"]] if self.categorical else []
        inputs = {"numeric": numeric}
        return {**inputs, "categorical": torch.cat(categorical)} if categorical else inputs

    def blocks(self, table: InputTable) -> Iterator[dict[str, torch.Tensor]]:
        """Turn rows into tensors, `READ_ROWS` of them at a time."""
        codes = torch.from_numpy(self._codes(table)) if self.categorical else None
        center, scale = torch.from_numpy(self.center), torch.from_numpy(self.scale)
        for start in range(0, table.n_rows, READ_ROWS):
            numbers = table.numbers(self.numeric, start, start + READ_ROWS)
            numeric = torch.empty((len(numbers), self.n_numeric), dtype=torch.float32)
            for row in range(0, len(numbers), CODE_ROWS):
                some = numbers[row : row + CODE_ROWS]
                # A copy: the user's array may be read-only, and is never written to.
                copied = torch.from_numpy(some.astype(np.float64, order="C"))
                coded = copied.sub_(center).mul_(scale).float()
                self._finish(table, some, coded, numeric[row : row + CODE_ROWS])
            block = {"numeric": numeric}
            if codes is not None:
                block["categorical"] = codes[start : start + READ_ROWS]
            yield block

    def _finish(
        self, table: InputTable, numbers: np.ndarray, coded: torch.Tensor, out: torch.Tensor
    ) -> None:
        """Clip scaled numbers, set missing ones to 0, and write them and indicators to `out`."""
        # One product shows whether a number is missing, infinite, or too large to be squared.
        flat = coded.view(-1)
        if not math.isfinite(flat.dot(flat).item()):
            self._refuse_infinite(table, numbers)
            missing = torch.from_numpy(np.isnan(numbers))
            coded.nan_to_num_(0.0, LARGE, -LARGE).clamp_(-LARGE, LARGE).masked_fill_(missing, 0.0)
            out[:, len(self.numeric) :] = missing[:, self.gaps]
        elif len(self.gaps):
            out[:, len(self.numeric) :] = 0.0
        root = torch.addcmul(_ONE, coded, coded, value=CLIP**-2).rsqrt_()
        out[:, : len(self.numeric)] = coded.mul_(root).clamp_(-CLIP, CLIP)

    def _refuse_infinite(self, table: InputTable, numbers: np.ndarray) -> None:
        infinite = np.isinf(numbers).any(axis=0)
        if infinite.any():
            names = [table.label(self.numeric[i]) for i in np.flatnonzero(infinite)]
            raise ValueError(
                f"Input X contains infinity in column(s) {', '.join(names)}. "
                "Use NaN for a missing number, or a large finite one."
            )

    def _codes(self, table: InputTable) -> np.ndarray:
        codes = np.empty((table.n_rows, len(self.categorical)), dtype=np.int64)
        for index, position in enumerate(self.categorical):
            known = dict(zip(self.categories[index], count(FIRST_CODE), strict=False))
            values, positions = table.distinct_values(position)
            found = np.fromiter((known.get(v, UNSEEN_CODE) for v in values), np.int64, len(values))
            found[pd.isna(values)] = MISSING_CODE
            if positions is not None:
                found = np.append(found, MISSING_CODE)[positions]
            codes[:, index] = found
        return codes

    def state(self) -> State:
        """The fitted coding of each column, for saving."""
        values = {
            "numeric": self.numeric,
            "categorical": self.categorical,
            "gaps": self.gaps,
            "categories": self.categories,
            "edges": self.edges,
        }
        return State.of(values, {"center": self.center, "scale": self.scale})

    @classmethod
    def restore(cls, state: State, n_columns: int) -> TabularInputs:
        """Restore the coding of tables with `n_columns` columns from its state.

        Raises
        ------
        ValueError
            If its parts don't fit together.
        """
        inputs = cls(
            state.positions("numeric", n_columns),
            state.positions("categorical", n_columns),
            state.array("center", np.float64),
            state.array("scale", np.float64),
            state.entry("gaps", np.ndarray),
            state.entry("categories", list),
            state.entry("edges", list),
        )
        n_numeric = len(inputs.numeric)
        checks = {
            "gaps": inputs.gaps.dtype.kind == "i"
            and are_positions(inputs.gaps.tolist(), n_numeric),
            "categories": len(inputs.categories) == len(inputs.categorical)
            and all(isinstance(values, np.ndarray) for values in inputs.categories),
            "edges": len(inputs.edges) == n_numeric and all(map(_are_edges, inputs.edges)),
            "numeric": len(inputs.center) == len(inputs.scale) == n_numeric,
        }
        for name, holds in checks.items():
            if not holds:
                raise ValueError(f"its {name!r} is {getattr(inputs, name)!r}")
        return inputs


def _are_edges(edges: object) -> bool:
    return isinstance(edges, np.ndarray) and bool((np.diff(edges) > 0).all())


def _categories(table: InputTable, position: int) -> np.ndarray:
    column = table.category_values(position)
    values = pd.unique(column[~pd.isna(column)])
    try:
        return np.asarray(sorted(values), dtype=object)
    except TypeError:
        return np.asarray(sorted(values, key=lambda v: (type(v).__name__, str(v))), dtype=object)
