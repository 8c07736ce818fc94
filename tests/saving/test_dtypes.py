"""The dtypes of targets, and labels and ids of all types, come back as they were."""

import subprocess
import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sklearn_3mtl import load_estimator
from tests._inputs import numeric_table
from tests._pinned import tiny
from tests._saving import WAYS, assert_same, roundtrip

X, _ = numeric_table()
NUMBERS = X["a"].to_numpy()
BITS = np.resize([0, 1], 60)
TEXTS = np.where(BITS, "yes", "no")
DAYS = pd.to_datetime(np.where(BITS, "2020-01-01", "2021-02-03"))


def series(values, dtype=None):
    return pd.Series(values, dtype=dtype, name="y")


def category(values, **options):
    return series(pd.Categorical(values, **options))


def arrow(values, dtype):
    return series(pd.array(values, dtype=pd.ArrowDtype(dtype)))


NUMPY = {name: NUMBERS.astype(name) for name in ("float16", "float32", "float64", "longdouble")} | {
    "int8": BITS.astype("int8"),
    "uint64": BITS.astype("uint64"),
    "bool": BITS.astype(bool),
    "text": TEXTS,
    "longer text": np.array(["a", "bbbbbb"])[BITS].astype("U20"),
    "objects": TEXTS.astype(object),
    "bytes": TEXTS.astype("S3"),
}
# The dtype "str" came with pandas 3.
STR = {} if pd.__version__ < "3" else {
    "str": series(TEXTS, "str"),
    "str, python": series(TEXTS, pd.StringDtype("python", np.nan)),
}  # fmt: skip
PANDAS = {
    "Int8": series(BITS, "Int8"),
    "UInt64": series(BITS, "UInt64"),
    "Float32": series(NUMBERS, "Float32"),
    "boolean": series(BITS, "boolean"),
    "string": series(TEXTS, "string"),
    "string, python": series(TEXTS, pd.StringDtype("python")),
    "string, pyarrow": series(TEXTS, pd.StringDtype("pyarrow")),
    **STR,
    "sparse": series(pd.arrays.SparseArray(NUMBERS)),
    "intervals": series(pd.cut(NUMBERS, 2).astype(object)),
}
CATEGORIES = {
    "text": category(TEXTS),
    "ordered, one without a row": category(
        TEXTS, categories=["no", "perhaps", "yes"], ordered=True
    ),
    "integers": category(BITS),
    "small integers": category(BITS.astype("int8")),
    "fractions": category(BITS * 1.5),
    "booleans": category(BITS.astype(bool)),
    "days": category(DAYS),
    "days of a zone": category(DAYS.tz_localize("Europe/Berlin")),
    "seconds of an offset": category(DAYS.as_unit("s").tz_localize("+02:00")),
    "intervals": series(pd.cut(NUMBERS, 3)),
    "periods": category(DAYS.to_period("M")),
    "durations": category(pd.to_timedelta(BITS, "h")),
    "string": category(pd.array(TEXTS, dtype="string")),
    "Int64": category(pd.array(BITS, dtype="Int64")),
    "of pyarrow": series(TEXTS, pd.ArrowDtype(pa.string())).astype("category"),
}
# pyarrow 16, which goes with pandas 2, has no distinct values of halves.
HALF = {} if pd.__version__ < "3" else {"half": arrow(NUMBERS, pa.float16())}
ARROW = {
    "int64": arrow(BITS, pa.int64()),
    "uint8": arrow(BITS, pa.uint8()),
    **HALF,
    "double": arrow(NUMBERS, pa.float64()),
    "bool": arrow(BITS.astype(bool), pa.bool_()),
    "string": arrow(TEXTS, pa.string()),
    "large string": arrow(TEXTS, pa.large_string()),
    "binary": arrow([text.encode() for text in TEXTS], pa.binary()),
    "dictionary": arrow(TEXTS.tolist(), pa.dictionary(pa.int32(), pa.string())),
    "ordered dictionary": arrow(TEXTS.tolist(), pa.dictionary(pa.int8(), pa.string(), True)),
    "decimal": arrow([Decimal(f"{n:.3f}") for n in NUMBERS], pa.decimal128(7, 3)),
}
TARGETS = {
    f"{kind}: {name}": y
    for kind, table in (
        ("numpy", NUMPY), ("pandas", PANDAS), ("categories", CATEGORIES), ("pyarrow", ARROW)
    )
    for name, y in table.items()
}  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_targets_come_back_in_their_dtype(name, tmp_path):
    y = TARGETS[name]
    est = tiny(n_estimators=1, max_epochs=1).fit(X, y)
    for way in ("file", "pickle"):
        found = WAYS[way](est, tmp_path)
        assert_same(est, found, X)
        (task,), (same,) = est.tasks_.values(), found.tasks_.values()
        assert same.dtype == task.dtype
        assert str(same.dtype) == str(task.dtype)
        if task.classes is not None:
            assert same.classes.dtype == task.classes.dtype
            assert [type(c) for c in same.classes] == [type(c) for c in task.classes]


IDS = {
    "integers of numpy": list(np.array([3, 4])),
    "text of numpy": list(np.array(["a", "b"])),
    "days": [pd.Timestamp("2020-01-01"), pd.Timestamp("2021-02-03").as_unit("s")],
    "days of a zone": list(DAYS[:2].tz_localize("Europe/Berlin")),
    "durations": [pd.Timedelta("1h"), pd.Timedelta("2D")],
    "periods": list(DAYS[:2].to_period("Q")),
    "intervals": [pd.Interval(0, 1, "left"), pd.Interval(1, 2.5, "left")],
    "pairs": [("a", 1), ("b", 2)],
}


@pytest.mark.parametrize("name", IDS)
def test_ids_come_back_in_their_type(name, tmp_path):
    store = pd.Series([IDS[name][bit] for bit in BITS], dtype=object)
    y = pd.DataFrame({pd.Timestamp("2020-01-01"): NUMBERS})
    est = tiny(max_epochs=1).fit(X, y, task=store)
    found = roundtrip(est, tmp_path)
    assert_same(est, found, X, task=store)
    assert list(found.tasks_) == list(est.tasks_)
    assert [type(g) for g in found.groups_] == [type(g) for g in est.groups_]
    assert found.groups_.tolist() == est.groups_.tolist()


def test_a_dtype_that_would_not_come_back_is_refused_when_it_is_saved(tmp_path):
    class OddDtype(pd.api.extensions.ExtensionDtype):
        """A dtype that pandas doesn't find by its name."""

        name, type = "odd", float

        @classmethod
        def construct_array_type(cls):
            return pd.arrays.NumpyExtensionArray

    est = tiny(max_epochs=1).fit(X, NUMBERS)
    object.__setattr__(est.tasks_["y"], "dtype", OddDtype())
    with pytest.raises(ValueError, match=r"can't be saved without code.*OddDtype"):
        est.save(tmp_path / "est")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(pd.__version__ < "3", reason="pandas 2 reads text by pyarrow's own types")
def test_text_that_pyarrow_stored_is_read_without_it(tmp_path):
    est = tiny(max_epochs=1).fit(X, series(TEXTS, pd.StringDtype("pyarrow")))
    est.save(tmp_path / "est")
    assert load_estimator(tmp_path / "est").tasks_["y"].dtype.storage == "pyarrow"
    code = f"""
import sys
sys.modules["pyarrow"] = None
from sklearn_3mtl import load_estimator
print(repr(load_estimator({str(tmp_path / "est")!r}).predict([[0.0, 0.0, 0.0]]).dtype.storage))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "'python'", done.stderr
