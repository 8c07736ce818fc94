"""What comes out: containers, names, dtypes, probabilities and features."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sklearn_3mtl import MultiTaskRegressor
from tests._inputs import MIXED_KINDS, mixed_table, numeric_table
from tests._pinned import tiny

COLUMNS = list(MIXED_KINDS)


def test_unseen_categories_without_a_pipeline():
    X, Y = mixed_table()
    est = tiny().fit(X, Y)
    new = X.iloc[:6].assign(city=["Genf"] * 5 + [None], size=None)
    found = est.predict(new)
    assert found.notna().all().all()
    assert found.iloc[:5].drop_duplicates().shape[0] > 1, "the other columns still count"


def test_predictions_keep_index_columns_and_dtypes():
    X, Y = mixed_table()
    assert X.index.has_duplicates
    found = tiny().fit(X, Y).predict(X.iloc[::-1])
    assert found.index.equals(X.index[::-1])
    assert found.columns.tolist() == COLUMNS
    assert found.dtypes["price"] == np.float64
    assert found.dtypes["colour"] == Y.dtypes["colour"]
    assert found.dtypes["grade"] == Y.dtypes["grade"]
    assert found.dtypes["sold"] == np.float64


@pytest.mark.parametrize(
    "index",
    [
        [f"row {i % 7}" for i in range(60)],
        pd.date_range("2020", periods=60),
        pd.MultiIndex.from_product([range(6), list("abcdefghij")]),
    ],
    ids=["strings", "dates", "levels"],
)
def test_any_index_comes_back(index):
    X, Y = mixed_table()
    X, Y = X.set_axis(index), Y.set_axis(index)
    found = tiny().fit(X, Y).predict(X)
    assert found.index.equals(X.index)


@pytest.mark.parametrize(
    ("y", "check"),
    [
        (lambda Y: Y["price"].dropna(), lambda p: p.name == "price" and p.dtype == np.float64),
        (lambda Y: Y["grade"].dropna(), lambda p: set(p) <= {"low", "mid", "high"}),
        (lambda Y: Y["price"].dropna().to_numpy(), lambda p: type(p) is np.ndarray and p.ndim == 1),
        (lambda Y: Y[["price"]].dropna().to_numpy(), lambda p: p.shape[1:] == (1,)),
        (lambda Y: Y[["price"]].dropna(), lambda p: p.columns.tolist() == ["price"]),
        (lambda Y: Y["price"].dropna().tolist(), lambda p: type(p) is np.ndarray and p.ndim == 1),
    ],
    ids=["series", "strings", "vector", "matrix", "frame", "list"],
)
def test_predict_gives_the_container_of_fit(y, check):
    X, Y = mixed_table()
    y = y(Y)
    rows = X.iloc[: len(y)]
    found = tiny().fit(rows, y).predict(rows)
    assert check(found)
    assert len(found) == len(rows)


@pytest.mark.parametrize(
    "dtype", ["int64", "Int64", "bool", "boolean", "float32", "object", "string", "category"]
)
def test_labels_come_back_in_their_dtype(dtype):
    X, Y = numeric_table()
    answer = Y["answer"] if dtype in ("object", "string", "category") else Y["answer"] == "yes"
    y = pd.DataFrame({"answer": answer.astype(dtype)})
    found = tiny().fit(X, y).predict(X)
    assert found["answer"].dtype == y["answer"].dtype
    assert set(found["answer"]) <= set(y["answer"])


# Polars


def test_polars_in_polars_out():
    X, Y = mixed_table()
    X, Y = X.reset_index(drop=True), Y.reset_index(drop=True)
    frames = pl.from_pandas(X), pl.from_pandas(Y)
    found = tiny().fit(*frames).predict(frames[0])
    assert isinstance(found, pl.DataFrame)
    assert found.columns == COLUMNS
    expected = tiny().fit(X, Y).predict(X)
    np.testing.assert_allclose(found["price"].to_numpy(), expected["price"], rtol=1e-6)
    assert found["grade"].to_list() == expected["grade"].tolist()
    assert found["colour"].dtype in (pl.Categorical, pl.Enum)


def test_polars_series_in_series_out():
    X, Y = numeric_table()
    found = tiny().fit(pl.from_pandas(X), pl.Series("number", Y["number"])).predict(X)
    assert isinstance(found, pl.Series)
    assert found.name == "number"


# Features and probabilities


def test_transform_gives_the_features_that_the_heads_read():
    X, Y = numeric_table()
    est = tiny().fit(X, Y)
    z = est.transform(X)
    assert z.shape == (60, 8)
    head = est._model.network.heads
    out = z @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    np.testing.assert_allclose(
        est.predict(X)["number"], est._model.codec.predict(out)[0], rtol=1e-4, atol=1e-5
    )
    assert est.get_feature_names_out()[0] == "multitaskestimator0"
    framed = tiny().set_output(transform="pandas").fit(X, Y).transform(X)
    assert framed.index.equals(X.index)


def test_probabilities_are_a_list_in_the_tasks_order():
    X, Y = mixed_table()
    est = tiny().fit(X, Y)
    proba = est.predict_proba(X)
    assert [None if p is None else p.shape[1] for p in proba] == [None, 3, 2, 2]
    labels = est.predict(X)
    for column, p, classes in zip(COLUMNS, proba, est.classes_, strict=True):
        if p is not None:
            np.testing.assert_allclose(p.sum(1), 1)
            assert (classes[p.argmax(1)] == np.asarray(labels[column])).all()


def test_regressors_have_no_probabilities():
    X, Y = numeric_table()
    est = tiny(MultiTaskRegressor).fit(X, Y[["number"]])
    assert not hasattr(est, "classes_")
    assert not hasattr(est, "predict_proba")
