"""Estimators with parts off, and how they are held to smaller ones."""

import numpy as np
import torch

from sklearn_3mtl.data.tables import read_inputs
from tests._inputs import numeric_table


def complete_table(n=81, kinds="number answer sort other"):
    """Numbers with gaps and a category; complete labels of mixed kinds."""
    X, Y = numeric_table(n)
    Y["other"] = X["c"] ** 2
    X = X.assign(city=np.resize(["Bern", "Basel", "Chur", None], n))
    X.iloc[::7, 0] = np.nan
    return X, Y[kinds.split()]


def answers(est, X, column):
    """What the net puts out for a column: probabilities or numbers."""
    model = est._model
    names = [task.name for task in model.codec.layout.tasks]
    rows = model.codec.layout.outputs_of(names.index(column))
    return model.outputs(read_inputs(X), None)[:, rows]


def assert_same_bits(one, other):
    first, second = one._model.network.state_dict(), other._model.network.state_dict()
    assert [v.shape for v in first.values()] == [v.shape for v in second.values()]
    for name, a, b in zip(first, first.values(), second.values(), strict=True):
        assert torch.equal(a, b), name
