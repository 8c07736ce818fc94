"""Saved estimators with modalities."""

import io
import sys
import zipfile

import numpy as np
import pytest
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sklearn_3mtl import load_estimator
from tests._modal import FlatLinear, Letters, bars, reviews, short, stub_sentence_transformers
from tests._saving import META, TENSORS, refused, roundtrip, zipped

skops = pytest.importorskip("skops.io")


def table():
    X, y = reviews(60, missing=0.2)
    return X.assign(scan=bars(60, missing=0.2)[0]["scan"]), y


WORDS = make_pipeline(TfidfVectorizer(), TruncatedSVD(3, random_state=0))
FITTED = FrozenEstimator(StandardScaler().fit(table()[0][["a", "b"]]))
HELD = {
    "text": {"tabular": ["a"], "text": "review"},
    "text alone": {"tabular": ["b"], "text": ["review"]},
    "image": {"image": "scan", "text": "review"},
    "transformers": {"tabular": ["a"], "words": (WORDS, "review"), "s": (StandardScaler(), ["a"])},
    "frozen": {"tabular": ["b"], "s": (FITTED, ["a", "b"])},
}
SUPPLIED = {
    "trained": lambda: {"tabular": ["a"], "scan": (FlatLinear(64), "scan")},
    "frozen": lambda: {"tabular": ["a"], "scan": (FlatLinear(64, frozen=True), "scan")},
    "object": lambda: {"tabular": ["a"], "letters": (Letters(), "review")},
    "mixed": lambda: {"image": "scan", "l": (Letters(), "review"), "s": (StandardScaler(), ["b"])},
}


@pytest.mark.parametrize("name", HELD)
def test_what_a_file_holds_comes_back(name, tmp_path):
    X, y = table()
    est = short(HELD[name]).fit(X, y)
    loaded = roundtrip(est, tmp_path)
    assert np.array_equal(loaded.predict_proba(X), est.predict_proba(X))
    assert repr(loaded.modalities) == repr(est.modalities)
    assert np.array_equal(loaded.fit(X, y).predict_proba(X), est.predict_proba(X))
    assert np.array_equal(roundtrip(loaded, tmp_path).predict_proba(X), est.predict_proba(X))


@pytest.mark.parametrize("name", SUPPLIED)
def test_the_users_objects_come_back_through_parts(name, tmp_path):
    X, y = table()
    est = short(SUPPLIED[name]()).fit(X, y)
    loaded = roundtrip(est, tmp_path, modalities=SUPPLIED[name]())
    assert np.array_equal(loaded.predict_proba(X), est.predict_proba(X))
    with pytest.raises(ValueError, match=r"in the parameter\(s\) \['modalities'\].*parts="):
        load_estimator(tmp_path / "est")


def test_other_parts_than_those_of_the_fit(tmp_path):
    X, y = table()
    short(SUPPLIED["frozen"]()).fit(X, y).save(tmp_path / "est")
    module = FlatLinear(64, frozen=True)
    with torch.no_grad():
        module.linear.weight.add_(1)
    for wrong in (
        {"tabular": ["a"], "scan": (module, "scan")},
        {"tabular": ["a"], "text": "review"},
    ):
        with pytest.raises(ValueError, match="no intact file"):
            load_estimator(tmp_path / "est", parts={"modalities": wrong})


def test_an_adapted_estimator_comes_back(tmp_path):
    X, y = table()
    est = short(HELD["transformers"]).fit(X, y)
    adapted = est.adapt(X[:20], (X["a"][:20] > 0).rename("new"))
    assert roundtrip(adapted, tmp_path).predict(X).equals(adapted.predict(X))


def test_a_sentence_model_comes_back_by_its_name(monkeypatch, tmp_path):
    package = stub_sentence_transformers(monkeypatch, known=["stored-model"])
    X, y = table()
    est = short({"tabular": ["a"], "text": ("stored-model", "review")}).fit(X, y)
    loaded = roundtrip(est, tmp_path)
    assert loaded.modalities == est.modalities
    assert np.array_equal(loaded.predict_proba(X), est.predict_proba(X))
    assert package.loaded == ["stored-model"]


# What is not held or not trusted


