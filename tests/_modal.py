"""Tables with text and images, and encoders, for the tests of modalities."""

import sys
import types

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from sklearn_3mtl import MultiTaskEstimator
from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.inputs.modalities import ModalInputs, read_modalities
from tests._pinned import tiny

WORDS = np.array(["good", "bad", "red", "blue", "tall", "small", "quick", "slow", "warm", "cold"])


def reviews(n=80, missing=0.0, seed=0):
    """X of two numbers and a text; y says whether "good" is in the text."""
    random = np.random.default_rng(seed)
    texts = [" ".join(random.choice(WORDS, 4)) for _ in range(n)]
    y = pd.Series(np.where(["good" in text for text in texts], "yes", "no"), name="liked")
    X = pd.DataFrame(random.normal(size=(n, 2)), columns=["a", "b"]).assign(review=texts)
    X.loc[random.random(n) < missing, "review"] = None
    return X, y


def bars(n=80, missing=0.0, seed=0, side=8):
    """X of a number and an image with a bar; y says which way the bar runs."""
    random = np.random.default_rng(seed)
    upright = random.random(n) < 0.5
    images = 0.1 * random.normal(size=(n, side, side))
    for image, is_upright, place in zip(
        images, upright, random.integers(side, size=n), strict=True
    ):
        (image.T if is_upright else image)[place] += 1.0
    X = pd.DataFrame({"a": random.normal(size=n), "scan": list(images)})
    X.loc[random.random(n) < missing, "scan"] = None
    return X, pd.Series(np.where(upright, "upright", "flat"), name="way")


def short(modalities, cls=MultiTaskEstimator, **parameters):
    """An estimator with modalities that trains in milliseconds."""
    return tiny(cls, modalities=modalities, **parameters)


def inputs(X, modalities, new=None):
    """The tensors of X, or of other rows, once X was fitted on."""
    fitted = fit_modal(X, modalities)
    return fitted.transform(read_inputs(X if new is None else new))


def fit_modal(X, modalities):
    table = read_inputs(X)
    columns, embedded = read_modalities(modalities, table, {})
    categorical = table.inferred_categorical(columns)
    return ModalInputs(embedded=embedded).fit(table, columns, categorical, np.random.default_rng(0))


class Letters:
    """Counts of letters; all instances note together which texts they were given."""

    seen: list = []  # noqa: RUF012

    def __init__(self, letters="goxbadre"):
        self.letters = letters

    def encode(self, texts):
        self.seen.extend(texts)
        return np.array([[text.count(letter) for letter in self.letters] for text in texts], float)


class FlatLinear(nn.Module):
    """A linear layer on flattened values, which notes how many rows it was given."""

    rows = 0

    def __init__(self, n_in, n_out=5, frozen=False):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.linear = nn.Linear(n_in, n_out)
        self.requires_grad_(not frozen)

    def forward(self, x):
        type(self).rows += len(x)
        return self.linear(x.flatten(1))


def stub_sentence_transformers(monkeypatch, known=()):
    """A package of that name whose models know some names and count what they encode."""
    package = types.ModuleType("sentence_transformers")
    package.loaded, package.encoded = [], []

    class SentenceTransformer(Letters):
        def __init__(self, name, local_files_only=False):
            super().__init__()
            if not local_files_only:
                raise AssertionError("this would download")
            if name not in known:
                raise OSError("couldn't connect, and couldn't find them in the cached files")
            package.loaded.append(name)

        def encode(self, texts):
            package.encoded.extend(texts)
            return super().encode(texts)

    package.SentenceTransformer = SentenceTransformer
    monkeypatch.setitem(sys.modules, "sentence_transformers", package)
    return package


def assert_centred(vectors):
    assert vectors.dtype == torch.float32
    assert vectors.isfinite().all()
    torch.testing.assert_close(vectors.mean(0), torch.zeros(vectors.shape[1]), atol=1e-5, rtol=0)
    assert vectors.square().mean() == pytest.approx(1, abs=1e-4)
