"""`adapt` in the long layout: new task ids, known ones, and rows without any."""

import warnings

import numpy as np
import pandas as pd
import pytest

from tests._adapting import (
    assert_same_bits,
    assert_untouched,
    bits,
    of_shops,
    r2,
    shops,
    small,
    state,
)

X, y = shops()
WEST, west = shops(80, seed=1, names=["west"])
EAST, east = shops(80, seed=2, names=["east"])
FEW, REST = slice(0, 30), slice(30, None)


@pytest.fixture(scope="module")
def est():
    return of_shops().fit(X, y)


def stranger(model, rows):
    """What an estimator says of rows whose id it doesn't know."""
    with pytest.warns(UserWarning, match="not seen"):
        return bits(model, rows)


def test_a_new_id_learns_from_its_few_rows(est):
    adapted = est.adapt(WEST[FEW], west[FEW])
    assert adapted.groups_.tolist() == ["north", "south", "west"]
    assert est.groups_.tolist() == ["north", "south"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = adapted.predict(WEST[REST])
    assert r2(west[REST], found) > 0.9
    with pytest.warns(UserWarning, match="'west'"):
        assert r2(west[REST], est.predict(WEST[REST])) < 0.5


def test_the_other_ids_keep_their_bits(est):
    before, known, unknown = state(est), bits(est, X), stranger(est, EAST)
    adapted = est.adapt(WEST[FEW], west[FEW])
    assert_untouched(est, before)
    assert_same_bits(bits(adapted, X), known)
    assert_same_bits(stranger(adapted, EAST), unknown)


def test_a_new_id_is_refused_where_no_id_has_layers_of_its_own():
    est = of_shops(heads="column", max_epochs=2).fit(X, y)
    before = state(est)
    with pytest.raises(ValueError, match=r"heads='column' .* new id\(s\) \['west'\]"):
        est.adapt(WEST[FEW], west[FEW])
    assert_untouched(est, before)
    # A new target is no id's own.
    both = est.adapt(X[FEW], (2 * X["z"][FEW]).rename("other"))
    assert_same_bits(bits(both, X, ["sales"]), bits(est, X))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_very_few_rows_of_a_new_id_stay_near_what_all_share(est, n):
    near = []
    for start in range(0, 60, 6):
        rows = slice(start, start + n)
        adapted = est.adapt(X.assign(shop="north2")[rows], y[rows])
        with pytest.warns(UserWarning, match="not seen"):
            common = np.asarray(est.predict(X.assign(shop="north2")[100:]))
        near.append(np.abs(adapted.predict(X.assign(shop="north2")[100:]) - common).mean())
    assert np.mean(near) < 0.5 * y.std()


def test_a_known_id_goes_on_from_its_own(est):
    north = X["shop"] == "north"
    turned = -3.0 * X["x"][north]
    adapted = est.adapt(X[north][FEW], turned[FEW].rename("sales"))
    assert adapted.groups_.tolist() == ["north", "south"]
    assert r2(turned[REST], adapted.predict(X[north][REST])) > 0.9
    assert_same_bits(bits(adapted, X[~north]), bits(est, X[~north]))
    assert_same_bits(stranger(adapted, EAST), stranger(est, EAST))


def test_several_ids_at_once_are_each_as_if_alone(est):
    rows, labels = pd.concat([WEST[FEW], EAST[FEW]]), pd.concat([west[FEW], east[FEW]])
    order = np.random.default_rng(0).permutation(60)
    both = est.adapt(rows.iloc[order], labels.iloc[order])
    assert both.groups_.tolist() == ["north", "south", "east", "west"]
    assert r2(west[REST], both.predict(WEST[REST])) > 0.9
    assert r2(east[REST], both.predict(EAST[REST])) > 0.9
    assert_same_bits(bits(both, X), bits(est, X))


def test_ids_in_turn(est):
    one = est.adapt(WEST[FEW], west[FEW])
    two = one.adapt(EAST[FEW], east[FEW])
    assert two.groups_.tolist() == ["north", "south", "west", "east"]
    assert_same_bits(bits(two, X), bits(est, X))
    assert_same_bits(bits(two, WEST), bits(one, WEST))
    assert r2(east[REST], two.predict(EAST[REST])) > 0.9
    again = two.adapt(WEST[REST], west[REST] + 20.0)
    assert_same_bits(bits(again, X), bits(est, X))
    assert_same_bits(bits(again, EAST), bits(two, EAST))
    # Both lots count: the mean is that of all labels.
    labels = pd.concat([west[FEW], west[REST] + 20.0])
    assert abs(again.predict(WEST).mean() - labels.mean()) < 2


def test_an_id_without_a_label_stays_unknown(est):
    rows, labels = pd.concat([WEST[FEW], EAST[FEW]]), pd.concat([west[FEW], east[FEW] * np.nan])
    adapted = est.adapt(rows, labels)
    assert adapted.groups_.tolist() == ["north", "south", "west"]
    assert_same_bits(stranger(adapted, EAST), stranger(est, EAST))


def test_a_new_column_serves_all_ids(est):
    labels = (X["x"] - X["z"]).rename("stock")
    adapted = est.adapt(X[FEW], labels[FEW])
    assert adapted.groups_.tolist() == ["north", "south"]
    found = adapted.predict(X)
    assert found.columns.tolist() == ["sales", "stock"]
    assert np.array_equal(found["sales"], est.predict(X))
    assert r2(labels[REST], found["stock"][REST]) > 0.8
    assert adapted.forgetting_ == {"sales": 0.0}


def test_a_new_column_and_a_new_id_at_once(est):
    labels = pd.DataFrame({"sales": west, "stock": WEST["x"] - WEST["z"]})
    adapted = est.adapt(WEST[FEW], labels[FEW])
    found = adapted.predict(WEST[REST])
    assert r2(labels["sales"][REST], found["sales"]) > 0.9
    assert r2(labels["stock"][REST], found["stock"]) > 0.8
    assert np.array_equal(adapted.predict(X)["sales"], est.predict(X))


# Several columns, and other heads


def two_columns(X, y):
    return pd.DataFrame({"sales": y, "busy": np.where(y > 0, "yes", "no")})


def test_each_column_of_a_new_id_is_learned():
    est = small(task="shop", max_epochs=60, lr=0.02).fit(X, two_columns(X, y))
    labels = two_columns(WEST, west)
    labels.loc[::3, "sales"] = np.nan
    adapted = est.adapt(WEST[FEW], labels[FEW])
    found = adapted.predict(WEST[REST])
    assert r2(west[REST], found["sales"]) > 0.9
    assert (found["busy"] == labels["busy"][REST]).mean() > 0.85
    assert_same_bits(bits(adapted, X), bits(est, X))


def test_a_column_without_labels_of_the_new_id_stays_with_what_all_share():
    est = small(task="shop").fit(X, two_columns(X, y))
    adapted = est.adapt(WEST[FEW], west[FEW])
    expected = stranger(est, WEST)["busy"]
    found = bits(adapted, WEST)["busy"]
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1])


