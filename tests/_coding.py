"""Inputs as tensors, for the tests of their coding."""

import numpy as np

from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.inputs.tabular import TabularInputs


def fitted(X, categorical=None, drop=None, seed=0):
    table = read_inputs(X)
    kept = [position for position in range(table.n_columns) if position != drop]
    columns = table.inferred_categorical(kept) if categorical is None else categorical
    return TabularInputs().fit(table, kept, columns, np.random.default_rng(seed))


def coded(X, new=None, **options):
    """Fit on X and transform `new`, or X itself."""
    return fitted(X, **options).transform(read_inputs(X if new is None else new))


def numeric(X, new=None, **options):
    return coded(X, new, **options)["numeric"].numpy()
