"""Task ids that are missing, unknown or misplaced."""

import warnings

import numpy as np
import pandas as pd
import pytest

from tests._inputs import numeric_table, tiny

N = 60  # the rows of `table`
IDS = np.repeat(["north", "south", "west"], N // 3)


@pytest.fixture
def long_table():
    """X with a task column, and y."""
    X, Y = numeric_table(N)
    return X.assign(store=IDS), Y["number"]


def test_a_missing_id_in_the_column(long_table):
    X, y = long_table
    with pytest.raises(ValueError, match=r"2 row\(s\) have no task id \(the first is row 3\)"):
        tiny(task="store").fit(X.assign(store=[*IDS[:3], None, np.nan, *IDS[5:]]), y)


@pytest.mark.parametrize("make", [list, lambda ids: np.array(ids, dtype=object), pd.Series])
@pytest.mark.parametrize("gap", [np.nan, None])
def test_a_missing_id_in_the_argument(long_table, make, gap):
    X, y = long_table
    ids = make([*IDS[:-1], gap])
    with pytest.raises(ValueError, match=r"1 row\(s\) have no task id \(the first is row 59\)"):
        tiny().fit(X[["a", "b", "c"]], y, task=ids)


def test_a_missing_id_in_predict(long_table):
    X, y = long_table
    est = tiny(task="store").fit(X, y)
    with pytest.raises(ValueError, match=r"1 row\(s\) have no task id"):
        est.predict(X.assign(store=[np.nan, *IDS[1:]]))


def test_ids_of_several_types_are_told_apart(long_table):
    X, y = long_table
    ids = [1, "1"] * 30
    est = tiny().fit(X[["a", "b", "c"]], y, task=ids)
    assert set(est.groups_) == {1, "1"}


def test_ids_of_another_length(long_table):
    X, y = long_table
    with pytest.raises(ValueError, match=r"`task` should have shape \(60,\).*Found \(59,\)"):
        tiny().fit(X, y, task=IDS[:-1])


def test_ids_given_twice(long_table):
    X, y = long_table
    with pytest.raises(ValueError, match="given twice: as the column task='store' of X and as"):
        tiny(task="store").fit(X, y, task=IDS)


def test_an_unknown_task_column(long_table):
    X, y = long_table
    with pytest.raises(ValueError, match=r"`task`='shop' should name a column of X.*'store'"):
        tiny(task="shop").fit(X, y)


def test_ids_that_were_an_argument_of_fit_are_needed_in_predict(table):
    X, Y = table
    est = tiny().fit(X, Y, task=IDS)
    for method in (est.predict, est.predict_proba):
        with pytest.raises(ValueError, match=r"fit\(\.\.\., task=ids\).*MultiTaskEstimator\(task="):
            method(X)
    with pytest.raises(ValueError, match=r"fit\(\.\.\., task=ids\)"):
        est.score(X, Y)
    assert est.predict(X, task=IDS).shape == Y.shape


def test_ids_in_predict_that_fit_never_got(table):
    X, Y = table
    est = tiny().fit(X, Y)
    with pytest.raises(ValueError, match=r"`task` was passed, but .* fitted without task ids"):
        est.predict(X, task=IDS)


@pytest.mark.parametrize("sharing", ["hard", "none"])
def test_unknown_ids_get_one_warning_and_finite_predictions(long_table, sharing):
    X, y = long_table
    est = tiny(task="store", sharing=sharing).fit(X, y)
    strangers = X.assign(store=["east", "far east", *IDS[2:]])
    with pytest.warns(UserWarning, match=r"2 task id\(s\) were not seen .*'east'") as caught:
        result = est.predict(strangers)
    assert len(caught) == 1
    assert np.isfinite(result).all()
    np.testing.assert_allclose(result[2:], est.predict(X)[2:], rtol=1e-6)


def test_known_ids_get_no_warning(long_table):
    X, y = long_table
    est = tiny(task="store").fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        est.predict(X[:20])


def test_heads_by_group_without_ids(table):
    with pytest.raises(ValueError, match="heads='group' needs task ids: name a column"):
        tiny(heads="group").fit(*table)


def test_nothing_but_the_task_column(long_table):
    X, y = long_table
    with pytest.raises(ValueError, match="no column to learn from besides the task column"):
        tiny(task="store").fit(X[["store"]], y)
