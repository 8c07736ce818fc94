"""Many small tasks, for the estimators that adapt to them."""

import numpy as np
import pandas as pd

QUICK = {
    "numeric_embedding": None, "hidden_layer_sizes": (16, 16), "max_epochs": 2,
    "meta_batch_size": 8, "random_state": 0,
}  # fmt: skip


STEPS = {"meta": "maml", **QUICK}


def slopes(n_tasks=24, n_rows=20, seed=0, first=0):
    """Stores whose target is a slope of their own times x, plus what all have in common."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "x": random.uniform(-1, 1, n_tasks * n_rows),
            "common": random.normal(size=n_tasks * n_rows),
            "store": np.repeat(np.arange(first, first + n_tasks), n_rows),
        }
    )
    slope = np.repeat(random.choice([-1.0, 1.0], n_tasks), n_rows)
    y = pd.Series(2 * slope * X["x"].to_numpy() + 0.5 * X["common"].to_numpy(), name="sales")
    return X, y


def signs(**options):
    """The same as classes."""
    X, y = slopes(**options)
    return X, pd.Series(np.where(y > 0, "up", "down"), name="trend")


def both(**options):
    """A number and a class for each row, some missing."""
    X, y = slopes(**options)
    Y = pd.DataFrame({"sales": y, "trend": signs(**options)[1]})
    Y.loc[::7, "sales"] = np.nan
    Y.loc[::5, "trend"] = None
    return X, Y
