"""The columns of modalities as tensors."""

import pickle

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

from sklearn_3mtl.data._tables import read_inputs
from sklearn_3mtl.data._vector_cache import CACHE
from tests._coding import coded
from tests._inputs import mixed_table
from tests._modal import FlatLinear, Letters, bars, fit_modal, inputs, reviews


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


def assert_centred(vectors):
    assert vectors.dtype == torch.float32
    assert vectors.isfinite().all()
    torch.testing.assert_close(vectors.mean(0), torch.zeros(vectors.shape[1]), atol=1e-5, rtol=0)
    assert vectors.square().mean() == pytest.approx(1, abs=1e-4)


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
