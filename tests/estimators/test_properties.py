"""What must hold for any data."""

import copy
import random

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from sklearn_3mtl import MultiTaskRegressor
from tests._inputs import mixed_table, numeric_table
from tests._pinned import tiny

few = settings(max_examples=8, deadline=None)
seeds = st.integers(0, 2**31 - 1)


def assert_close(one, other, **tolerance):
    """Equal labels, close numbers."""
    for name in one:
        if pd.api.types.is_float_dtype(one[name]):
            np.testing.assert_allclose(one[name], other[name], **tolerance)
        else:
            assert one[name].equals(other[name]), name


@few
@given(seeds, st.permutations(range(4)), st.sampled_from(["hard", "none"]))
def test_permuted_task_columns_give_permuted_predictions(seed, order, sharing):
    X, Y = mixed_table(seed=seed % 1000)
    est = tiny(sharing=sharing, max_epochs=3, random_state=seed)
    plain = est.fit(X, Y)
    proba = plain.predict_proba(X)
    found = plain.predict(X)
    permuted = est.fit(X, Y.iloc[:, list(order)])
    assert permuted.predict(X).columns.tolist() == Y.columns[list(order)].tolist()
    np.testing.assert_allclose(
        permuted.predict(X)["price"], found["price"], rtol=1e-4, atol=1e-4 * Y["price"].std()
    )
    for position, task in enumerate(order):
        if proba[task] is not None:
            np.testing.assert_allclose(
                permuted.predict_proba(X)[position], proba[task], rtol=1e-4, atol=1e-5
            )


@few
@given(seeds, st.floats(1e-3, 1e3), st.floats(-1e3, 1e3), st.booleans())
def test_a_scaled_and_shifted_target_gives_scaled_and_shifted_predictions(
    seed, scale, shift, negative
):
    scale = -scale if negative else scale
    X, Y = numeric_table(seed=seed % 1000)
    est = tiny(max_epochs=5, early_stopping=not negative, random_state=seed)
    plain = est.fit(X, Y).predict(X)
    moved = est.fit(X, Y.assign(number=scale * Y["number"] + shift)).predict(X)
    if negative:
        # The mirrored target is another target for the same initial head: only its scale is ours.
        ratio = (moved["number"] - shift).std() / plain["number"].std()
        assert 0.2 < ratio / abs(scale) < 5
        return
    spread = scale * Y["number"].std() + abs(shift) * 1e-3
    np.testing.assert_allclose(
        moved["number"], scale * plain["number"] + shift, rtol=1e-4, atol=1e-3 * spread
    )
    assert (moved["answer"] == plain["answer"]).mean() > 0.95


@few
@given(seeds, st.floats(0.01, 100), st.floats(-100, 100))
def test_a_scaled_and_shifted_input_changes_nothing(seed, scale, shift):
    """Numbers are coded by their median and quartiles."""
    X, Y = numeric_table(seed=seed % 1000)
    est = tiny(max_epochs=3, random_state=seed)
    plain = est.fit(X, Y).predict(X)
    moved = X.assign(a=scale * X["a"] + shift)
    np.testing.assert_allclose(
        est.fit(moved, Y).predict(moved)["number"], plain["number"], rtol=1e-3, atol=1e-3
    )


PARAMETERS = {
    "plain": {},
    "dropout": {"dropout": 0.3, "backbone": "resnet", "hidden_layer_sizes": (8, 8)},
    "none": {"sharing": "none", "dropout": 0.2, "early_stopping": True},
    "module": {"backbone": nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5)), "sharing": "none"},
    "rule": {"balancing": "uncertainty"},
    "members": {
        "n_estimators": 3, "numeric_embedding": "piecewise_linear", "dropout": 0.2,
        "early_stopping": True,
    },
    "waves": {"n_estimators": 2, "numeric_embedding": "periodic", "sharing": "none"},
    "tabm": {"backbone": "tabm", "n_estimators": 3, "dropout": 0.2, "early_stopping": True},
}  # fmt: skip


