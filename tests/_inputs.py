"""Inputs and estimators that several test modules share."""

import numpy as np
import pandas as pd

from sklearn_3mtl import MultiTaskEstimator

MIXED_KINDS = {
    "price": "regression",
    "grade": "multiclass",
    "sold": "binary",
    "colour": "binary",
}


def mixed_table(n=60, seed=0):
    """X with numbers (some missing), a category and text; Y of mixed kinds with gaps.

    Row labels are unsorted and one of them stands twice.
    """
    random = np.random.default_rng(seed)
    index = pd.Index(random.permutation(n) * 7 - 3)
    index = index.where(np.arange(n) > 0, index[-1])
    age = random.normal(40, 10, n)
    city = random.choice(["Bern", "Basel", "Chur"], n)
    size = pd.Categorical(random.choice(["S", "M", "L"], n), ["S", "M", "L"])
    X = pd.DataFrame({"age": age, "income": 3 * age, "city": city, "size": size}, index=index)
    Y = pd.DataFrame(
        {
            "price": age * 2 + (city == "Bern") * 5,
            "grade": np.where(age > 45, "high", np.where(age > 35, "mid", "low")),
            "sold": (age > 40).astype(float),
            "colour": pd.Categorical(np.where(city == "Bern", "red", "blue")),
        },
        index=index,
    )
    X.iloc[::7, 0] = np.nan
    for column, start in zip(Y.columns, range(4), strict=True):
        Y.iloc[start::9, Y.columns.get_loc(column)] = None
    return X, Y


def numeric_table(n=60, seed=0):
    """X of three complete numeric columns; Y of a regression, a binary and a multiclass task."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(n, 3)), columns=["a", "b", "c"])
    Y = pd.DataFrame(
        {
            "number": 2 * X["a"] + X["b"],
            "answer": np.where(X["b"] > 0, "yes", "no"),
            "sort": np.where(X["a"] > 0.5, "u", np.where(X["c"] > 0, "v", "w")),
        }
    )
    return X, Y


def tiny(cls=MultiTaskEstimator, **parameters):
    """An estimator that trains in milliseconds."""
    defaults = {
        "hidden_layer_sizes": (8,),
        "n_estimators": 2,
        "max_epochs": 2,
        "early_stopping": False,
        "prior": None,
        "random_state": 0,
    }
    return cls(**{**defaults, **parameters})