def test_a_common_head_is_corrected_for_all_ids():
    est = of_shops(heads="column", max_epochs=5).fit(X, y)
    raised = (y + 5.0)[FEW]
    adapted = est.adapt(X[FEW], raised)
    assert (adapted.predict(X) - est.predict(X)).mean() > 3.0


def test_a_row_of_weight_zero_is_a_row_less_of_its_id(est):
    weight = np.where(np.arange(30) % 3 == 0, 0.0, 1.0)
    spoiled = west[FEW].where(weight > 0, 1e3)
    found = est.adapt(WEST[FEW], spoiled, sample_weight=weight).predict(WEST)
    expected = est.adapt(WEST[FEW][weight > 0], west[FEW][weight > 0]).predict(WEST)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-2)


def test_ids_as_an_argument():
    est = of_shops(task=None).fit(X[["x", "z"]], y, task=X["shop"])
    bare = WEST[["x", "z"]]
    adapted = est.adapt(bare[FEW], west[FEW], task=WEST["shop"][FEW])
    assert adapted.groups_.tolist() == ["north", "south", "west"]
    assert r2(west[REST], adapted.predict(bare[REST], task=WEST["shop"][REST])) > 0.9
    known = bits(est, X[["x", "z"]], task=X["shop"])
    assert_same_bits(bits(adapted, X[["x", "z"]], task=X["shop"]), known)
    with pytest.raises(ValueError, match=r"fit\(\.\.\., task=ids\)"):
        adapted.predict(bare)


def test_without_ids_as_an_argument_all_rows_are_one_new_task():
    est = of_shops(task=None).fit(X[["x", "z"]], y, task=X["shop"])
    bare = WEST[["x", "z"]]
    adapted = est.adapt(bare[FEW], west[FEW])
    assert r2(west[REST], adapted.predict(bare[REST])) > 0.9
    known = bits(est, X[["x", "z"]], task=X["shop"])
    assert_same_bits(bits(adapted, X[["x", "z"]], task=X["shop"]), known)


def test_unfit_ids_are_refused(est):
    with pytest.raises(ValueError, match="given twice"):
        est.adapt(WEST[FEW], west[FEW], task=WEST["shop"][FEW])
    with pytest.raises(ValueError, match=r"have no task id"):
        est.adapt(WEST[FEW].assign(shop=None), west[FEW])


# Independent nets


def test_independent_nets_for_each_id_refuse_to_adapt():
    est = of_shops(sharing="none", max_epochs=2).fit(X, y)
    before = state(est)
    with pytest.raises(ValueError, match="sharing='none' gives each task id a net of its own"):
        est.adapt(WEST[FEW], west[FEW])
    assert_untouched(est, before)


def test_independent_nets_for_each_column_adapt_as_wide_ones():
    est = of_shops(sharing="none", heads="column").fit(X, y)
    adapted = est.adapt(WEST[FEW], (WEST["x"] - WEST["z"])[FEW].rename("stock"))
    assert np.array_equal(adapted.predict(X)["sales"], est.predict(X))


@pytest.mark.parametrize("n_members", [1, 3])
def test_groups_of_any_number_of_members(n_members):
    est = of_shops(n_estimators=n_members).fit(X, y)
    adapted = est.adapt(WEST[FEW], west[FEW])
    assert r2(west[REST], adapted.predict(WEST[REST])) > 0.9
    assert_same_bits(bits(adapted, X), bits(est, X))


def test_forgetting_of_other_ids_where_shared_weights_were_trained():
    X, y = shops()
    new, labels = shops(n=30, seed=3, names=("west",))
    options = {"adapt_steps": 20, "adapt_lr": 0.01}
    est = of_shops(adapt_parts="all", **options).fit(X, y)
    adapted = est.adapt(new, labels)
    others = new.assign(shop=np.resize(["north", "south"], len(new)))
    moved = adapted.predict(others) - est.predict(others)
    scale = est._model.codec.scale[0]
    assert adapted.forgetting_["sales"] == pytest.approx((moved**2).mean() ** 0.5 / scale, rel=1e-3)
    assert adapted.forgetting_["sales"] > 0
    frozen = of_shops(**{**options, "adapt_steps": 0}).fit(X, y).adapt(new, labels)
    assert frozen.forgetting_ == {"sales": 0.0}
    known, labels = shops(n=30, seed=3)
    assert of_shops(adapt_parts="all", **options).fit(X, y).adapt(known, labels).forgetting_ == {}
