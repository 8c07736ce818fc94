"""The columns of modalities as tensors."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.inputs.vector_cache import CACHE
from tests._coding import coded
from tests._inputs import mixed_table
from tests._modal import FlatLinear, Letters, assert_centred, fit_modal, inputs, reviews


@pytest.fixture(autouse=True)
def _nothing_encoded_yet():
    CACHE.clear()
    Letters.seen = []
    FlatLinear.rows = 0


# Which columns


def test_without_modalities_all_columns_are_tabular():
    X, _ = mixed_table()
    for given in (None, {}, {"tabular": X.columns.tolist()}, {"tabular": X.columns.tolist()[::-1]}):
        found, expected = inputs(X, given), coded(X)
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_columns_that_no_modality_names_are_tabular_unless_these_are_named():
    X, _ = reviews()
    assert fit_modal(X, {"text": "review"}).tabular.numeric == [0, 1]
    assert fit_modal(X, {"text": "review", "tabular": ["b"]}).tabular.numeric == [1]
    assert fit_modal(X, {"text": "review", "tabular": "a"}).tabular.numeric == [0]
    fitted = fit_modal(X[["review"]], {"text": "review"})
    assert (fitted.tabular.numeric, fitted.tabular.categorical) == ([], [])
    assert fitted.transform(read_inputs(X[["review"]]))["numeric"].shape == (80, 0)


def test_columns_are_found_as_column_transformer_renames_them():
    X, _ = reviews()
    renamed = X.rename(columns={"review": "remainder__review"})
    assert torch.equal(
        inputs(renamed, {"text": "review"})["text"], inputs(X, {"text": "review"})["text"]
    )


def test_columns_of_an_array_are_named_by_position():
    X, _ = reviews()
    found = inputs(X.to_numpy(dtype=object), {"text": 2})
    assert torch.equal(found["text"], inputs(X, {"text": "review"})["text"])
    numbers = inputs(X[["a", "b"]].to_numpy(), {"scaled": (StandardScaler(), [1])})
    assert numbers["scaled"].shape == (80, 1)
    assert numbers["numeric"].shape == (80, 1)


# Vectors


def test_vectors_are_centred_and_keep_their_geometry():
    X, _ = reviews()
    found = inputs(X, {"letters": (Letters(), "review")})["letters"]
    assert_centred(found)
    raw = torch.tensor(Letters().encode(X["review"].tolist()), dtype=torch.float32)
    ratio = torch.cdist(found, found) / torch.cdist(raw, raw).clamp_min(1e-9)
    far = torch.cdist(raw, raw) > 0
    torch.testing.assert_close(ratio[far], ratio[far][0].expand(int(far.sum())))


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA, "", "  "])
def test_a_row_without_the_modality_is_the_mean_and_is_marked(gap):
    X, _ = reviews()
    X["review"] = X["review"].astype(object)
    X.loc[::3, "review"] = gap
    found = inputs(X, {"letters": (Letters(), "review")})["letters"]
    gone = np.arange(80) % 3 == 0
    assert found.shape == (80, 9)
    assert not found[gone, :-1].any()
    assert found[:, -1].tolist() == gone.astype(float).tolist()
    assert_centred(found[~gone, :-1])


def test_rows_that_lack_it_only_later_are_the_mean():
    X, _ = reviews()
    new = X.head(3).assign(review=[None, "good", None])
    found = inputs(X, {"letters": (Letters(), "review")}, new)["letters"]
    assert found.shape == (3, 8)
    assert not found[[0, 2]].any()
    assert found[1].any()
    assert not inputs(X, {"text": "review"}, X.assign(review=None))["text"].any()


def test_constant_vectors_are_zero():
    X, _ = reviews()
    assert not inputs(X.assign(review="good"), {"letters": (Letters(), "review")})["letters"].any()
    assert not inputs(X.assign(review="good"), {"text": "review"})["text"].any()


# The library's own encoder of text


@pytest.mark.parametrize(
    "texts", [["a"], ["a", "b"], ["x y"] * 5, ["only"] * 3 + ["one more"], list("äöü")]
)
def test_vocabularies_of_any_size(texts):
    X = pd.DataFrame({"t": np.resize(texts, 12)})
    assert inputs(X, {"text": "t"})["text"].isfinite().all()


def test_many_texts_without_a_common_word():
    X = pd.DataFrame({"t": [f"word{i}" for i in range(200)]})
    assert inputs(X, {"text": "t"})["text"].shape[0] == 200


def test_text_vectors_are_those_of_tfidf_and_truncated_svd():
    X, _ = reviews(60)
    found = inputs(X, {"text": "review"})["text"]
    tfidf = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    words = tfidf.fit_transform(X["review"]).toarray()
    words -= words.mean(0)
    expected = words @ words.T
    found = (found @ found.T).numpy()
    np.testing.assert_allclose(found / np.trace(found), expected / np.trace(expected), atol=1e-4)


def test_several_text_columns_are_joined():
    X, _ = reviews()
    both = X.assign(title="red", joined="red " + X["review"], lone=None)
    found = inputs(both, {"text": ["title", "review"], "tabular": ["a"]})["text"]
    assert torch.equal(found, inputs(both, {"text": "joined", "tabular": ["a"]})["text"])
    alone = inputs(both, {"text": ["lone", "review"], "tabular": ["a"]})["text"]
    assert torch.equal(alone, inputs(X, {"text": "review"})["text"])


# scikit-learn's transformers


def test_a_transformer_is_fitted_on_a_clone_and_only_in_fit():
    X, _ = reviews()
    given = make_pipeline(TfidfVectorizer(), TruncatedSVD(3, random_state=0))
    fitted = fit_modal(X, {"words": (given, "review")})
    assert not hasattr(given[0], "vocabulary_")
    new = X.head(4).assign(review="unheard words")
    assert fitted.transform(read_inputs(new))["words"].shape == (4, 3)


def test_a_name_gives_a_column_and_a_list_gives_a_table():
    X, _ = reviews()
    seen = []
    look = FunctionTransformer(lambda block: seen.append(block) or np.ones((len(block), 1)))
    fit_modal(X, {"one": (look, "review"), "many": (look, ["a", "review"])})
    assert [block.ndim for block in seen] == [1, 2]
    assert seen[1].columns.tolist() == ["a", "review"]
    array = X[["a", "b"]].to_numpy()
    fit_modal(array, {"one": (look, 0), "many": (look, [1])})
    assert [type(block) for block in seen[2:]] == [np.ndarray] * 2


def test_a_row_misses_a_table_where_all_its_cells_are_missing():
    X, _ = reviews()
    X.iloc[0, :2] = np.nan
    X.iloc[1, 0] = np.nan
    pipeline = make_pipeline(SimpleImputer(), StandardScaler())
    found = inputs(X, {"numbers": (pipeline, ["a", "b"]), "text": "review"})["numbers"]
    assert found[:, -1].nonzero().flatten().tolist() == [0]
    assert not found[0, :-1].any()
    assert found[1, 1]


def test_sparse_output_is_taken():
    X, _ = reviews()
    found = inputs(X, {"words": (TfidfVectorizer(), "review")})["words"]
    assert found.shape == (80, len(np.unique(" ".join(X["review"]).split())))


def test_what_is_frozen_or_stateless_is_not_fitted_again():
    X, _ = reviews()
    other = pd.Series(["good things", "bad things"])
    words = TfidfVectorizer().fit(other)
    frozen = inputs(X, {"words": (FrozenEstimator(words), "review")})["words"]
    assert frozen.shape == (80, 3)
    stateless = HashingVectorizer(n_features=16)
    assert inputs(X, {"words": (stateless, "review")})["words"].shape == (80, 16)


def test_a_stateless_transformer_of_a_table_runs_once_for_each_row():
    X, _ = reviews()
    both = pd.concat([X, X.head(7)], ignore_index=True)
    inputs(both, {"numbers": (FunctionTransformer(counted), ["a", "b"]), "text": "review"})
    assert sum(COUNTED) == 80


COUNTED = []


def counted(block):
    COUNTED.append(len(block))
    return np.asarray(block)
