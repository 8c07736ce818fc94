"""Files of estimators for the tests of `save` and `load_estimator`."""

import io
import pickle
import zipfile

import joblib
import numpy as np
import pandas as pd
import pytest

from sklearn_3mtl import load_estimator
from sklearn_3mtl.balancing import Uncertainty
from tests._inputs import mixed_table
from tests._pinned import tiny

META, TENSORS = "estimator.json", "tensors.safetensors"


def roundtrip(est, folder, **parts):
    est.save(folder / "est")
    return load_estimator(folder / "est", parts=parts or None)


def assert_same(one, other, X, **kwargs):
    first, second = one.predict(X, **kwargs), other.predict(X, **kwargs)
    assert type(first) is type(second)
    if isinstance(first, pd.DataFrame | pd.Series):
        assert first.equals(second)
        assert np.array_equal(first.dtypes, second.dtypes)
    else:
        np.testing.assert_array_equal(first, second)
        assert first.dtype == second.dtype


def good_file(folder):
    """A good file, its JSON and its tensors, of an estimator with groups, categories and a rule."""
    X, Y = mixed_table()
    path = folder / "est"
    X = X.assign(store=np.resize(["p", "q"], 60))
    est = tiny(
        balancing=Uncertainty(), task="store", numeric_embedding="piecewise_linear", lr="auto"
    )
    est.fit(X, Y).save(path)
    with zipfile.ZipFile(path) as archive:
        return path.read_bytes(), archive.read(META), archive.read(TENSORS)


def entry(encoded, name):
    """The [name, value] pair of a name in a file's JSON, however deep it lies."""
    if isinstance(encoded, list):
        if len(encoded) == 2 and encoded[0] == name:
            return encoded
        inner = encoded
    else:
        inner = encoded.values() if isinstance(encoded, dict) else ()
    found = (entry(item, name) for item in inner)
    return next((pair for pair in found if pair is not None), None)


def refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no intact file of a saved estimator"):
        load_estimator(path)


def zipped(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def by_file(est, folder):
    path = folder / "estimator"
    est.save(path)
    return load_estimator(path)


def by_pickle(est, folder):
    return pickle.loads(pickle.dumps(est))


def by_joblib(est, folder):
    joblib.dump(est, folder / "joblib")
    return joblib.load(folder / "joblib")


# What the trees of a prior are held in: raw node numbers, which skops doesn't check.
TREES = (".TreePredictor", ".Tree")


def by_skops(est, folder):
    skops = pytest.importorskip("skops.io")
    data = skops.dumps(est)
    found = skops.get_untrusted_types(data=data)
    own = [name for name in found if name.startswith("sklearn_3mtl") or name.endswith(TREES)]
    return skops.loads(data, trusted=own)


# How a fitted estimator is written and read.
WAYS = {"file": by_file, "pickle": by_pickle, "joblib": by_joblib, "skops": by_skops}
