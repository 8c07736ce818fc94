"""`adapt` with pipelines, copies, files and seeds."""

import copy
import pickle
import random

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from sklearn_3mtl import MultiTaskRegressor, adapt, load_estimator
from tests._adapting import FEW, NEW, REST, X, Y, assert_same_bits, bits, r2, shops, small
from tests._inputs import mixed_table

LONG, sales = shops()
WEST, west = shops(60, seed=1, names=["west"])


@pytest.fixture(scope="module")
def long():
    return small(MultiTaskRegressor, task="shop", max_epochs=30).fit(LONG, sales)


# Pipelines


@pytest.fixture(scope="module")
def pipeline():
    return make_pipeline(StandardScaler(), small()).fit(X[REST], Y[REST])


def test_a_pipeline_is_adapted_with_its_transformers_as_they_were(pipeline):
    before = bits(pipeline[-1], pipeline[0].transform(X))
    adapted = adapt(pipeline, X[FEW], NEW[FEW])
    assert isinstance(adapted, Pipeline)
    assert adapted[0] is pipeline[0]
    assert adapted[-1] is not pipeline[-1]
    assert r2(NEW["rent"][REST].to_numpy(), adapted.predict(X[REST])["rent"].to_numpy()) > 0.9
    assert_same_bits(bits(pipeline[-1], pipeline[0].transform(X)), before)
    assert [name for name, _ in adapted.steps] == [name for name, _ in pipeline.steps]
    expected = pipeline[-1].adapt(pipeline[0].transform(X[FEW]), NEW[FEW])
    assert_same_bits(bits(adapted[-1], X.to_numpy()), bits(expected, X.to_numpy()))


def test_a_pipeline_takes_a_pair_and_options(pipeline):
    pair = adapt(pipeline, (X[FEW], NEW[FEW]))
    assert pair.predict(X).equals(adapt(pipeline, X[FEW], NEW[FEW]).predict(X))
    light = adapt(pipeline, X[FEW], NEW[FEW], sample_weight=np.linspace(0.1, 1, 60))
    assert not light.predict(X).equals(pair.predict(X))


def test_an_estimator_is_its_own_pipeline(fitted):
    assert_same_bits(
        bits(adapt(fitted, X[FEW], NEW[FEW]), X), bits(fitted.adapt(X[FEW], NEW[FEW]), X)
    )
    lone = Pipeline([("net", fitted)])
    assert adapt(lone, X[FEW], NEW[FEW]).predict(X).columns.tolist() == [*Y, *NEW]


def test_a_pipeline_with_a_task_column():
    code = make_column_transformer((StandardScaler(), ["x", "z"]), remainder="passthrough")
    code.set_output(transform="pandas")
    pipe = make_pipeline(code, small(task="shop", max_epochs=40, lr=0.02)).fit(LONG, sales)
    adapted = adapt(pipe, WEST[:30], west[:30])
    assert r2(west[30:], adapted.predict(WEST[30:])) > 0.9
    assert np.array_equal(adapted.predict(LONG), pipe.predict(LONG))


def test_a_pipeline_in_a_pipeline(pipeline):
    adapted = adapt(Pipeline([("inner", pipeline)]), X[FEW], NEW["rent"][FEW])
    expected = adapt(pipeline, X[FEW], NEW["rent"][FEW]).predict(X)
    pd.testing.assert_frame_equal(adapted.predict(X), expected)


def test_what_predicts_nothing_is_refused():
    for other in (StandardScaler(), make_pipeline(StandardScaler())):
        with pytest.raises(TypeError, match=f"regressor. Found {type(other).__name__}"):
            adapt(other.fit(X), X, NEW)


def test_a_list_pair_is_refused_by_pipelines_too(pipeline):
    with pytest.raises(TypeError, match=r"tuple, adapt\(\(X, y\)\)"):
        adapt(pipeline, [X[FEW], NEW[FEW]])
    with pytest.raises(ValueError, match="adapt needs labels"):
        adapt(pipeline, X[FEW])


def test_a_pipeline_before_fit():
    with pytest.raises(NotFittedError):
        adapt(make_pipeline(StandardScaler(), small()), X, NEW)


# Copies


