"""Thousands of small groups: known ones on the published folds, and new ones from few rows.

`many_groups` (Sigrist, "A comparison of machine learning methods for data with high-cardinality
categorical variables", arXiv 2307.02071): wages of 4,696 women, and the danceability of songs,
whose ids cross; there the artist is the group, and the other ids are categories. The score is the
mean squared error.

Known groups: the paper's five folds. New groups: a fifth of the groups is held out; 0, 1, 5 and 20
rows of each are given, the other rows are predicted.

Beside ours with its defaults: ridge and gradient boosting with 100 and 400 trees, pooled and with a
shrunk intercept per group; where they are installed, LightGBM and CatBoost with the id as a
category, GPBoost, a linear mixed model of statsmodels and MERF. All have one thread. Run as
``python benchmarks/groups.py``; ``--sets wages --folds 2 --peers gpboost`` runs a part.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import torch
from _baselines import CatBoost
from _shrunk import ShrunkIntercept
from _tables import data_folder, print_table
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder

from sklearn_3mtl import MetaRegressor, MultiTaskRegressor

SETS = {
    "wages": ("ln_wage", "idcode", []),
    "spotify": ("danceability", "artist_id", ["album_id", "playlist_id", "subgenre_id"]),
}
PUBLISHED = {
    "wages": {"linear mixed model": 0.321, "LightGBM": 0.1019, "CatBoost": 0.0920,
              "GPBoost": 0.0830},
    "spotify": {"linear mixed model": 0.0111, "LightGBM": 0.0086, "CatBoost": 0.0085,
                "GPBoost": 0.0089, "LMMNN": 0.0093},
}  # fmt: skip
PEERS = ("lightgbm", "catboost", "gpboost", "statsmodels", "merf")
SHOTS = (0, 1, 5, 20)
Rows = tuple[pd.DataFrame, pd.Series]


def load(name: str) -> tuple[pd.DataFrame, pd.Series, pd.Series, str, list[str]]:
    """Inputs with the id, target, fold, the id's name and the other ids, which are categories."""
    target, group, others = SETS[name]
    frame = pd.read_parquet(data_folder("many_groups") / f"{name}.parquet")
    frame[others] = frame[others].astype("category")
    X = frame.drop(columns=[target, "fold"])
    X[group] = X[group].astype(int)
    return X, frame[target].astype(float), frame["fold"], group, others


def pooled(model: Any, others: list[str]) -> Any:
    """A model that reads the other ids as the mean of the target, by cross-fitting."""
    encode = make_column_transformer(
        (TargetEncoder(random_state=0), others), remainder="passthrough"
    )
    return (
        make_pipeline(encode, StandardScaler(), model)
        if others
        else make_pipeline(StandardScaler(), model)
    )


class Ours:
    """Our estimators."""

    def __init__(self, cls: Any, group: str) -> None:
        self.model = cls(task=group, random_state=0)

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Ours:
        """Fit."""
        self.model.fit(X, y)
        return self

    def predict(self, X: pd.DataFrame, given: Rows | None = None) -> np.ndarray:
        """Predict, after an adaptation to the given rows of new groups."""
        model = self.model
        if given is not None and len(given[0]):
            model = model.adapt(*given)
        return np.ravel(model.predict(X))


class Pooled:
    """A pooled model, with a shrunk intercept per group or without."""

    def __init__(self, model: Any, group: str, *, shrunk: bool) -> None:
        self.group, self.shrunk, self.model = group, shrunk, ShrunkIntercept(model)

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Pooled:
        """Fit."""
        inputs = X.drop(columns=self.group)
        if self.shrunk:
            self.model.fit(inputs, y, X[self.group])
        else:
            self.model.model.fit(inputs, y)
        return self

    def predict(self, X: pd.DataFrame, given: Rows | None = None) -> np.ndarray:
        """Predict, with intercepts from the given rows of new groups."""
        inputs = X.drop(columns=self.group)
        if not self.shrunk:
            return np.ravel(self.model.model.predict(inputs))
        if given is not None and len(given[0]):
            self.model.adapt(given[0].drop(columns=self.group), given[1], given[0][self.group])
        return self.model.predict(inputs, X[self.group])


