"""Estimators that ours are measured against, on tables with categories and gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def categories(X: pd.DataFrame) -> list[Any]:
    """The columns that hold categories."""
    return [name for name in X if not pd.api.types.is_numeric_dtype(X[name])]


def encoder(X: pd.DataFrame) -> ColumnTransformer:
    """Numbers imputed by the median and standardised, categories one-hot."""
    categorical = categories(X)
    numeric = [name for name in X if name not in categorical]
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
    )
    return ColumnTransformer(
        [
            ("numbers", numbers, numeric),
            ("categories", OneHotEncoder(handle_unknown="ignore"), categorical),
        ]
    )


def boosting(X: pd.DataFrame, is_classification: bool, seed: int, n_trees: int = 100) -> Any:
    """Histogram gradient boosting, which refuses a column without a value."""
    cls = HistGradientBoostingClassifier if is_classification else HistGradientBoostingRegressor
    filled = [name for name in X if X[name].notna().any()]
    kept = ColumnTransformer([("filled", "passthrough", filled)]).set_output(transform="pandas")
    return make_pipeline(kept, cls(max_iter=n_trees, random_state=seed))


def forest(X: pd.DataFrame, is_classification: bool, seed: int) -> Any:
    """A random forest with its defaults."""
    cls = RandomForestClassifier if is_classification else RandomForestRegressor
    return make_pipeline(encoder(X), cls(random_state=seed, n_jobs=-1))


def extra_trees(X: pd.DataFrame, is_classification: bool, seed: int) -> Any:
    """Extremely randomised trees with their defaults."""
    cls = ExtraTreesClassifier if is_classification else ExtraTreesRegressor
    return make_pipeline(encoder(X), cls(random_state=seed, n_jobs=-1))


def linear(X: pd.DataFrame, is_classification: bool, seed: int) -> Any:
    """Ridge or logistic regression, the penalty by cross-validation."""
    if is_classification:
        return make_pipeline(encoder(X), LogisticRegressionCV(Cs=np.logspace(-3, 2, 6)))
    return make_pipeline(encoder(X), RidgeCV(np.logspace(-2, 4, 13)))


def mlp(X: pd.DataFrame, is_classification: bool, seed: int) -> Any:
    """scikit-learn's MLP with its defaults, in a pipeline that scales and one-hot encodes."""
    cls = MLPClassifier if is_classification else MLPRegressor
    return make_pipeline(encoder(X), cls(random_state=seed))


class CatBoost:
    """CatBoost with its defaults, on one thread; categories are given as such."""

    def __init__(self, X: pd.DataFrame, is_classification: bool, seed: int) -> None:
        import catboost

        cls = catboost.CatBoostClassifier if is_classification else catboost.CatBoostRegressor
        self.categories = categories(X)
        self.model = cls(
            random_seed=seed,
            verbose=0,
            thread_count=torch.get_num_threads(),
            allow_writing_files=False,
            cat_features=self.categories,
        )

    def _prepared(self, X: pd.DataFrame) -> pd.DataFrame:
        named = {
            name: X[name].astype(object).map(str, na_action="ignore").fillna("missing")
            for name in self.categories
        }
        return X.assign(**named)

    def fit(self, X: pd.DataFrame, y: pd.Series) -> CatBoost:
        """Fit."""
        self.model.fit(self._prepared(X), y)
        return self

    def predict(self, X: pd.DataFrame) -> Any:
        """Predict."""
        return np.ravel(self.model.predict(self._prepared(X)))


class RealMLP:
    """RealMLP-TD of pytabkit with its defaults; gaps are filled, which it refuses."""

    def __init__(self, X: pd.DataFrame, is_classification: bool, seed: int) -> None:
        from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

        cls = RealMLP_TD_Classifier if is_classification else RealMLP_TD_Regressor
        # Its own default, all cores, is far slower where another process has one of them.
        self.model = cls(random_state=seed, device="cpu", n_threads=torch.get_num_threads())
        self.categories = {name: X[name].astype(object) for name in categories(X)}
        numbers = X.drop(columns=list(self.categories))
        self.medians = numbers.median().fillna(0.0)

    def _prepared(self, X: pd.DataFrame) -> pd.DataFrame:
        X = X.fillna(self.medians)
        for name, seen in self.categories.items():
            known = sorted({str(value) for value in seen.dropna()})
            values = X[name].astype(object).map(str, na_action="ignore")
            values = values.where(values.isin(known), "missing")
            X[name] = pd.Categorical(values, [*known, "missing"])
        return X

    def fit(self, X: pd.DataFrame, y: pd.Series) -> RealMLP:
        """Fit on filled rows."""
        self.model.fit(self._prepared(X), y)
        return self

    def predict(self, X: pd.DataFrame) -> Any:
        """Predict filled rows."""
        return self.model.predict(self._prepared(X))