def test_types_that_nobody_vouched_for_are_named_and_not_built(tmp_path):
    X, y = table()
    given = {"tabular": ["a"], "n": (FunctionTransformer(np.atleast_2d), ["b"])}
    est = short(given).fit(X, y)
    est.save(tmp_path / "est")
    with pytest.raises(ValueError, match=r"be harmless: .*atleast_2d") as told:
        load_estimator(tmp_path / "est")
    names = str(told.value).split("trusted=['")[1].removesuffix("']).").split("', '")
    with pytest.raises(ValueError, match="harmless"):
        load_estimator(tmp_path / "est", trusted=["another.type"])
    loaded = load_estimator(tmp_path / "est", trusted=names)
    assert np.array_equal(loaded.predict_proba(X), est.predict_proba(X))


def test_the_extra_is_needed_for_transformers_only(tmp_path, monkeypatch):
    X, y = table()
    est = short(HELD["transformers"]).fit(X, y)
    est.save(tmp_path / "est")
    other = short(HELD["text"]).fit(X, y)
    monkeypatch.setitem(sys.modules, "skops.io", None)
    with pytest.raises(ImportError, match=r"Saving `modalities\['words'\]` needs .*\[skops\]"):
        est.save(tmp_path / "new")
    assert not (tmp_path / "new").exists()
    with pytest.raises(ImportError, match=r"Loading .* needs .*\[skops\]"):
        load_estimator(tmp_path / "est")
    assert np.array_equal(roundtrip(other, tmp_path).predict(X), other.predict(X))


# Hostile files


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The members of a good file."""
    X, y = table()
    path = tmp_path_factory.mktemp("saved") / "est"
    short({**HELD["transformers"], "text": "review", "image": "scan"}).fit(X, y).save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_members_of_a_good_file(saved, tmp_path):
    # Two transformers as they were given, and as they were fitted.
    assert list(saved) == [META, TENSORS, *(f"models/{n}.skops" for n in range(4))]
    (tmp_path / "est").write_bytes(zipped(saved.items()))
    assert load_estimator(tmp_path / "est").modalities["text"] == "review"


def compressed(content):
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip",
        zipped([]),
        zipped([("schema.json", b"[]")]),
        zipped([("schema.json", b"{}")]),
        skops.dumps([1, 2]),
        skops.dumps({"given": WORDS, "fitted": WORDS}),
        skops.dumps(StandardScaler()),
        compressed(skops.dumps(WORDS)),
    ],
    # The bytes hold times, and would make other names in each process.
    ids=[
        "nothing", "no zip", "empty zip", "list", "dict", "list of skops", "dict of skops",
        "another model", "compressed",
    ],
)  # fmt: skip
def test_damaged_or_foreign_transformers_are_refused(saved, content, tmp_path):
    for name in ("models/0.skops", "models/2.skops"):
        refused(tmp_path / "est", zipped({**saved, name: content}.items()))


def test_members_too_many_or_too_few_are_refused(saved, tmp_path):
    first = saved["models/0.skops"]
    for name in ("models/0.skops", "models/3.skops"):
        without = {key: content for key, content in saved.items() if key != name}
        refused(tmp_path / "est", zipped(without.items()))
    for name in ("models/x.skops", "../0.skops", "models/0.pkl", "0.skops", "models/04.skops"):
        refused(tmp_path / "est", zipped({**saved, name: first}.items()))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"has_gaps", true', b'"has_gaps", 1'),
        (b'"alone", true', b'"alone", 1'),
        (b'"positions", [2]', b'"positions", [9]'),
        (b'"positions", [3]', b'"positions", [3, 3]'),
        (b'"name", "words"', b'"name", "other"'),
        (b'"items": [1, 8, 8]', b'"items": [1, 8, 9]'),
        (b'"items": [1, 8, 8]', b'"items": [1, -8, -8]'),
        (b'"in_cells", true', b'"in_cells", 0'),
        (b'["words", [', b'["words", [[], '),
        (b'["encoder", ', b'["encoders", '),
    ],
)
def test_records_that_do_not_fit_are_refused(saved, old, new, tmp_path):
    meta = saved[META].replace(old, new)
    assert meta != saved[META]
    refused(tmp_path / "est", zipped({**saved, META: meta}.items()))