class Refitted:
    """A model that reads the id, and is fitted again with the given rows of new groups."""

    def __init__(self, fit: Callable[[pd.DataFrame, pd.Series], Callable[..., np.ndarray]]) -> None:
        self.fitted = fit

    def fit(self, X: pd.DataFrame, y: pd.Series) -> Refitted:
        """Fit."""
        self.rows, self.model = (X, y), self.fitted(X, y)
        return self

    def predict(self, X: pd.DataFrame, given: Rows | None = None) -> np.ndarray:
        """Predict, after another fit if rows are given."""
        model = self.model
        if given is not None and len(given[0]):
            model = self.fitted(
                pd.concat([self.rows[0], given[0]]), pd.concat([self.rows[1], given[1]])
            )
        return np.ravel(model(X))


def lightgbm(group: str, others: list[str]) -> Refitted:
    """LightGBM with its defaults, ids as categories."""
    import lightgbm

    def fit(X: pd.DataFrame, y: pd.Series) -> Callable[..., np.ndarray]:
        names = [group, *others]
        model = lightgbm.LGBMRegressor(n_jobs=1, verbose=-1)
        model.fit(X.astype(dict.fromkeys(names, int)), y, categorical_feature=names)
        return lambda rows: model.predict(rows.astype(dict.fromkeys(names, int)))

    return Refitted(fit)