def global_streams():
    return (
        random.getstate(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002
        torch.get_rng_state().tolist(),
    )


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_same_seed_gives_the_same_bits_and_global_streams_stay(name):
    X, Y = numeric_table()
    est = tiny(max_epochs=3, **PARAMETERS[name])
    before = global_streams()
    first = est.fit(X, Y).predict_proba(X)
    assert global_streams() == before
    torch.rand(3), np.random.rand(), random.random()  # noqa: NPY002
    second = est.fit(X, Y).predict_proba(X)
    for a, b in zip(first[1:], second[1:], strict=True):
        assert np.array_equal(a, b)
    other = est.set_params(random_state=1).fit(X, Y).predict_proba(X)
    assert not np.array_equal(first[1], other[1])


@few
@given(seeds)
def test_seeds_of_all_kinds_are_equal_in_effect(seed):
    X, Y = numeric_table(30)
    number = tiny(random_state=seed).fit(X, Y).predict(X)
    state = tiny(random_state=np.random.RandomState(seed)).fit(X, Y).predict(X)
    assert number.equals(state)


def test_a_random_state_instance_goes_on_and_none_differs():
    X, Y = numeric_table(30)
    state = np.random.RandomState(0)
    est = tiny(random_state=state)
    assert not est.fit(X, Y).predict(X).equals(est.fit(X, Y).predict(X))
    est = tiny(random_state=None)
    assert not est.fit(X, Y).predict(X).equals(est.fit(X, Y).predict(X))


@few
@given(seeds, st.sampled_from(["hard", "none"]), st.booleans())
def test_fit_and_predict_change_nothing_of_the_callers(seed, sharing, in_groups):
    X, Y = mixed_table(seed=seed % 1000)
    X = X.assign(store=np.resize(["p", "q"], len(X))) if in_groups else X
    module = nn.Tanh()
    heads = {"price": (4,)}
    weight = np.linspace(0.1, 2, len(X))
    kept = [copy.deepcopy(part) for part in (X, Y, heads, weight)]
    est = tiny(
        sharing=sharing, backbone=module, heads="auto" if in_groups else heads, dropout=0.1,
        task="store" if in_groups else None, early_stopping=True,
    )  # fmt: skip
    parameters = dict(est.get_params())
    est.fit(X, Y, sample_weight=weight)
    est.predict(X), est.score(X, Y), est.transform(X)
    pd.testing.assert_frame_equal(X, kept[0])
    pd.testing.assert_frame_equal(Y, kept[1])
    assert heads == kept[2]
    assert np.array_equal(weight, kept[3])
    assert all(est.get_params()[key] is value for key, value in parameters.items())


def test_arrays_of_the_callers_are_never_written_to():
    X, Y = numeric_table()
    X, y = X.to_numpy().copy(), Y["number"].to_numpy().copy()
    X[::7, 0] = np.nan
    X.setflags(write=False)
    y.setflags(write=False)
    est = tiny(MultiTaskRegressor).fit(X, y)
    est.predict(X)[:] = 0
    assert est.predict(X).any()


LAYOUTS = {
    "wide": {},
    "odd widths": {"hidden_layer_sizes": (5, 7), "activation": "silu"},
    "resnet": {"backbone": "resnet", "hidden_layer_sizes": (7, 7)},
    "independent": {"sharing": "none", "hidden_layer_sizes": (6,)},
    "long": {"task": "store"},
    "long independent": {"task": "store", "sharing": "none", "hidden_layer_sizes": (6,)},
    "heads": {"heads": {"price": (5,), "grade": (3, 5)}},
    "members": {"n_estimators": 3, "numeric_embedding": "piecewise_linear"},
    "members, independent": {"n_estimators": 2, "sharing": "none", "hidden_layer_sizes": (6,)},
    "members, long": {"n_estimators": 2, "task": "store", "numeric_embedding": "periodic"},
    "members, long independent": {"n_estimators": 2, "task": "store", "sharing": "none"},
    "members, heads": {"n_estimators": 2, "heads": {"price": (5,), "grade": (3, 5)}},
    "tabm": {"backbone": "tabm", "n_estimators": 3},
    "tabm, long": {"backbone": "tabm", "n_estimators": 3, "task": "store"},
    "tabm, independent": {"backbone": "tabm", "n_estimators": 3, "sharing": "none"},
}


@pytest.fixture(scope="module")
def fitted():
    """An estimator of each layout, its X, and its answers for all rows."""
    X, Y = mixed_table(150)
    X = X.reset_index(drop=True).assign(store=np.resize(["p", "q", "r"], 150))
    Y = Y.reset_index(drop=True)
    found = {}
    for name, parameters in LAYOUTS.items():
        est = tiny(**parameters).fit(X, Y)
        found[name] = est, X, est.predict_proba(X), est.predict(X)["price"].to_numpy()
    # A function: hypothesis would write all tables into its report.
    return lambda name: found[name]


@pytest.mark.parametrize("name", LAYOUTS)
@settings(max_examples=4, deadline=None)
@given(rows=st.lists(st.integers(0, 149), min_size=1, max_size=150))
def test_any_rows_in_any_order_get_the_same_bits(fitted, rows, name):
    est, X, proba, price = fitted(name)
    assert np.array_equal(est.predict(X.iloc[rows])["price"].to_numpy(), price[rows])
    for mine, all_rows in zip(est.predict_proba(X.iloc[rows]), proba, strict=True):
        assert mine is None or np.array_equal(mine, all_rows[rows])


def test_more_rows_than_a_chunk_get_the_same_bits(fitted):
    est, X, _, price = fitted("wide")
    rows = np.resize(np.arange(150), 2500)
    assert np.array_equal(est.predict(X.iloc[rows])["price"].to_numpy(), price[rows])


@few
@given(seeds, st.floats(0.0, 0.9))
def test_any_pattern_of_gaps_trains(seed, missing):
    X, Y = numeric_table(seed=seed % 1000)
    gaps = np.random.default_rng(seed).random(Y.shape) < missing
    gaps[:6] = False
    Y = Y.astype(object).mask(gaps).astype({"number": float})
    if min(Y.nunique()) < 2:
        return
    est = tiny(early_stopping=bool(seed % 2)).fit(X, Y)
    assert est.predict(X).notna().all().all()
    assert np.isfinite(est.history_[:, "train_loss"]).all()
