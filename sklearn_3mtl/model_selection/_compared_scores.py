"""Fit and score models split by split, and summarise the scores."""

from __future__ import annotations

import time
import warnings
from collections.abc import Hashable, Mapping
from typing import NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.utils import Tags, TargetTags, _safe_indexing
from sklearn.utils.validation import _num_samples

from sklearn_3mtl.data.columns import read_targets
from sklearn_3mtl.data.kinds import Kind
from sklearn_3mtl.model_selection._compared_methods import (
    METHODS,
    Model,
    Models,
    Scorer,
    Split,
    Unit,
)

__all__ = ["Compared", "means_over_targets", "summary_of"]


class Compared(NamedTuple):
    """The data and the scorers, which are the same for all methods.

    Attributes
    ----------
    X, Y : the inputs, and the labels
    kinds : dict of target name to Kind
    scorers : dict of target name to (str, callable)
        The name of each target's metric, and its scorer.
    error_score : float or "raise"
        The score of a model that fails to fit or predict.
    """

    X: ArrayLike
    Y: ArrayLike
    kinds: Mapping[Hashable, Kind]
    scorers: Mapping[Hashable, tuple[str, Scorer]]
    error_score: float | str

    def score_split(
        self, method: str, models: Models, number: int, split: Split
    ) -> list[dict[str, object]]:
        """Fit and score all models of a method on one split; returns a row for each target."""
        train, test = (np.arange(_num_samples(self.X))[part] for part in split)
        targets, X_test = read_targets(self.Y), _safe_indexing(self.X, test)
        columns = dict(zip(targets.names, targets.columns, strict=True))
        rows: list[dict[str, object]] = []
        seconds = 0.0
        for unit, model in models.items():
            label = self.Y if len(unit) > 1 else columns[unit[0]].rename(cast(str, unit[0]))
            values: dict[Hashable, float] = {}
            start = time.perf_counter()
            try:
                fitted = self._fit(model, method, label, train, unit)
                made = read_targets(fitted.predict(X_test))
                seconds += time.perf_counter() - start
                for position, name in enumerate(unit):
                    known = columns[name].iloc[test].notna().to_numpy()
                    if known.any():
                        kind = self.kinds[name]
                        predicted = made.columns[position][known]
                        seen = _Seen(fitted, X_test, kind, position, known, predicted)
                        truth = _plain(columns[name].iloc[test[known]], kind)
                        score = self.scorers[name][1]
                        values[name] = score(seen, _safe_indexing(X_test, known), truth)
            except Exception as error:
                told = f"{method!r} failed on split {number}, targets {list(unit)!r}"
                if isinstance(self.error_score, str):
                    error.add_note(f"compare_paradigms: {told}.")
                    raise
                warnings.warn(f"{told}: {error!r}", FitFailedWarning, stacklevel=2)
                tested = [name for name in unit if columns[name].iloc[test].notna().any()]
                values = dict.fromkeys(tested, self.error_score)
            rows += [
                {"split": number, "target": name, "method": method,
                 "metric": self.scorers[name][0], "score": float(value),
                 "ratio": len(test) / len(train)}
                for name, value in values.items()
            ]  # fmt: skip
        return [{**row, "seconds": seconds} for row in rows]

    def _fit(
        self, model: Model, method: str, label: ArrayLike, train: np.ndarray, unit: Unit
    ) -> Model:
        """Fit a clone of a model on the training rows; a baseline gets only the labelled ones."""
        if method not in METHODS:
            column = cast(pd.Series, label)
            train = train[column.iloc[train].notna().to_numpy()]
            y = _plain(column.iloc[train], self.kinds[unit[0]])
        else:
            y = _safe_indexing(label, train)
        fitted: Model = clone(model).fit(_safe_indexing(self.X, train), y)
        return fitted


class _Seen:
    """A model of one target for a scorer, which returns predictions that were already made."""

    def __init__(
        self,
        model: Model,
        X: ArrayLike,
        kind: Kind,
        position: int,
        known: np.ndarray,
        predicted: pd.Series,
    ) -> None:
        self.model, self.X, self.kind, self.position = model, X, kind, position
        self.known, self.predicted = known, predicted
        classes = getattr(model, "classes_", None)
        self.classes_ = classes[position] if isinstance(classes, list) else classes

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the predictions that were made before, whatever X is."""
        return _plain(self.predicted, self.kind)

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the class probabilities of the test rows with a label, whatever X is."""
        given = self.model.predict_proba(self.X)
        proba = np.asarray(given[self.position] if isinstance(given, list) else given)
        found: np.ndarray = proba[self.known]
        return found

    def __sklearn_tags__(self) -> Tags:
        of = "classifier" if self.kind.has_classes else "regressor"
        return Tags(estimator_type=of, target_tags=TargetTags(required=True))


def _plain(column: pd.Series, kind: Kind) -> np.ndarray:
    return np.asarray(column.tolist(), dtype=None if kind.has_classes else np.float64)


def means_over_targets(
    scores: pd.DataFrame, methods: Mapping[str, Models], n_targets: int
) -> pd.DataFrame:
    """The mean score over targets in each split, for methods that were fitted to all targets.

    A mean is NaN if any of the scores is.
    """
    whole = [name for name, models in methods.items() if sum(map(len, models)) == n_targets]
    rows = []
    for (number, method), part in scores.groupby(["split", "method"], sort=False):
        if method in whole:
            metrics = part["metric"].unique()
            rows.append({
                "split": number, "target": "all", "method": method,
                "metric": metrics[0] if len(metrics) == 1 else "mean score",
                "score": part["score"].mean(skipna=False),
                "ratio": part["ratio"].iloc[0], "seconds": part["seconds"].iloc[0],
            })  # fmt: skip
    return pd.DataFrame(rows)


def _interval(
    values: pd.Series, ratio: pd.Series, confidence: float, corrected: bool
) -> tuple[float, float, float]:
    """The mean and its t-interval; if `corrected`, with the variance of Nadeau and Bengio.

    They add the ratio of test rows to training rows to 1 / n_splits.
    """
    values = values.dropna()
    n, mean = len(values), float(values.mean())
    if n < 2:
        return mean, np.nan, np.nan
    spread = 1 / n + (float(ratio[values.index].mean()) if corrected else 0.0)
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * values.std(ddof=1) * np.sqrt(spread)
    return mean, mean - float(half), mean + float(half)


def summary_of(
    scores: pd.DataFrame, methods: list[str], reference: str, confidence: float, corrected: bool
) -> pd.DataFrame:
    rows = []
    for target, part in scores.groupby("target", sort=False):
        by_method = {name: rows.set_index("split") for name, rows in part.groupby("method")}
        for method in [name for name in methods if name in by_method]:
            own = by_method[method]
            mean, low, high = _interval(own["score"], own["ratio"], confidence, corrected)
            gap = (np.nan, np.nan, np.nan)
            if method != reference and reference in by_method:
                paired = own["score"] - by_method[reference]["score"]
                gap = _interval(paired, own["ratio"], confidence, corrected)
            rows.append({
                "target": target, "method": method, "metric": own["metric"].iloc[0],
                "score": mean, "low": low, "high": high, "n_splits": int(own["score"].count()),
                "difference": gap[0], "difference_low": gap[1], "difference_high": gap[2],
                "seconds": float(own["seconds"].mean()),
            })  # fmt: skip
    return pd.DataFrame(rows)