def test_a_clone_of_an_adapted_estimator_is_unfitted(fitted):
    same = clone(fitted.adapt(X[FEW], NEW[FEW]))
    assert not hasattr(same, "tasks_")
    assert not hasattr(same, "forgetting_")
    with pytest.raises(NotFittedError):
        same.predict(X)
    assert list(same.fit(X, Y).tasks_) == list(Y)


def test_a_fit_after_an_adaptation_starts_anew(fitted):
    adapted = fitted.adapt(X[FEW], NEW[FEW])
    adapted.fit(X[REST], Y[REST])
    assert not hasattr(adapted, "forgetting_")
    assert_same_bits(bits(adapted, X), bits(fitted, X))


def test_a_warm_start_does_not_go_on_with_an_adapted_estimator():
    est = small(warm_start=True).fit(X[REST], Y[REST])
    with pytest.raises(ValueError, match="warm_start can't go on with an adapted estimator"):
        est.adapt(X[FEW], NEW[FEW]).fit(X, Y)
    est.fit(X[REST], Y[REST])


WAYS = {
    "wide": (lambda est, long: est.adapt(X[FEW], NEW[FEW]), X),
    "known": (lambda est, long: est.adapt(X[FEW], Y[FEW]), X),
    "twice": (lambda est, long: est.adapt(X[FEW], NEW[FEW]).adapt(X[REST], NEW[["big"]][REST]), X),
    "id": (lambda est, long: long.adapt(WEST, west), pd.concat([LONG, WEST])),
    "ids": (
        lambda est, long: long.adapt(WEST, west).adapt(LONG, -sales).adapt(WEST, west.rename("n")),
        pd.concat([LONG, WEST]),
    ),
    "lone": (lambda est, long: long.adapt(WEST[["x", "z"]], west), WEST[["x", "z"]]),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("again", [lambda e: pickle.loads(pickle.dumps(e)), copy.deepcopy])
def test_pickle_and_deepcopy_of_an_adapted_estimator(fitted, long, again, way):
    make, rows = WAYS[way]
    adapted = make(fitted, long)
    assert_same_bits(bits(again(adapted), rows), bits(adapted, rows))


# Rows


@pytest.mark.parametrize("widths", [(24,), (7,), (5,)])
@pytest.mark.parametrize("way", ["wide", "known", "id", "lone"])
@pytest.mark.parametrize("n_members", [1, 3])
def test_a_row_has_the_same_bits_beside_any_others(way, widths, n_members):
    make, rows = WAYS[way]
    options = {"hidden_layer_sizes": widths, "n_estimators": n_members, "max_epochs": 1}
    wide = small(**options).fit(X[REST], Y[REST])
    long = small(MultiTaskRegressor, task="shop", **options).fit(LONG, sales)
    adapted = make(wide, long)
    expected = bits(adapted, rows)
    draw = np.random.default_rng(0)
    for size in (1, 2, 7, 50, 120, 300):
        some = draw.integers(0, len(rows), size)
        found = bits(adapted, rows.iloc[some])
        for name, (labels, proba) in expected.items():
            assert np.array_equal(found[name][0], labels[some]), name
            assert proba is None or np.array_equal(found[name][1], proba[some]), name


# Files


def roundtrip(est, folder, **parts):
    est.save(folder / "est")
    return load_estimator(folder / "est", parts=parts or None)


@pytest.mark.parametrize("way", WAYS)
def test_an_adapted_estimator_comes_back_from_a_file(fitted, long, way, tmp_path):
    make, rows = WAYS[way]
    adapted = make(fitted, long)
    loaded = roundtrip(adapted, tmp_path)
    assert type(loaded) is type(adapted)
    assert list(loaded.tasks_) == list(adapted.tasks_)
    assert loaded.forgetting_ == adapted.forgetting_
    assert_same_bits(bits(loaded, rows), bits(adapted, rows))
    if hasattr(adapted, "groups_"):
        assert loaded.groups_.tolist() == adapted.groups_.tolist()


SETTINGS = {
    "none": {"sharing": "none"},
    "tabm": {"backbone": "tabm", "n_estimators": 3},
    "one": {"n_estimators": 1, "numeric_embedding": "periodic"},
    "heads": {"heads": {"number": (5,)}},
    "all": {"adapt_parts": "all", "adapt_steps": 5},
    "list": {"adapt_parts": ["backbone"], "adapt_steps": 5, "adapt_lr": 0.01},
    "auto": {"n_estimators": "auto", "max_epochs": 1},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_network_comes_back_adapted(name, tmp_path):
    adapted = small(**SETTINGS[name]).fit(X[REST], Y[REST]).adapt(X[FEW], NEW[FEW])
    loaded = roundtrip(adapted, tmp_path)
    assert_same_bits(bits(loaded, X), bits(adapted, X))
    assert repr(loaded) == repr(adapted)


def test_mixed_inputs_come_back_adapted(tmp_path):
    X, Y = mixed_table()
    est = small(numeric_embedding="piecewise_linear").fit(X, Y.drop(columns=["grade", "price"]))
    adapted = est.adapt(X, Y[["grade", "price"]])
    assert_same_bits(bits(roundtrip(adapted, tmp_path), X), bits(adapted, X))


def test_a_users_module_comes_back_adapted(tmp_path):
    module = nn.Sequential(nn.Linear(4, 12), nn.Tanh())
    adapted = small(backbone=module).fit(X[REST], Y[REST]).adapt(X[FEW], NEW[FEW])
    fresh = nn.Sequential(nn.Linear(4, 12), nn.Tanh())
    assert_same_bits(bits(roundtrip(adapted, tmp_path, backbone=fresh), X), bits(adapted, X))


def test_a_loaded_estimator_adapts_as_the_saved_one(fitted, long, tmp_path):
    loaded = roundtrip(fitted, tmp_path).adapt(X[FEW], NEW[FEW])
    assert_same_bits(bits(loaded, X), bits(fitted.adapt(X[FEW], NEW[FEW]), X))
    once = long.adapt(WEST[:30], west[:30])
    loaded = roundtrip(once, tmp_path).adapt(WEST[30:], west[30:])
    assert_same_bits(bits(loaded, WEST), bits(once.adapt(WEST[30:], west[30:]), WEST))


def test_a_lone_number_as_id_comes_back(tmp_path):
    array = LONG.assign(shop=LONG["shop"].map({"north": 3, "south": 7})).to_numpy(dtype=float)
    est = small(MultiTaskRegressor, task=2).fit(array, sales.to_numpy())
    adapted = est.adapt(WEST[["x", "z"]].to_numpy(), west.to_numpy())
    loaded = roundtrip(adapted, tmp_path)
    bare = WEST[["x", "z"]].to_numpy()
    assert_same_bits(bits(loaded, bare), bits(adapted, bare))


# Seeds


def global_streams():
    return (
        random.getstate(),
        np.random.get_state()[1].tolist(),  # noqa: NPY002
        torch.get_rng_state().tolist(),
    )


@pytest.mark.parametrize("parts", ["head", "all"])
def test_the_same_seed_gives_the_same_bits_and_global_streams_stay(parts):
    module = nn.Sequential(nn.Linear(4, 12), nn.Dropout(0.5))
    est = small(adapt_parts=parts, backbone=module, adapt_steps=5).fit(X[REST], Y[REST])
    before = global_streams()
    first = bits(est.adapt(X[FEW], NEW[FEW]), X)
    assert global_streams() == before
    torch.rand(3), np.random.rand(), random.random()  # noqa: NPY002
    assert_same_bits(bits(est.adapt(X[FEW], NEW[FEW]), X), first)


def test_another_seed_steps_elsewhere():
    est = small(adapt_parts="all", adapt_lr=0.01, dropout=0.2).fit(X[REST], Y[REST])
    first = est.adapt(X[FEW], NEW[FEW]).predict(X)["rent"]
    other = est.set_params(random_state=1).adapt(X[FEW], NEW[FEW]).predict(X)["rent"]
    assert not first.equals(other)


def test_solving_needs_no_seed(fitted):
    est = copy.copy(fitted).set_params(random_state=None)
    assert_same_bits(bits(est.adapt(X[FEW], NEW[FEW]), X), bits(fitted.adapt(X[FEW], NEW[FEW]), X))
