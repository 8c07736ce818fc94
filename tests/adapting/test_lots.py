"""Labels that come in lots teach what they teach at once."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from sklearn_3mtl import (
    MetaLearner,
    MultiTaskEstimator,
    MultiTaskRegressor,
    TransferEstimator,
    load_estimator,
)

N_LOTS, LOT = 4, 15
N = N_LOTS * LOT


def table(n_rows=400, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n_rows, 4)), columns=list("abcd"))
    X["site"] = rng.choice(["north", "south", "east"], n_rows)
    old = (X.a + 0.1 * rng.normal(size=n_rows)).rename("old")
    noise = rng.normal(size=n_rows)
    new = pd.DataFrame({
        "amount": X.b * X.c + X.a + 0.2 * noise,
        "sold": np.where(X.b + 0.3 * noise > 0, "yes", "no"),
        "grade": np.select([X.b < -0.5, X.b < 0.5], ["low", "middle"], "high"),
    })  # fmt: skip
    new.iloc[:3] = [[1.0, "yes", "low"], [2.0, "no", "middle"], [3.0, "yes", "high"]]
    return X, old, new


X, OLD, NEW = table()
PLAIN = X[list("abcd")]
ROWS = slice(N, None)


def in_lots(est, X, Y, **more):
    for start in range(0, N, LOT):
        lot = slice(start, start + LOT)
        own = {name: value[lot] for name, value in more.items()}
        est = est.adapt(X[lot], Y[lot], **own)
    return est


def at_once(est, X, Y, **more):
    own = {name: value[:N] for name, value in more.items()}
    return est.adapt(X[:N], Y[:N], **own)


def outputs(est, X, **more):
    probability = est.predict_proba(X, **more) if hasattr(est, "predict_proba") else []
    probability = probability if isinstance(probability, list) else [probability]
    found = [p for p in probability if p is not None]
    predicted = pd.DataFrame(est.predict(X, **more)).select_dtypes("number").to_numpy()
    return np.hstack([predicted, *found])


def assert_alike(lots, whole, X, **more):
    np.testing.assert_allclose(
        outputs(lots, X, **more), outputs(whole, X, **more), rtol=1e-4, atol=1e-5
    )


@pytest.fixture(scope="module")
def fitted():
    est = MultiTaskEstimator(max_epochs=3, n_estimators=2, random_state=0)
    return est.fit(PLAIN[ROWS], OLD[ROWS])


@pytest.mark.parametrize("name", ["amount", "sold", "grade"])
def test_a_new_target(fitted, name):
    lots, whole = (how(fitted, PLAIN, NEW[name]) for how in (in_lots, at_once))
    assert_alike(lots, whole, PLAIN[ROWS])
    assert len(lots._model.adaptations) == 1


def test_several_new_targets_with_weights_and_gaps(fitted):
    rng = np.random.default_rng(1)
    Y = NEW[["amount", "sold"]].mask(rng.random((len(NEW), 2)) < 0.2)
    weight = rng.integers(0, 3, len(Y)).astype(float)
    lots, whole = (how(fitted, PLAIN, Y, sample_weight=weight) for how in (in_lots, at_once))
    assert_alike(lots, whole, PLAIN[ROWS])


def test_a_known_target(fitted):
    other = (-OLD).rename("old")
    lots, whole = (how(fitted, PLAIN, other) for how in (in_lots, at_once))
    assert_alike(lots, whole, PLAIN[ROWS])
    assert np.corrcoef(whole.predict(PLAIN[ROWS]), -OLD[ROWS])[0, 1] > 0.5


def test_known_and_new_targets_side_by_side(fitted):
    Y = NEW[["amount", "grade"]].assign(old=-OLD)
    lots, whole = (how(fitted, PLAIN, Y) for how in (in_lots, at_once))
    assert_alike(lots, whole, PLAIN[ROWS])


def test_a_target_that_more_labels_of_others_say_nothing_of_keeps_its_bits(fitted):
    first = fitted.adapt(PLAIN[:N], NEW["amount"][:N])
    second = first.adapt(PLAIN[:N], NEW["sold"][:N])
    third = second.adapt(PLAIN[N : 2 * N], NEW["sold"][N : 2 * N])
    for after in (second, third):
        for name in ("old", "amount"):
            assert np.array_equal(after.predict(PLAIN)[name], first.predict(PLAIN)[name])
    at_once = first.adapt(PLAIN[: 2 * N], NEW["sold"][: 2 * N])
    assert_alike(third, at_once, PLAIN)


def test_a_new_site_and_the_others_keep_their_bits():
    site = X["site"].to_numpy().copy()
    est = MultiTaskRegressor(max_epochs=3, n_estimators=2, random_state=0)
    est = est.fit(PLAIN[ROWS], OLD[ROWS], task=site[ROWS])
    new, west = (-OLD).rename("old"), np.full(len(X), "west", dtype=object)
    first = est.adapt(PLAIN[:N], new[:N], task=np.full(N, "south", dtype=object))
    lots, whole = (how(first, PLAIN, new, task=west) for how in (in_lots, at_once))
    np.testing.assert_allclose(
        lots.predict(PLAIN, task=west), whole.predict(PLAIN, task=west), rtol=1e-4, atol=1e-5
    )
    assert np.array_equal(lots.predict(PLAIN, task=site), first.predict(PLAIN, task=site))
    again = lots.adapt(PLAIN[:N], new[:N], task=np.full(N, "south", dtype=object))
    assert np.array_equal(again.predict(PLAIN, task=west), lots.predict(PLAIN, task=west))


@pytest.mark.parametrize("strategy", ["auto", "extract"])
def test_the_target_of_a_transfer(fitted, strategy):
    source = MultiTaskEstimator(max_epochs=3, random_state=0).fit(PLAIN[ROWS], OLD[ROWS])
    est = TransferEstimator(
        source=FrozenEstimator(source), strategy=strategy, adapt_steps=0, random_state=0
    )
    whole = clone(est).fit(PLAIN[:N], NEW["amount"][:N])
    lots = clone(est).fit(PLAIN[:LOT], NEW["amount"][:LOT])
    for start in range(LOT, N, LOT):
        lots = lots.adapt(PLAIN[start : start + LOT], NEW["amount"][start : start + LOT])
    np.testing.assert_allclose(
        lots.predict(PLAIN[ROWS]), whole.predict(PLAIN[ROWS]), rtol=1e-4, atol=1e-5
    )


def test_a_new_target_of_a_meta_learner():
    est = MetaLearner(task="site", meta="ridge", max_epochs=2, random_state=0)
    est = est.fit(X[ROWS], OLD[ROWS])
    lots, whole = (how(est, X, NEW["amount"]) for how in (in_lots, at_once))
    assert_alike(lots, whole, X[ROWS])
    both = NEW[["amount"]].assign(old=OLD)
    lots, whole = (how(est, X, both) for how in (in_lots, at_once))
    assert_alike(lots, whole, X[ROWS])


def test_between_two_lots_an_estimator_is_saved(fitted, tmp_path):
    first = fitted.adapt(PLAIN[:LOT], NEW["sold"][:LOT])
    first.save(tmp_path / "first.3mtl")
    loaded = load_estimator(tmp_path / "first.3mtl")
    more = slice(LOT, N)
    went_on, from_file = (e.adapt(PLAIN[more], NEW["sold"][more]) for e in (first, loaded))
    assert np.array_equal(outputs(went_on, PLAIN), outputs(from_file, PLAIN))
    assert_alike(went_on, at_once(fitted, PLAIN, NEW["sold"]), PLAIN)


def test_what_was_trained_is_where_the_next_lot_starts(fitted):
    est = fitted.adapt(PLAIN[:LOT], NEW["amount"][:LOT])
    est.set_params(adapt_parts="all", adapt_steps=3)
    trained = est.adapt(PLAIN[:LOT], NEW["amount"][:LOT])
    assert trained._model.evidence is None
    last = trained.set_params(adapt_parts="auto").adapt(PLAIN[LOT:N], NEW["amount"][LOT:N])
    assert np.isfinite(last.predict(PLAIN)["amount"]).all()