def catboost(group: str, others: list[str]) -> Refitted:
    """CatBoost with its defaults, ids as categories."""

    def named(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.astype(dict.fromkeys([group, *others], str))

    def fit(X: pd.DataFrame, y: pd.Series) -> Callable[..., np.ndarray]:
        model = CatBoost(named(X), is_classification=False, seed=0).fit(named(X), y)
        return lambda rows: model.predict(named(rows))

    return Refitted(fit)


def gpboost(group: str, others: list[str], rounds: int, depth: int) -> Refitted:
    """GPBoost: trees at a rate of .01, and a random intercept for every id.

    At its default rate of .1 the error is .15 on one fold of the wages: it overfits.
    """
    import gpboost

    def fit(X: pd.DataFrame, y: pd.Series) -> Callable[..., np.ndarray]:
        names = [group, *others]
        ids = X[names].astype(str).to_numpy()
        effects = gpboost.GPModel(group_data=ids, likelihood="gaussian")
        inputs = X.drop(columns=names).to_numpy(dtype=float)
        options = {
            "learning_rate": 0.01, "max_depth": depth, "min_data_in_leaf": 100, "verbose": -1,
            "num_threads": 1,
        }  # fmt: skip
        model = gpboost.train(
            options, gpboost.Dataset(inputs, y.to_numpy()), rounds, gp_model=effects
        )
        return lambda rows: model.predict(
            rows.drop(columns=names).to_numpy(dtype=float),
            group_data_pred=rows[names].astype(str).to_numpy(),
        )["response_mean"]

    return Refitted(fit)


def mixed_linear(group: str, others: list[str]) -> Refitted:
    """A linear mixed model with a random intercept per group, by statsmodels."""
    import statsmodels.api as sm

    def fit(X: pd.DataFrame, y: pd.Series) -> Callable[..., np.ndarray]:
        def inputs(rows: pd.DataFrame) -> np.ndarray:
            scaled = (rows.drop(columns=[group, *others]) - mean) / spread
            return sm.add_constant(scaled.to_numpy(dtype=float), has_constant="add")

        plain = X.drop(columns=[group, *others])
        mean, spread = plain.mean(), plain.std().replace(0, 1)
        found = sm.MixedLM(y.to_numpy(), inputs(X), groups=X[group].to_numpy()).fit()
        own = {name: float(effect.iloc[0]) for name, effect in found.random_effects.items()}
        return lambda rows: inputs(rows) @ found.fe_params + rows[group].map(own).fillna(0.0)

    return Refitted(fit)


def merf(group: str, others: list[str]) -> Refitted:
    """MERF: boosting and a random intercept per group, alternating ten times."""
    from merf import MERF

    def fit(X: pd.DataFrame, y: pd.Series) -> Callable[..., np.ndarray]:
        def parts(rows: pd.DataFrame) -> tuple[Any, ...]:
            inputs = rows.drop(columns=[group, *others]).reset_index(drop=True).astype(float)
            return inputs, np.ones((len(rows), 1)), rows[group].reset_index(drop=True)

        model = MERF(HistGradientBoostingRegressor(random_state=0), max_iterations=10)
        model.fit(*parts(X), y.reset_index(drop=True))
        return lambda rows: model.predict(*parts(rows))

    return Refitted(fit)


def models(group: str, others: list[str], packages: Sequence[str]) -> dict[str, Callable[[], Any]]:
    """What is compared, as functions that make it; of the peers those of some packages."""
    found: dict[str, Callable[[], Any]] = {
        "MetaRegressor": lambda: Ours(MetaRegressor, group),
        "MultiTaskRegressor": lambda: Ours(MultiTaskRegressor, group),
    }
    simple = {
        "ridge": lambda: RidgeCV(np.logspace(-2, 4, 13)),
        "boosting, 100 trees": lambda: HistGradientBoostingRegressor(random_state=0),
        "boosting, 400 trees": lambda: HistGradientBoostingRegressor(
            max_iter=400, early_stopping=False, random_state=0
        ),
    }
    for name, make in simple.items():
        for shrunk in (False, True):
            title = f"{name} + shrunk intercept" if shrunk else name
            found[title] = lambda make=make, shrunk=shrunk: Pooled(
                pooled(make(), others), group, shrunk=shrunk
            )
    peers: dict[str, tuple[str, Callable[[], Any]]] = {
        "LightGBM": ("lightgbm", lambda: lightgbm(group, others)),
        "CatBoost": ("catboost", lambda: catboost(group, others)),
        "GPBoost, depth 10": ("gpboost", lambda: gpboost(group, others, 300, 10)),
        "GPBoost, depth 2": ("gpboost", lambda: gpboost(group, others, 1000, 2)),
        "linear mixed model": ("statsmodels", lambda: mixed_linear(group, others)),
        "MERF": ("merf", lambda: merf(group, others)),
    }
    return found | {name: make for name, (package, make) in peers.items() if package in packages}


def score(truth: pd.Series, guess: np.ndarray) -> float:
    """Mean squared error."""
    return float(np.mean((truth.to_numpy() - guess) ** 2))


def known(name: str, n_folds: int, packages: Sequence[str]) -> None:
    """Print the table of known groups, on the published folds."""
    X, y, fold, group, others = load(name)
    rows = {}
    for title, make in models(group, others, packages).items():
        errors, seconds = [], []
        for number in sorted(fold.unique())[:n_folds]:
            train, test = (fold != number).to_numpy(), (fold == number).to_numpy()
            start = time.perf_counter()
            model = make().fit(X[train], y[train])
            seconds.append(time.perf_counter() - start)
            errors.append(score(y[test], model.predict(X[test])))
        rows[title] = {
            "MSE": float(np.mean(errors)),
            "published": PUBLISHED[name].get(title.split(",")[0], ""),
            "fit (s)": float(np.mean(seconds)),
        }
        print(title, rows[title], flush=True)
    print(f"\n{name}, known groups, {n_folds} folds\n")
    print_table(pd.DataFrame(rows).T, digits=4)


def new(name: str, packages: Sequence[str]) -> None:
    """Print the table of new groups with few rows each."""
    X, y, _, group, others = load(name)
    train, held = next(GroupShuffleSplit(1, test_size=0.2, random_state=0).split(X, y, X[group]))
    order = np.random.default_rng(0).permutation(held)
    place = X.iloc[order].groupby(group).cumcount().to_numpy()
    counts = X.iloc[order][group].map(X.iloc[order][group].value_counts()).to_numpy()
    rows: dict[str, dict[str, float]] = {}
    for title, make in models(group, others, packages).items():
        fitted, rows[title] = make().fit(X.iloc[train], y.iloc[train]), {}
        for shots in (shots for shots in SHOTS if counts.max() >= shots + 2):
            enough = counts >= shots + 2
            given, test = order[enough & (place < shots)], order[enough & (place >= shots)]
            support = X.iloc[given], y.iloc[given]
            guess = fitted.predict(X.iloc[test], support)
            rows[title][f"{shots} rows"] = score(y.iloc[test], guess)
        print(title, rows[title], flush=True)
    print(f"\n{name}, new groups, MSE\n")
    print_table(pd.DataFrame(rows).T, digits=4)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--folds", type=int, default=5)
    installed = [package for package in PEERS if find_spec(package)]
    parser.add_argument("--peers", nargs="*", default=installed, choices=installed)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    for name in options.sets:
        known(name, options.folds, options.peers)
        new(name, options.peers)


if __name__ == "__main__":
    main()
