"""Modules that read a modality, and what is encoded once."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.inputs.vector_cache import CACHE
from tests._modal import FlatLinear, Letters, assert_centred, bars, fit_modal, inputs, reviews


@pytest.fixture(autouse=True)
def _nothing_encoded_yet():
    CACHE.clear()
    Letters.seen = []
    FlatLinear.rows = 0


# Modules


def test_a_frozen_module_runs_once_for_each_image():
    X, _ = bars()
    module = FlatLinear(64, frozen=True)
    for _ in range(2):
        found = inputs(X, {"scan": (module, "scan")})["scan"]
    assert FlatLinear.rows == 80
    assert_centred(found)
    with torch.no_grad():
        module.linear.weight.mul_(2)
    inputs(X, {"scan": (module, "scan")})
    assert FlatLinear.rows == 160


def test_a_trained_modules_values_stay_as_they_are():
    X, _ = bars()
    fitted = fit_modal(X, {"scan": (FlatLinear(64), "scan")})
    assert fitted.embedded["scan"].encoder.shape == (1, 8, 8)
    found = fitted.transform(read_inputs(X))["scan"]
    expected = torch.tensor(np.stack(X["scan"]), dtype=torch.float32).flatten(1)
    assert torch.equal(found, expected)


def test_images_have_their_channels_first_and_are_scaled_by_default():
    random = np.random.default_rng(0)
    X = pd.DataFrame({"scan": list(random.integers(0, 256, (20, 4, 5, 3), dtype=np.uint8))})
    fitted = fit_modal(X, {"image": "scan"})
    assert fitted.embedded["image"].encoder.shape == (3, 4, 5)
    found = fitted.transform(read_inputs(X))["image"]
    assert_centred(found)
    red = np.stack(X["scan"])[..., 0].reshape(20, -1).astype(np.float32)
    correlation = np.corrcoef(found[:, :20].flatten(), (red - red.mean(0)).flatten())[0, 1]
    assert correlation == pytest.approx(1, abs=1e-5)


def test_a_module_takes_numbers_and_vectors_in_cells_too():
    X, _ = reviews()
    module = FlatLinear(2, frozen=True)
    numbers = inputs(X, {"n": (module, ["a", "b"]), "text": "review"})["n"]
    cells = X.assign(pair=list(X[["a", "b"]].to_numpy()))
    vectors = inputs(cells, {"n": (module, "pair"), "text": "review"})["n"]
    assert torch.equal(numbers, vectors)
    assert FlatLinear.rows == 80


def test_rows_without_numbers_miss_the_module():
    X, _ = reviews()
    X.iloc[2, :2] = np.nan
    found = inputs(X, {"n": (FlatLinear(2, frozen=True), ["a", "b"]), "text": "review"})["n"]
    assert found[:, -1].nonzero().flatten().tolist() == [2]


# What runs once


def test_an_encoder_is_asked_once_for_each_distinct_text():
    X, _ = reviews(missing=0.2)
    twice = pd.concat([X, X], ignore_index=True)
    fitted = fit_modal(twice, {"letters": (Letters(), "review")})
    fitted.transform(read_inputs(twice))
    fitted.transform(read_inputs(X.head()))
    assert sorted(Letters.seen) == sorted(X["review"].dropna().unique())
    copied = pickle.loads(pickle.dumps(Letters()))
    inputs(twice, {"other": (copied, "review")})
    assert len(Letters.seen) == X["review"].nunique()


def test_encoders_of_other_content_have_vectors_of_their_own():
    X, _ = reviews()
    first = inputs(X, {"letters": (Letters("ab"), "review")})["letters"]
    second = inputs(X, {"letters": (Letters("go"), "review")})["letters"]
    assert not torch.equal(first, second)
    assert len(Letters.seen) == 2 * X["review"].nunique()


def test_an_encoder_that_cannot_be_pickled_is_asked_again():
    X, _ = reviews()
    local = Letters()
    local.rule = lambda text: text
    for _ in range(2):
        fit_modal(X, {"letters": (local, "review")})
    assert len(Letters.seen) == 2 * X["review"].nunique()


def test_rows_are_read_once_in_fit():
    """The rows that were fitted on become tensors without another look at them."""
    X, _ = reviews()
    calls = []
    counted = make_pipeline(StandardScaler(), FunctionTransformer(lambda x: calls.append(0) or x))
    table = read_inputs(X)
    fitted = fit_modal(X, {"n": (counted, ["a", "b"]), "text": "review"})
    fitted.embedded["n"].fit(table)
    before = len(calls)
    fitted.embedded["n"].transform(table)
    assert len(calls) == before
    fitted.embedded["n"].transform(table)
    assert len(calls) == before + 1


def test_long_tables_are_encoded_block_by_block():
    X, _ = reviews(20)
    long = pd.concat([X] * 850, ignore_index=True)
    fitted = fit_modal(X, {"letters": (Letters(), "review"), "text": "review"})
    blocks = list(fitted.blocks(read_inputs(long)))
    assert [len(block["letters"]) for block in blocks] == [16_384, 616]
    whole = fitted.transform(read_inputs(long))
    for name in whole:
        assert torch.equal(torch.cat([block[name] for block in blocks]), whole[name])
