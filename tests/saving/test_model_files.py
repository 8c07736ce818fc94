"""Files that hold models of strategy='extract': what is refused."""

import json
import zipfile

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import FunctionTransformer

from sklearn_3mtl import TransferEstimator, load_estimator
from tests._adapting import NEW, X, Y, small
from tests._saving import META, entry, refused, zipped

skops = pytest.importorskip("skops.io")


@pytest.fixture(scope="module")
def source():
    return small(TransferEstimator, strategy="extract", max_epochs=1).fit(X, Y)


@pytest.fixture(scope="module")
def saved(source, tmp_path_factory):
    """The members of a good file with a regressor and a classifier."""
    path = tmp_path_factory.mktemp("saved") / "est"
    source.adapt(X, NEW[["rent", "kind"]]).save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_model_for_each_task_is_a_member_of_its_own(saved, tmp_path):
    assert [name for name in saved if name.endswith(".skops")] == [
        "models/0.skops", "models/1.skops",
    ]  # fmt: skip
    (tmp_path / "est").write_bytes(zipped(saved.items()))
    assert list(load_estimator(tmp_path / "est").predict(X)) == ["rent", "kind"]


BITS, THIRDS = np.resize([0, 1], 90), np.resize([0, 1, 7], 90)


@pytest.mark.parametrize(
    "model",
    [
        [1, 2],
        FunctionTransformer(),
        Ridge(),
        Ridge().fit(X[:90], BITS),
        LogisticRegression(),
        LogisticRegression().fit(X[:90], THIRDS),
        LogisticRegression().fit(X[:90], np.where(BITS, "a", "b")),
    ],
    ids=["list", "transformer", "unfitted", "regressor", "unfitted classifier", "classes", "text"],
)
def test_models_of_another_kind_are_refused(saved, model, tmp_path):
    refused(tmp_path / "est", zipped({**saved, "models/1.skops": skops.dumps(model)}.items()))


def test_a_model_that_is_not_fitted_is_refused(saved, tmp_path):
    refused(tmp_path / "est", zipped({**saved, "models/0.skops": skops.dumps(Ridge())}.items()))


@pytest.mark.parametrize(
    "change",
    [
        lambda models: models["items"].append(["odd", models["items"][0][1]]),
        lambda models: models["items"][0].__setitem__(1, 3),
        lambda models: models["items"][0][1].update(number=2),
        lambda models: models["items"][0][1].update(number=True),
        lambda models: models.update(items=[]) or models.update({"__type__": "tuple"}),
    ],
    ids=["of no task", "a number", "out of range", "a boolean", "a tuple"],
)
def test_records_that_do_not_fit_are_refused(saved, change, tmp_path):
    meta = json.loads(saved[META])
    change(entry(meta["fitted"], "models")[1])
    refused(tmp_path / "est", zipped({**saved, META: json.dumps(meta)}.items()))


class Unwritable:
    """An object that neither pickle nor skops can write."""

    def __reduce__(self):
        raise TypeError("not this one")


def test_a_model_that_skops_cannot_hold_is_refused_when_it_is_saved(source, tmp_path):
    twice = FunctionTransformer(lambda values: 2 * values)
    est = source.adapt(X, NEW["rent"])
    est._model.readout.models["rent"].note_ = Unwritable()
    with pytest.raises(ValueError, match=r"Pipeline that skops can't hold.*not this one"):
        est.save(tmp_path / "est")
    est._model.readout.models["rent"].note_ = twice
    with pytest.raises(ValueError, match=r"Pipeline that skops can't hold.*lambda"):
        est.save(tmp_path / "est")
    assert list(tmp_path.iterdir()) == []


def test_a_head_that_skops_cannot_hold_is_supplied(source, tmp_path):
    est = source.adapt(X, NEW["rent"])
    head = Ridge(2.0)
    head.note = Unwritable()
    est._model.settings = est._model.settings.with_values({"head": head})
    est.save(tmp_path / "est")
    with pytest.raises(ValueError, match=r"in the parameter\(s\) \['head'\]"):
        load_estimator(tmp_path / "est")
    loaded = load_estimator(tmp_path / "est", parts={"head": head})
    assert loaded.head is head
    assert loaded.predict(X).equals(est.predict(X))


def test_a_file_of_skops_is_not_a_file_of_an_estimator(source, tmp_path):
    refused(tmp_path / "est", skops.dumps(source))
