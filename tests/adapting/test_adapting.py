"""`adapt`: new targets and more rows from a few labels, the old estimator left as it is."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import RidgeCV

from sklearn_3mtl import MultiTaskRegressor
from tests._adapting import (
    FEW,
    NEW,
    REST,
    X,
    Y,
    assert_same_bits,
    assert_untouched,
    bits,
    r2,
    small,
    state,
)
from tests._inputs import mixed_table

# New targets


SHARING = ["hard", "none"]
LABELS = {
    "regression": (lambda: NEW["rent"], np.float64),
    "float32": (lambda: NEW["rent"].astype("float32"), np.float64),
    "bool": (lambda: NEW["big"], np.bool_),
    "zeros and ones": (lambda: NEW["big"].astype(float), np.float64),
    "text": (lambda: NEW["kind"], None),
    "category": (lambda: NEW["kind"].astype("category"), None),
    "integers": (lambda: NEW["kind"].map({"p": 3, "q": 1, "r": 7}), np.int64),
}


@pytest.mark.parametrize("sharing", SHARING)
@pytest.mark.parametrize("name", LABELS)
def test_a_new_column_of_each_kind_is_learned(name, sharing):
    make, dtype = LABELS[name]
    labels = make()
    est = small(sharing=sharing).fit(X[REST], Y[REST])
    adapted = est.adapt(X[FEW], labels[FEW])
    assert type(adapted) is type(est)
    assert list(adapted.tasks_) == [*Y, labels.name]
    found = adapted.predict(X[REST])
    assert found.columns.tolist() == [*Y, labels.name]
    new, truth = found[labels.name], labels[REST]
    assert new.dtype == (labels.dtype if dtype is None else dtype)
    if name in ("regression", "float32"):
        assert r2(truth, new) > 0.9
    else:
        assert (new == truth).mean() > 0.8


def test_a_new_target_reads_what_the_old_ones_never_needed():
    # Two features for one old target leave out the columns that the new one is made of.
    est = small(MultiTaskRegressor, hidden_layer_sizes=(2,), max_epochs=20)
    est.fit(X[REST], pd.DataFrame({"old": X["a"][REST]}))
    new = (X["c"] - X["d"]).rename("new")
    found = est.adapt(X[FEW], new[FEW]).predict(X[REST])
    assert r2(new[REST], found["new"]) > 0.9


def test_a_new_target_reads_what_the_old_ones_taught():
    # Twelve rows don't tell which of forty columns counts; the old targets do.
    random = np.random.default_rng(7)
    wide = pd.DataFrame(random.normal(size=(900, 40))).add_prefix("x")
    truth = wide["x0"] + wide["x1"]
    est = small(MultiTaskRegressor, max_epochs=30)
    est.fit(wide[12:600], pd.DataFrame({"old": truth, "older": 3 - truth})[12:600])
    new = (5 - 2 * truth + 0.3 * random.normal(size=900)).rename("new")
    found = est.adapt(wide[:12], new[:12]).predict(wide[600:])
    alone = RidgeCV(np.logspace(-2, 4, 13)).fit(wide[:12], new[:12]).predict(wide[600:])
    assert r2(new[600:], found["new"]) > 0.8
    assert r2(new[600:], alone) < 0.3


def test_a_linear_target_that_the_source_knows_nothing_of_is_level_with_ridge():
    random = np.random.default_rng(0)
    numbers = pd.DataFrame(random.normal(size=(1600, 10))).add_prefix("x")
    source = np.sin(numbers @ random.normal(size=10))
    est = MultiTaskRegressor(random_state=0, max_epochs=5)
    est.fit(numbers[:500], source[:500].rename("source"))
    new = (numbers @ random.normal(size=10) + random.normal(size=1600)).rename("new")
    few = slice(500, 550)
    found = est.adapt(numbers[few], new[few]).predict(numbers[600:])["new"]
    alone = RidgeCV(np.logspace(-2, 4, 13)).fit(numbers[few], new[few]).predict(numbers[600:])
    assert r2(new[600:], found) > r2(new[600:], alone) - 0.05


def test_a_frozen_adapt_draws_nothing_and_shares_no_history():
    random = np.random.RandomState(3)
    est = small(random_state=random).fit(X[REST], Y[REST])
    before = random.get_state()[1].copy()
    adapted = est.adapt(X[FEW], NEW["rent"][FEW])
    assert np.array_equal(random.get_state()[1], before)
    assert adapted.history_ is not est.history_


def test_a_new_target_is_scored_alone(fitted):
    adapted = fitted.adapt(X[FEW], NEW["rent"][FEW])
    found = adapted.score(X[REST], NEW[["rent"]][REST])
    assert found == pytest.approx(r2(NEW["rent"][REST], adapted.predict(X[REST])["rent"]))
    assert found == adapted.score(X[REST], NEW["rent"][REST])


def test_several_new_columns_with_gaps_of_their_own(fitted):
    labels = NEW[FEW].astype(object)
    labels.iloc[::3, 0] = None
    labels.iloc[1::3, 1] = None
    labels.iloc[50:, 2] = None
    labels["rent"] = labels["rent"].astype(float)
    found = fitted.adapt(X[FEW], labels).predict(X[REST])
    assert list(found) == [*Y, *NEW]
    assert r2(NEW["rent"][REST], found["rent"]) > 0.9
    assert (found["big"] == NEW["big"][REST]).mean() > 0.8
    assert (found["kind"] == NEW["kind"][REST]).mean() > 0.75


def test_a_column_is_learned_alone_as_among_others(fitted):
    together = fitted.adapt(X[FEW], NEW[FEW]).predict(X)["rent"]
    alone = fitted.adapt(X[FEW], NEW["rent"][FEW]).predict(X)["rent"]
    np.testing.assert_allclose(together, alone, rtol=1e-5)


def test_categories_and_gaps_of_x():
    X, Y = mixed_table(120)
    est = small(numeric_embedding="piecewise_linear", max_epochs=40).fit(X, Y.drop(columns="price"))
    strangers = X.iloc[:60].assign(city=[None, "Genf", *X["city"].iloc[2:60]])
    found = est.adapt(strangers, Y["price"].iloc[:60]).predict(X.iloc[60:])
    truth = Y["price"].iloc[60:]
    assert r2(truth[truth.notna()], found["price"][truth.notna().to_numpy()]) > 0.5


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_handful_of_labels_is_enough_to_answer(fitted, n):
    found = fitted.adapt(X[:n], NEW["rent"][:n]).predict(X)["rent"]
    assert np.isfinite(found).all()
    assert found.mean() == pytest.approx(NEW["rent"][:n].mean(), rel=1.0)


def test_a_column_named_in_task_kinds_is_of_that_kind(fitted):
    stars = pd.Series(np.resize([1, 2, 3, 4, 5], 60), name="stars")
    assert fitted.adapt(X[FEW], stars).tasks_["stars"].kind == "multiclass"
    told = small().fit(X[REST], Y[REST]).set_params(task_kinds={"stars": "regression"})
    assert told.adapt(X[FEW], stars).tasks_["stars"].kind == "regression"


# What stays


WAYS = {
    "new": lambda: NEW,
    "one new": lambda: NEW[["kind"]],
    "known": lambda: Y[["answer"]],
    "both": lambda: pd.concat([Y[["sort"]], NEW[["rent"]]], axis=1),
}


@pytest.mark.parametrize("sharing", SHARING)
@pytest.mark.parametrize("name", WAYS)
def test_tasks_without_new_labels_keep_their_bits(name, sharing):
    est = small(sharing=sharing, numeric_embedding="periodic").fit(X[REST], Y[REST])
    labels = WAYS[name]()
    others = [column for column in Y if column not in labels]
    adapted = est.adapt(X[FEW], labels[FEW])
    assert_same_bits(bits(adapted, X, others), bits(est, X, others))
    np.testing.assert_array_equal(adapted.transform(X), est.transform(X))
    assert adapted.forgetting_ == dict.fromkeys(others, 0.0)
    assert adapted.history_ == est.history_
    assert adapted.chosen_ == est.chosen_


@pytest.mark.parametrize("old", [[name] for name in Y] + [list(Y)], ids=" ".join)
def test_tasks_of_an_ensemble_keep_their_bits(old):
    # Members are averaged: a sum must not depend on how many outputs stand beside it.
    est = small(n_estimators=8, max_epochs=2).fit(X[REST], Y[old][REST])
    for name in NEW:
        adapted = est.adapt(X[FEW], NEW[name][FEW])
        assert_same_bits(bits(adapted, X, old), bits(est, X, old))


@pytest.mark.parametrize("parts", ["head", "all"])
@pytest.mark.parametrize("name", WAYS)
def test_the_old_estimator_is_left_as_it_is(name, parts):
    est = small(adapt_parts=parts, adapt_steps=3).fit(X[REST], Y[REST])
    before, answers = state(est), bits(est, X)
    est.adapt(X[FEW], WAYS[name]()[FEW])
    assert_untouched(est, before)
    assert_same_bits(bits(est, X), answers)
    assert not hasattr(est, "forgetting_")


def test_several_adapts_in_a_row(fitted):
    one = fitted.adapt(X[FEW], NEW["rent"][FEW])
    two = one.adapt(X[FEW], NEW["kind"][FEW])
    three = two.adapt(X[FEW], NEW["big"][FEW])
    assert list(three.tasks_) == [*Y, "rent", "kind", "big"]
    assert_same_bits(bits(three, X, [*Y, "rent"]), bits(one, X))
    assert_same_bits(bits(three, X, [*Y, "rent", "kind"]), bits(two, X))
    again = three.adapt(X[REST], NEW["rent"][REST])
    others = [*Y, "kind", "big"]
    assert_same_bits(bits(again, X, others), bits(three, X, others))
    assert r2(NEW["rent"], again.predict(X)["rent"]) > max(
        r2(NEW["rent"], one.predict(X)["rent"]), 0.9
    )
    assert set(again.forgetting_) == set(others)


def test_the_callers_data_are_left_alone(fitted):
    mine, labels = X[FEW].copy(), NEW[FEW].copy()
    weight = np.ones(60)
    fitted.adapt(mine, labels, sample_weight=weight)
    pd.testing.assert_frame_equal(mine, X[FEW])
    pd.testing.assert_frame_equal(labels, NEW[FEW])
    assert (weight == 1).all()


# Containers


def test_a_pair_is_both_arguments(fitted):
    pair = fitted.adapt((X[FEW], NEW[FEW]))
    assert_same_bits(bits(pair, X), bits(fitted.adapt(X[FEW], NEW[FEW]), X))


def test_arrays_become_a_frame_when_a_named_target_comes():
    est = small(MultiTaskRegressor).fit(X[REST].to_numpy(), Y["number"][REST].to_numpy())
    adapted = est.adapt(X[FEW].to_numpy(), NEW["rent"][FEW])
    found = adapted.predict(X.to_numpy())
    assert found.columns.tolist() == ["y", "rent"]
    assert np.array_equal(found["y"], est.predict(X.to_numpy()))


def test_a_series_becomes_a_frame_and_keeps_the_index():
    est = small(MultiTaskRegressor).fit(X[REST], Y["number"][REST])
    found = est.adapt(X[FEW], NEW["rent"][FEW]).predict(X[REST])
    assert found.columns.tolist() == ["number", "rent"]
    assert found.index.equals(X[REST].index)


def test_polars_in_polars_out():
    est = small().fit(pl.from_pandas(X[REST]), pl.from_pandas(Y[REST]))
    found = est.adapt(pl.from_pandas(X[FEW]), pl.from_pandas(NEW[FEW])).predict(pl.from_pandas(X))
    assert isinstance(found, pl.DataFrame)
    assert found.columns == [*Y, *NEW]


def test_one_polars_target_becomes_a_polars_frame():
    est = small(MultiTaskRegressor).fit(pl.from_pandas(X[REST]), pl.Series("n", Y["number"][REST]))
    adapted = est.adapt(pl.from_pandas(X[FEW]), pl.Series("rent", NEW["rent"][FEW]))
    assert adapted.predict(pl.from_pandas(X)).columns == ["n", "rent"]


# Weights


def test_a_row_of_weight_zero_is_a_row_less(fitted):
    weight = np.where(np.arange(60) % 3 == 0, 0.0, 2.0)
    spoiled = NEW[FEW].copy()
    spoiled.loc[spoiled.index[weight == 0], "rent"] = 1e4
    found = fitted.adapt(X[FEW], spoiled, sample_weight=weight).predict(X)
    expected = fitted.adapt(X[FEW][weight > 0], NEW[FEW][weight > 0]).predict(X)
    np.testing.assert_allclose(found["rent"], expected["rent"], rtol=1e-3, atol=1e-2)
    assert (found[["big", "kind"]] == expected[["big", "kind"]]).to_numpy().mean() > 0.99


def test_a_weight_for_each_label_goes_by_name(fitted):
    weight = pd.DataFrame({"kind": 1.0, "rent": np.where(np.arange(60) < 30, 1.0, 0.0)})
    labels = NEW[["rent", "kind"]][FEW]
    half = fitted.adapt(X[FEW], labels, sample_weight=weight).predict(X)
    labels["rent"] = labels["rent"].where(np.arange(60) < 30)
    missing = fitted.adapt(X[FEW], labels).predict(X)
    np.testing.assert_allclose(half["rent"], missing["rent"], rtol=1e-3, atol=1e-2)
    assert half["kind"].equals(missing["kind"])


def test_class_weights_hold_for_a_new_column():
    rare = pd.Series(np.where(np.arange(240) % 20 == 0, "rare", "often"), name="rare")
    labels = [
        small(class_weight=weight).fit(X, Y).adapt(X, rare).predict_proba(X)[3][:, 1].mean()
        for weight in (None, "balanced")
    ]
    assert labels[0] < 0.15
    assert 0.35 < labels[1] < 0.65
