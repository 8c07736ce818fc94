"""Text, images and other modalities in the estimators."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_3mtl import MetaClassifier
from sklearn_3mtl.inputs.vector_cache import CACHE
from tests._inputs import mixed_table
from tests._modal import (
    WORDS,
    FlatLinear,
    Letters,
    bars,
    reviews,
    short,
)
from tests._pinned import tiny
from tests._reductions import assert_same_bits

LEARNS = {"max_epochs": 30, "lr": 0.01, "hidden_layer_sizes": (16,)}
LSA = make_pipeline(TfidfVectorizer(), TruncatedSVD(6, random_state=0))
TEXT = {
    "default": {"text": "review"},
    "transformer": {"words": (LSA, "review")},
    "object": {"letters": (Letters(), "review")},
}


@pytest.fixture(autouse=True)
def _nothing_encoded_yet():
    CACHE.clear()
    Letters.seen = []
    FlatLinear.rows = 0


# Off


def test_all_columns_tabular_is_no_modality():
    X, Y = mixed_table()
    plain = tiny(max_epochs=3, dropout=0.2, numeric_embedding="piecewise_linear").fit(X, Y)
    named = clone(plain).set_params(modalities={"tabular": X.columns.tolist()}).fit(X, Y)
    assert_same_bits(plain, named)
    assert plain.predict(X).equals(named.predict(X))


def test_another_modality_does_not_shift_the_tables_draws():
    X, Y = mixed_table()
    frozen = {"lr": 1e-60, "weight_decay": 0.0, "numeric_embedding": "periodic"}
    plain = tiny(**frozen).fit(X, Y)._model.network.encoders["tabular"].state_dict()
    with_text = X.assign(note="some words")
    more = short({"text": "note"}, **frozen).fit(with_text, Y)._model.network
    for name, value in more.encoders["tabular"].state_dict().items():
        assert torch.equal(value, plain[name])


# What they tell


@pytest.mark.parametrize("name", TEXT)
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_a_label_that_only_the_text_tells(name, missing):
    X, y = reviews(300, missing)
    train, test = slice(200), slice(200, None)
    est = short(TEXT[name], **LEARNS).fit(X[train], y[train])
    told = X["review"][test].notna()
    proba = est.predict_proba(X[test])
    assert np.isfinite(proba).all()
    right = est.predict(X[test]) == y[test]
    assert right[told].mean() > 0.9
    if missing:
        # Without the text nothing is known but the share.
        assert abs(proba[~told, 1].mean() - (y == "yes").mean()) < 0.2


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("modality", ["default", "module", "members"])
def test_a_label_that_only_the_image_tells(modality, missing):
    X, y = bars(300, missing)
    train, test = slice(220), slice(220, None)
    given = {"image": "scan"} if modality != "module" else {"scan": (small_net(), "scan")}
    n_estimators = 2 if modality == "members" else 1
    est = short(given, n_estimators=n_estimators, **{**LEARNS, "max_epochs": 15})
    est.fit(X[train], y[train])
    told = X["scan"][test].notna()
    assert (est.predict(X[test]) == y[test])[told].mean() > 0.9
    assert np.isfinite(est.predict_proba(X[test])).all()


def small_net():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return torch.nn.Sequential(
            torch.nn.Conv2d(1, 8, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.AdaptiveMaxPool2d(2),
            torch.nn.Flatten(),
            torch.nn.Linear(32, 8),
        )


def test_all_of_them_at_once_and_all_missing_in_one_row():
    X, y = reviews(60, missing=0.3)
    X = X.assign(scan=bars(60, missing=0.3)[0]["scan"])
    X.loc[5] = [np.nan, np.nan, None, None]
    given = {
        "tabular": ["a"],
        "text": "review",
        "letters": (Letters(), "review"),
        "image": "scan",
        "frozen": (FlatLinear(64, frozen=True), "scan"),
        "trained": (FlatLinear(2), ["a", "b"]),
        "scaled": (StandardScaler(), ["b"]),
    }
    X.loc[X["a"].isna() | X["b"].isna(), ["a", "b"]] = np.nan
    Y = pd.DataFrame({"liked": y, "number": np.arange(60.0)})
    est = short(given).fit(X, Y)
    assert list(est._model.network.encoders) == list(given)
    assert est.predict(X).notna().all().all()
    assert np.isfinite(est.transform(X)).all()
    empty = X.head(3).assign(a=np.nan, b=np.nan, review=None, scan=None)
    assert est.predict(empty).nunique().max() == 1


def test_a_text_column_is_no_category():
    X, y = reviews()
    encoders = short({"text": "review"}).fit(X, y)._model.network.encoders
    assert encoders["tabular"].embedding is None
    assert encoders["tabular"].n_out == 2
    only = short({"text": "review"}).fit(X[["review"]], y)._model.network.encoders
    assert list(only) == ["text"]


def test_vectors_are_not_bent_like_numbers():
    X, y = reviews()
    est = short({"letters": (Letters(), "review")}, numeric_embedding="piecewise_linear")
    encoders = est.fit(X, y)._model.network.encoders
    assert encoders["letters"].n_out == 8
    assert encoders["tabular"].n_out > 10


def test_only_pretrained_vectors_are_dropped_and_only_with_dropout():
    X, y = reviews()
    wide = Letters("abcdefghijklmnopqrstuvwxyz" * 3)
    given = {"text": "review", "letters": (wide, "review")}
    for rate, expected in ((0.1, 0.5), (0.0, None)):
        encoders = short(given, dropout=rate).fit(X, y)._model.network.encoders
        assert encoders["text"].dropout is None
        assert getattr(encoders["letters"].dropout, "p", None) == expected


def test_a_row_has_the_same_prediction_beside_any_others():
    X, y = reviews(missing=0.2)
    X = X.assign(scan=bars()[0]["scan"])
    est = short({"text": "review", "image": "scan"}).fit(X, y)
    whole = est.predict_proba(X)
    assert np.array_equal(est.predict_proba(X[10:13]), whole[10:13])


# Layouts


@pytest.mark.parametrize("sharing", ["hard", "none"])
@pytest.mark.parametrize("n_estimators", [1, 2])
def test_groups_of_rows_and_nets_of_their_own(sharing, n_estimators):
    X, y = reviews(90)
    X = X.assign(store=np.resize(["p", "q", "r"], 90), scan=bars(90)[0]["scan"])
    given = {"text": "review", "image": "scan"}
    est = short(given, task="store", sharing=sharing, n_estimators=n_estimators).fit(X, y)
    assert est.groups_.tolist() == ["p", "q", "r"]
    assert np.isfinite(est.predict_proba(X)).all()


def tastes(n_users, n_rows, seed, first=0):
    """Each user likes reviews with one word or those with another; numbers say nothing."""
    random = np.random.default_rng(seed)
    texts = [" ".join(random.choice(WORDS, 4)) for _ in range(n_users * n_rows)]
    liked = random.choice(["good", "red"], n_users).repeat(n_rows)
    y = [word in text for word, text in zip(liked, texts, strict=True)]
    X = pd.DataFrame(random.normal(size=(len(texts), 2)), columns=["a", "b"])
    X = X.assign(review=texts, user=np.arange(first, first + n_users).repeat(n_rows))
    return X, pd.Series(np.where(y, "yes", "no"), name="liked")


@pytest.mark.parametrize("meta", ["ridge", pytest.param("maml", marks=pytest.mark.slow)])
def test_text_tells_what_a_new_task_is_about(meta):
    X, y = tastes(30, 20, seed=0)
    new, liked = tastes(20, 60, seed=1, first=100)
    few = np.arange(len(new)) % 60 < 20
    est = MetaClassifier(
        task="user", meta=meta, hidden_layer_sizes=(16,), n_estimators=1, dropout=0.0, lr=0.01,
        max_epochs=20 if meta == "ridge" else 10, random_state=0,
    )  # fmt: skip
    blind = clone(est).fit(X.drop(columns="review"), y)
    est.set_params(modalities={"letters": (Letters(), "review")}).fit(X, y)
    scores = {"adapted": est.adapt(new[few], liked[few]).score(new[~few], liked[~few])}
    with pytest.warns(UserWarning, match="not seen with a label"):
        scores["unknown"] = est.score(new[~few], liked[~few])
    numbers = new.drop(columns="review")
    scores["blind"] = blind.adapt(numbers[few], liked[few]).score(numbers[~few], liked[~few])
    assert scores["adapted"] > 0.9
    assert scores["adapted"] > scores["unknown"] + 0.1, "its own rows tell which word counts"
    assert scores["adapted"] > scores["blind"] + 0.2, "only the text tells anything"
    lone = est.adapt(new[few].head(20).drop(columns="user"), liked[few].head(20))
    assert lone.score(new[20:60].drop(columns="user"), liked[20:60]) > 0.8


def test_adapt_reads_the_text():
    X, y = reviews(300)
    old = pd.Series(np.where(X["a"] > 0, "yes", "no"), name="old")
    est = short({"letters": (Letters(), "review")}, max_epochs=5).fit(X[:100], old[:100])
    adapted = est.adapt(X[100:200], y[100:200])
    assert (adapted.predict(X[200:])["liked"] == y[200:]).mean() > 0.8
    assert adapted.predict(X)["old"].equals(est.predict(X).rename("old"))
    tuned = est.set_params(adapt_parts="all", adapt_steps=2).adapt(X[100:200], y[100:200])
    assert tuned.predict(X).notna().all().all()
