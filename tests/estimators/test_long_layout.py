"""The long layout: rows with a task id."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_3mtl import stack_tasks
from tests._adapting import r2
from tests._pinned import tiny


def shops(n=120):
    """Two shops with opposite slopes, as rows with an id."""
    random = np.random.default_rng(0)
    x = random.normal(size=n)
    shop = random.choice(["north", "south"], n)
    X = pd.DataFrame({"x": x, "shop": shop})
    y = pd.Series(np.where(shop == "north", 2.0, -2.0) * x, name="sales")
    return X, y


@pytest.mark.parametrize("sharing", ["hard", "none"])
def test_each_task_id_learns_its_own(sharing):
    X, y = shops()
    est = tiny(task="shop", max_epochs=100, lr=0.02, sharing=sharing).fit(X, y)
    assert est.groups_.tolist() == ["north", "south"]
    assert r2(y, est.predict(X)) > 0.95
    without = tiny(heads="column", task="shop", max_epochs=100, lr=0.02).fit(X, y)
    assert r2(y, without.predict(X)) < 0.5, "a common head can't know the shop"


def test_ids_as_an_argument_equal_ids_as_a_column():
    X, y = shops()
    column = tiny(task="shop").fit(X, y)
    ids = tiny().fit(X[["x"]], y, task=X["shop"])
    np.testing.assert_array_equal(column.predict(X), ids.predict(X[["x"]], task=X["shop"]))
    assert ids.score(X[["x"]], y, task=X["shop"]) == column.score(X, y)
    with pytest.raises(ValueError, match="task='store_id'"):
        ids.predict(X[["x"]])


def test_unknown_ids_are_warned_of_once_and_get_what_all_share():
    X, y = shops()
    est = tiny(task="shop", max_epochs=5).fit(X, y)
    strangers = X.assign(shop=np.where(np.arange(len(X)) < 50, "west", "east"))
    with pytest.warns(UserWarning, match=r"2 task id\(s\) .*'west', 'east'") as caught:
        found = est.predict(strangers)
    assert len(caught) == 1
    assert np.isfinite(found).all()
    with pytest.warns(UserWarning, match="not seen"):
        same = est.predict(X.assign(shop="else"))
    np.testing.assert_array_equal(found, same)


def test_columns_times_groups():
    X, y = shops()
    Y = pd.DataFrame({"sales": y, "big": np.where(X["x"].abs() > 0.7, "yes", "no")})
    Y.iloc[::5, 0] = np.nan
    est = tiny(task="shop", max_epochs=80, lr=0.02).fit(X, Y)
    found = est.predict(X)
    assert r2(y, found["sales"]) > 0.9
    assert (found["big"] == Y["big"]).mean() > 0.8
    assert {"train_loss/sales", "train_loss/big"} <= set(est.history_[-1])


def test_a_task_column_through_a_column_transformer():
    X, y = shops()
    code = make_column_transformer((StandardScaler(), ["x"]), remainder="passthrough")
    code.set_output(transform="pandas")
    pipe = make_pipeline(code, tiny(task="shop", max_epochs=60, lr=0.02)).fit(X, y)
    assert "remainder__shop" in pipe[-1].feature_names_in_
    assert r2(y, pipe.predict(X)) > 0.9
    scores = cross_val_score(pipe, X, y, cv=GroupKFold(3), groups=np.arange(120) % 6)
    assert (scores > 0.5).all()


def test_a_task_column_of_an_array_is_named_by_position():
    X, y = shops()
    array = np.column_stack([X["x"], X["shop"] == "north"])
    est = tiny(task=1, max_epochs=60, lr=0.02).fit(array, y.to_numpy())
    assert est.groups_.tolist() == [0.0, 1.0]
    assert r2(y.to_numpy(), est.predict(array)) > 0.9


def test_stacked_tasks_fit():
    X, y = shops()
    parts = {name: (X.loc[X.shop == name, ["x"]], y[X.shop == name]) for name in X.shop.unique()}
    rows, labels, ids = stack_tasks(parts)
    est = tiny(max_epochs=60, lr=0.02).fit(rows, labels, task=ids)
    assert r2(labels, est.predict(rows, task=ids)) > 0.9


def test_a_task_column_is_no_input():
    X, y = shops()
    est = tiny(task="shop", heads="column").fit(X, y)
    other = X.assign(shop=X["shop"][::-1].to_numpy())
    np.testing.assert_array_equal(est.predict(X), est.predict(other))
