"""`adapt` in the long layout: rows that come without a task id."""

import numpy as np
import polars as pl
import pytest

from tests._adapting import assert_same_bits, bits, of_shops, r2, shops

X, y = shops()
WEST, west = shops(80, seed=1, names=["west"])
EAST, east = shops(80, seed=2, names=["east"])
FEW, REST = slice(0, 30), slice(30, None)


@pytest.fixture(scope="module")
def est():
    return of_shops().fit(X, y)


def test_rows_without_the_task_column_are_one_new_task(est):
    bare = WEST.drop(columns="shop")
    adapted = est.adapt(bare[FEW], west[FEW])
    (lone,) = set(adapted.groups_) - {"north", "south"}
    assert r2(west[REST], adapted.predict(bare[REST])) > 0.9
    assert_same_bits(bits(adapted, bare), bits(adapted, WEST.assign(shop=lone)))
    assert_same_bits(bits(adapted, X), bits(est, X))
    named = est.adapt(WEST.assign(shop=lone)[FEW], west[FEW])
    assert_same_bits(bits(adapted, bare), bits(named, WEST.assign(shop=lone)))


def test_the_lone_task_can_be_adapted_again_and_others_beside_it(est):
    bare = WEST.drop(columns="shop")
    one = est.adapt(bare[FEW], west[FEW])
    two = one.adapt(bare[FEW], west[FEW] + 20.0)
    assert two.groups_.tolist() == one.groups_.tolist()
    # Both lots count alike.
    assert 8 < (two.predict(bare) - one.predict(bare)).mean() < 12
    beside = one.adapt(EAST[FEW], east[FEW])
    assert_same_bits(bits(beside, bare), bits(one, bare))


def test_a_new_column_for_rows_without_an_id(est):
    bare, stock = WEST.drop(columns="shop"), (WEST["x"] - WEST["z"]).rename("stock")
    adapted = est.adapt(bare[FEW], stock[FEW])
    assert r2(stock[REST], adapted.predict(bare[REST])["stock"]) > 0.8
    assert np.array_equal(adapted.predict(X)["sales"], est.predict(X))


def test_without_the_lone_task_the_task_column_is_needed(est):
    bare = X.drop(columns="shop")
    for model in (est, est.adapt(WEST[FEW], west[FEW])):
        with pytest.raises(ValueError, match=r"(?s)now missing.*shop"):
            model.predict(bare)


def as_array(X):
    """The id as a number between the inputs."""
    codes = X["shop"].map({"north": 3.0, "south": 7.0, "west": 8.0, "east": 1.0})
    return np.column_stack([X["x"], codes, X["z"]])


def test_arrays_with_and_without_the_task_column():
    est = of_shops(task=1).fit(as_array(X), y.to_numpy())
    column = est.adapt(as_array(WEST)[FEW], west[FEW].to_numpy())
    assert column.groups_.tolist() == [3.0, 7.0, 8.0]
    bare = WEST[["x", "z"]].to_numpy()
    adapted = est.adapt(bare[FEW], west[FEW].to_numpy())
    assert r2(west[REST].to_numpy(), adapted.predict(bare[REST])) > 0.9
    np.testing.assert_array_equal(adapted.predict(bare), column.predict(as_array(WEST)))
    np.testing.assert_array_equal(adapted.predict(as_array(X)), est.predict(as_array(X)))


def test_arrays_of_objects_without_the_task_column():
    """The ids are text: the rows without them are plain numbers."""
    est = of_shops(task=2, max_epochs=2).fit(X.to_numpy(dtype=object), y.to_numpy())
    bare = WEST[["x", "z"]].to_numpy()
    adapted = est.adapt(bare[FEW], west[FEW].to_numpy())
    named = est.adapt(WEST[FEW].to_numpy(dtype=object), west[FEW].to_numpy())
    expected = named.predict(WEST.to_numpy(dtype=object))
    np.testing.assert_array_equal(adapted.predict(bare), expected)


@pytest.mark.parametrize("ids", [["n", "s"], [3, 7], [3.5, 7.5]], ids=str)
def test_lists_with_text_without_the_task_column(ids):
    def rows(table):
        return [[x, "up" if x > 0 else "down"] for x in table["x"]]

    full = [[*row, ids[i % 2]] for i, row in enumerate(rows(X))]
    est = of_shops(task=2, max_epochs=2).fit(full, y.tolist())
    adapted = est.adapt(rows(WEST), west.tolist())
    (lone,) = set(adapted.groups_) - set(ids)
    named = adapted.predict([[*row, lone] for row in rows(WEST)])
    np.testing.assert_array_equal(adapted.predict(rows(WEST)), named)


def test_polars_without_the_task_column():
    est = of_shops(max_epochs=2).fit(pl.from_pandas(X), pl.from_pandas(y))
    bare = pl.from_pandas(WEST[["x", "z"]])
    adapted = est.adapt(bare[FEW], pl.from_pandas(west[FEW]))
    named = est.adapt(pl.from_pandas(WEST[FEW]), pl.from_pandas(west[FEW]))
    assert adapted.predict(bare).equals(named.predict(pl.from_pandas(WEST)))


def test_rows_without_an_id_are_no_later_store():
    numbered = X.assign(shop=X["shop"].map({"north": 1, "south": 2}))
    adapted = (
        of_shops(max_epochs=2).fit(numbered, y).adapt(WEST.drop(columns="shop")[FEW], west[FEW])
    )
    assert adapted.groups_.tolist() == [1, 2, -1]
