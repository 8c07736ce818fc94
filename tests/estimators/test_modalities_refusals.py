"""Modalities that don't fit, refused by name and by row."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from torch import nn

from sklearn_3mtl import MultiTaskEstimator
from tests._modal import FlatLinear, Letters, bars, reviews, short, stub_sentence_transformers


def refused(match, modalities, X=None, error=ValueError, **parameters):
    texts, y = reviews()
    with pytest.raises(error, match=match):
        short(modalities, **parameters).fit(texts if X is None else X, y)


# The parameter


@pytest.mark.parametrize(
    "spec", [None, [], {}, 1.5, ("review",), (Letters(), "review", "more"), (Letters(), [])]
)
def test_a_spec_that_names_no_column(spec):
    refused(r"`modalities\['text'\]` should be a column's name, a list", {"text": spec})


def test_a_column_that_is_not_there():
    refused(r"`modalities\['text'\]`='revue' should name a column of X", {"text": "revue"})
    refused(r"should name columns of X. Found \['a'\]", {"tabular": [["a"]]})


def test_a_column_twice():
    refused(r"names a column twice: \['a', 'a'\]", {"tabular": ["a", "a"]})


@pytest.mark.parametrize("name", ["", "a.b", "group", "numeric", "items", 3])
def test_names_that_the_network_cannot_have(name):
    refused("`modalities` has the name", {name: (Letters(), "review")})


def test_no_encoder():
    refused(r"`modalities\['title'\]` has no encoder.*'tabular', 'text', 'image'",
            {"title": "review"})  # fmt: skip


@pytest.mark.parametrize("encoder", [3, object(), TfidfVectorizer, nn.Linear, StandardScaler])
def test_an_encoder_of_another_kind(encoder):
    refused("an encoder is the name or folder of a sentence-transformers model",
            {"words": (encoder, "review")}, error=TypeError)  # fmt: skip


def test_no_mapping():
    with pytest.raises(ValueError, match="'modalities' parameter"):
        short(["review"]).fit(*reviews())


# Parameters that contradict each other


def test_the_table_has_no_other_encoder():
    refused(r"`modalities\['tabular'\]` takes columns and no encoder",
            {"tabular": (StandardScaler(), ["a"])})  # fmt: skip


def test_categories_that_are_not_tabular():
    refused(r"`categorical_features` names \['review'\], and by `modalities`",
            {"text": "review"}, categorical_features=["review"])  # fmt: skip
    refused(r"`categorical_features` names \['a'\], and by `modalities`",
            {"tabular": ["b"]}, categorical_features=["a"])  # fmt: skip


def test_the_task_column_is_no_modality():
    X, _ = reviews()
    refused(r"`task` and `modalities\['tabular'\]` both name the column 'store'",
            {"tabular": ["a", "store"]}, X.assign(store="p"), task="store")  # fmt: skip


def test_a_learned_fusion_that_there_is_not():
    with pytest.raises(ValueError, match="'fusion' parameter"):
        short(None, fusion="sum").fit(*reviews())


def test_no_column_is_left():
    X, _ = reviews()
    with pytest.raises(ValueError, match="no column to learn from"):
        MultiTaskEstimator(task="a").fit(X[["a"]].round(), X["b"])


# Columns


def test_empty_everywhere():
    X, _ = reviews()
    for gap in (None, np.nan, " "):
        empty = X.assign(review=pd.Series([gap] * 80, dtype=object))
        refused(r"`modalities\['text'\]`: no row of X has it.*'review'", {"text": "review"}, empty)


@pytest.mark.parametrize("wrong", [3, 2.5, ["a"], b"bytes"])
def test_text_that_is_none(wrong):
    X, _ = reviews()
    X["review"] = X["review"].astype(object)
    X.at[17, "review"] = wrong
    given = {"text": "review"}
    refused(r"`modalities\['text'\]`: column 'review' of X, row 17, holds .*which is no text",
            given, X, TypeError)  # fmt: skip
    est = short(given).fit(*reviews())
    with pytest.raises(TypeError, match="row 17, holds"):
        est.predict(X)


def test_numbers_as_text():
    refused(r"column 'a' of X, row 0, holds .*\(float\)", {"text": "a"}, error=TypeError)


def test_texts_without_a_word():
    X, _ = reviews()
    refused("no text has a word, for example '!!'", {"text": "review"}, X.assign(review="!!"))


@pytest.mark.parametrize(
    ("wrong", "error", "match"),
    [
        (np.zeros((8, 7)), ValueError, r"shape \(1, 8, 7\); those of the other rows.*\(1, 8, 8\)"),
        (np.full((8, 8), np.nan), ValueError, "holds NaN or infinity"),
        ("scan.png", TypeError, r"'scan.png' \(str\): each cell should be an array"),
        (np.array(["a"]), TypeError, "each cell should be an array"),
        (
            np.zeros((2, 2, 2, 2)),
            TypeError,
            r"of shape \(2, 2, 2, 2\).*each cell should be an array",
        ),
        (7, TypeError, "each cell should be an array"),
        (np.zeros((0, 8)), TypeError, "each cell should be an array"),
    ],
)
def test_an_image_that_is_none_or_of_another_shape(wrong, error, match):
    X, y = bars()
    X.at[5, "scan"] = wrong
    where = r"`modalities\['image'\]`: column 'scan' of X, row 5, "
    with pytest.raises(error, match=f"{where}.*{match}"):
        short({"image": "scan"}).fit(X, y)
    est = short({"image": "scan"}).fit(*bars())
    with pytest.raises(error, match="row 5, "):
        est.predict(X)


def test_vectors_are_no_images():
    X, y = bars()
    X["scan"] = [np.ones(4)] * 80
    with pytest.raises(ValueError, match=r"each image should have shape \(H, W\)"):
        short({"image": "scan"}).fit(X, y)
    with pytest.raises(ValueError, match="one array in one column"):
        short({"image": ["scan", "a"]}).fit(X, y)


def test_images_that_no_modality_names():
    X, y = bars()
    with pytest.raises(TypeError, match="Column 'scan' of X holds a ndarray"):
        short(None).fit(X, y)


def test_numbers_of_a_module_that_are_missing_or_infinite():
    X, _ = reviews()
    given = {"n": (FlatLinear(2), ["a", "b"]), "text": "review"}
    X.at[3, "b"] = np.nan
    refused(r"column 'b' of X, row 3, is missing in a row that has others", given, X)
    X.at[3, "b"] = -np.inf
    refused(r"column 'b' of X, row 3, is infinite", given, X)


# Encoders that fail


class Answers:
    """Gives whatever it is told to."""

    def __init__(self, answer):
        self.answer = answer

    def encode(self, texts):
        return self.answer


@pytest.mark.parametrize("answer", [np.ones(80), np.ones((3, 2)), np.ones((80, 0)), 7.0])
def test_vectors_of_another_shape(answer):
    refused(r"the encoder should give an array of shape \(n, d\). For n=80 it gave",
            {"own": (Answers(answer), "review")})  # fmt: skip


def test_vectors_that_are_not_finite():
    vectors = np.ones((80, 2))
    vectors[4] = np.nan
    refused(r"gave NaN or infinity for 1 of 80 rows \(the first is number 4",
            {"own": (Answers(vectors), "review")})  # fmt: skip


def test_another_width_later():
    est = short({"own": (Answers(np.ones((80, 2))), "review")}).fit(*reviews())
    est._model.inputs.embedded["own"].encoder.given.answer = np.ones((80, 3))
    with pytest.raises(ValueError, match="gave 3 numbers for a row, in fit it was 2"):
        est.predict(reviews(seed=1)[0])


def test_transformers_that_fail_or_give_too_much():
    refused(r"`modalities\['n'\]`: StandardScaler failed on its columns: could not convert",
            {"n": (StandardScaler(), ["review"])})  # fmt: skip
    refused("FrozenEstimator failed on its columns: .*not fitted",
            {"n": (FrozenEstimator(StandardScaler()), ["a"]), "text": "review"})  # fmt: skip
    refused(r"HashingVectorizer gives 1048576 columns.*TruncatedSVD",
            {"n": (HashingVectorizer(), "review")})  # fmt: skip
    refused("the encoder should give an array of shape",
            {"n": (FunctionTransformer(lambda x: x), "a"), "text": "review"})  # fmt: skip


@pytest.mark.parametrize("frozen", [True, False])
def test_modules_of_another_width(frozen):
    X, y = bars()
    with pytest.raises(ValueError, match=r"shape \(B, 1, 8, 8\).*It failed with"):
        short({"scan": (FlatLinear(63, frozen=frozen), "scan")}).fit(X, y)
    flat = nn.Flatten(2).requires_grad_(not frozen)
    module = flat if frozen else nn.Sequential(flat, nn.Linear(64, 3))
    with pytest.raises(ValueError, match=r"shape \(n, d\)|return shape \(B, n_features\)"):
        short({"scan": (module, "scan")}).fit(X, y)


def test_batch_norm_in_several_nets():
    X, y = bars()
    module = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Linear(64, 3))
    given = {"scan": (module, "scan")}
    with pytest.raises(ValueError, match=r"`modalities\['scan'\]` holds buffers"):
        short(given, n_estimators=2).fit(X, y)
    assert np.isfinite(short(given, n_estimators=1).fit(X, y).predict_proba(X)).all()


# sentence-transformers


def test_a_model_that_is_not_on_this_machine(monkeypatch):
    stub_sentence_transformers(monkeypatch)
    refused(r"'some/model' is no folder .* nothing is downloaded unasked. Get it once: python -c "
            r'"import sentence_transformers as s; s.SentenceTransformer\(\'some/model\'\)"',
            {"text": ("some/model", "review")})  # fmt: skip


def test_the_extra_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    refused(r"`modalities\['text'\]`='some/model' needs the package 'sentence_transformers': "
            r"pip install 'sklearn-3mtl\[text\]'",
            {"text": ("some/model", "review")}, error=ImportError)  # fmt: skip


def test_a_failed_fit_leaves_the_estimator_unfitted():
    est = short({"text": "a"})
    with pytest.raises(TypeError):
        est.fit(*reviews())
    assert not hasattr(est, "_model")
    assert not hasattr(est, "n_features_in_")
