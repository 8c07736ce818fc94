"""Tables and estimators for the tests of `adapt`."""

import numpy as np
import pandas as pd
import torch

from sklearn_3mtl import MultiTaskEstimator, MultiTaskRegressor
from tests._pinned import tiny


def planted(n=240, seed=0):
    """X of four numbers, Y of old tasks and N of new ones, all rules of X."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(n, 4)), columns=list("abcd"))
    Y = pd.DataFrame(
        {
            "number": 2 * X["a"] + X["b"],
            "answer": np.where(X["b"] + X["c"] > 0, "yes", "no"),
            "sort": np.array(list("uvw"))[X[["a", "b", "d"]].to_numpy().argmax(1)],
        }
    )
    N = pd.DataFrame(
        {
            "rent": 50 + 10 * (X["a"] - X["c"]),
            "big": X["c"] + X["d"] > 0,
            "kind": np.array(["p", "q", "r"])[X[["b", "c", "d"]].to_numpy().argmax(1)],
        }
    )
    return X, Y, N


def small(cls=MultiTaskEstimator, **parameters):
    """Two members with features that a new task can be read from."""
    defaults = {"hidden_layer_sizes": (24,), "n_estimators": 2, "max_epochs": 5, "lr": 0.01}
    return tiny(cls, **{**defaults, **parameters})


def shops(n=200, seed=0, names=("north", "south")):
    """Rows of shops with slopes of their own, as X with a column of ids and y."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame({"x": random.normal(size=n), "z": random.normal(size=n)})
    X["shop"] = np.resize(names, n)
    y = pd.Series(slope(X["shop"]) * X["x"] + 0.5 * X["z"], name="sales")
    return X, y


def slope(shop):
    return shop.map({"north": 2.0, "south": -2.0, "west": 5.0, "east": -4.0})


X, Y, NEW = planted()
FEW, REST = slice(0, 60), slice(60, None)


def of_shops(**parameters):
    """A regression of sales with layers for each shop."""
    defaults = {"task": "shop", "max_epochs": 60, "lr": 0.02}
    return small(MultiTaskRegressor, **{**defaults, **parameters})


def bits(est, X, columns=None, **kwargs):
    """What an estimator says of its tasks, by name: predictions and probabilities."""
    predicted = est.predict(X, **kwargs)
    if not isinstance(predicted, pd.DataFrame):
        predicted = pd.DataFrame(np.asarray(predicted).reshape(len(X), -1), columns=[*est.tasks_])
    proba = [None] * len(est.tasks_)
    if hasattr(est, "predict_proba"):
        proba = est.predict_proba(X, **kwargs)
        proba = proba if isinstance(proba, list) else [proba]
    both = zip(est.tasks_, proba, strict=True)
    return {
        name: (predicted[name].to_numpy(), p)
        for name, p in both
        if columns is None or name in columns
    }


def assert_same_bits(found, expected):
    assert list(found) == list(expected)
    for name, (labels, proba) in expected.items():
        assert np.array_equal(found[name][0], labels), name
        assert (proba is None) == (found[name][1] is None), name
        assert proba is None or np.array_equal(found[name][1], proba), name


def state(est):
    """Everything that an adaptation must leave alone, copied."""
    model = est._model
    return {
        "attributes": {k: id(v) for k, v in vars(est).items()},
        "model": {k: id(v) for k, v in vars(model).items()},
        "tasks": list(est.tasks_),
        "groups": None if model.groups is None else model.groups.tolist(),
        "scales": [model.codec.center.tolist(), model.codec.scale.tolist()],
        "weights": {k: v.clone() for k, v in model.network.state_dict().items()},
        "gradients": [p.requires_grad for p in model.network.parameters()],
        "training": model.network.training,
        "history": [dict(epoch) for epoch in est.history_],
    }


def assert_untouched(est, before):
    after = state(est)
    for name, value in before.pop("weights").items():
        assert torch.equal(after["weights"][name], value), name
    after.pop("weights")
    assert after == before


def r2(truth, guess):
    return 1 - ((truth - guess) ** 2).sum() / ((truth - truth.mean()) ** 2).sum()
