"""Labels y and weights of rows that are refused."""

import numpy as np
import pandas as pd
import pytest

from sklearn_3mtl import MultiTaskClassifier, MultiTaskEstimator, MultiTaskRegressor, stack_tasks
from tests._inputs import tiny

N = 60  # the rows of `table`


def test_different_lengths(table):
    X, Y = table
    with pytest.raises(ValueError, match="X has 60 rows, y has 59"):
        tiny().fit(X, Y[:-1])


def test_y_without_a_column(table):
    X, Y = table
    with pytest.raises(ValueError, match="y is empty: it has no column"):
        tiny().fit(X, Y[[]])


def test_y_without_a_row(table):
    with pytest.raises(ValueError, match="y is empty: found 0 rows"):
        tiny().fit(table[0], [])


def test_y_is_none(table):
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        tiny().fit(table[0], None)


@pytest.mark.parametrize("cls", [MultiTaskEstimator, MultiTaskClassifier])
@pytest.mark.parametrize("gap", [None, np.nan, pd.NA])
def test_a_task_without_a_label_is_named(table, gap, cls):
    X, Y = table
    with pytest.raises(ValueError, match="Task 'sort' has no label"):
        tiny(cls).fit(X, Y[["answer", "sort"]].assign(sort=gap))


def test_a_task_with_one_class_is_named(table):
    X, Y = table
    with pytest.raises(ValueError, match="Classification task 'answer' has one class, 'yes'"):
        tiny().fit(X, Y.assign(answer=["yes"] * 30 + [None] * 30))


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_in_y_is_named(table, value):
    X, Y = table
    with pytest.raises(ValueError, match="Task 'number' contains infinity in y"):
        tiny().fit(X, Y.assign(number=[value, *Y["number"][1:]]))


def test_infinity_in_y_of_a_regressor_is_named(table):
    X, _ = table
    with pytest.raises(ValueError, match="Task 1 contains infinity in y"):
        tiny(MultiTaskRegressor).fit(X, np.column_stack([X["a"], np.full(N, np.inf)]))


def test_text_in_y_of_a_regressor_is_named(table):
    X, Y = table
    with pytest.raises(ValueError, match="Regression task 'answer' holds labels that are not"):
        tiny(MultiTaskRegressor).fit(X, Y)


def test_continuous_y_of_a_classifier(table):
    X, Y = table
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        tiny(MultiTaskClassifier).fit(X, Y)


COLLECTIONS = {
    "dict": dict,
    "list": lambda Y: [Y[c].to_numpy() for c in Y],
    "tuple": lambda Y: tuple(Y[c].to_numpy() for c in Y),
}


@pytest.mark.parametrize("name", COLLECTIONS)
def test_collections_as_y_are_refused_with_the_way_out(table, name):
    X, Y = table
    with pytest.raises(TypeError, match="stack_tasks"):
        tiny().fit(X, COLLECTIONS[name](Y))


def test_the_way_out_works(table):
    X, Y = table
    X, y, task = stack_tasks(dict.fromkeys("ab", (X, Y["number"])))
    est = tiny().fit(X, y, task=task)
    assert est.predict(X, task=task).shape == (2 * N,)


def test_lists_as_labels(table):
    X, Y = table
    with pytest.raises(TypeError, match="Task 'sort' holds a list"):
        tiny().fit(X, Y.assign(sort=[["u"], ["v"]] * 30))


def test_duplicate_columns_of_y(table):
    X, Y = table
    with pytest.raises(ValueError, match=r"columns of y have duplicate names: \['a'\]"):
        tiny().fit(X, Y.set_axis(["a", "a", "b"], axis=1))


def test_multiindex_columns_of_y(table):
    X, Y = table
    columns = pd.MultiIndex.from_product([["a"], ["x", "y", "z"]])
    with pytest.raises(ValueError, match="columns of y are a MultiIndex"):
        tiny().fit(X, Y.set_axis(columns, axis=1))


def test_a_target_with_an_extreme_outlier_is_learned_without_overflow(table):
    X, Y = table
    est = tiny().fit(X, Y.assign(number=[1e300, *Y["number"][1:]]))
    assert np.isfinite([row["train_loss"] for row in est.history_]).all()
    assert np.isfinite(est.predict(X)["number"]).all()


SAMPLE_WEIGHTS = [
    (np.full(N, -1.0), "`sample_weight` should be >= 0. Found -1"),
    (np.zeros(N), "`sample_weight` is (0|zero) for every row"),
    (np.full(N, np.nan), "`sample_weight` contains NaN or infinity"),
    (np.full(N, np.inf), "`sample_weight` contains NaN or infinity"),
    (np.ones(N - 1), r"`sample_weight` should have shape \(60,\) or \(60, 3\).*\(59,\)"),
    (np.ones((N, 2)), r"`sample_weight` should have shape \(60,\) or \(60, 3\).*\(60, 2\)"),
    (np.ones((N, 3)) * [1, 0, 1], "Task 'answer' has no label with a positive weight"),
    (["heavy"] * N, "`sample_weight`"),
]


@pytest.mark.parametrize(("weight", "message"), SAMPLE_WEIGHTS)
def test_unfit_sample_weights(table, weight, message):
    with pytest.raises(ValueError, match=message):
        tiny().fit(*table, sample_weight=weight)
