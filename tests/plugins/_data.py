"""Small tables for the plug-ins."""

import numpy as np
import pandas as pd

QUICK = {"n_estimators": 2, "hidden_layer_sizes": (16,), "random_state": 0}


def wide(n=240, seed=0):
    """Two related regressions, with gaps, on numbers."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(n, 4)), columns=list("abcd"))
    Y = pd.DataFrame({"p": X["a"] + X["b"], "q": X["a"] - X["b"]})
    Y.loc[::3, "p"] = np.nan
    return X, Y


def long(n_tasks=30, n_rows=20, seed=0):
    """Stores whose levels differ."""
    random = np.random.default_rng(seed)
    store = np.repeat(np.arange(n_tasks), n_rows)
    X = pd.DataFrame({"x": random.normal(size=len(store)), "store": store})
    y = X["x"] + 3 * random.normal(size=n_tasks)[store] + 0.1 * random.normal(size=len(store))
    return X, y.rename("sales")


def two_sites(n=200, seed=0):
    """A class that one column tells; the rows of the second site are shifted and unlabelled."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(2 * n, 2)), columns=["a", "b"])
    truth = np.where(X["a"] > 0, "yes", "no").astype(object)
    site = np.repeat(["old", "new"], n)
    X.loc[site == "new", "b"] += 4.0
    y = truth.copy()
    y[site == "new"] = None
    return X.assign(site=site), pd.Series(y, name="k"), truth


def with_text(n=240, seed=0):
    """A number in a column and another in words; some rows have no words."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame({"a": random.normal(size=n)})
    words = random.integers(0, 2, n)
    X["note"] = np.where(words, "warm and sunny", "cold and rainy")
    y = X["a"] + 2.0 * words
    X.loc[::5, "note"] = None
    return X, y.rename("y")
