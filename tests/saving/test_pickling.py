"""What is particular to pickle, skops and copies of fitted estimators."""

import copy
import io
import pickle
import pickletools
import zipfile
from fractions import Fraction

import joblib
import pandas as pd
import pytest
import sklearn
import torch
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from sklearn_3mtl import MultiTaskEstimator, MultiTaskRegressor, load_estimator
from sklearn_3mtl.balancing import Balancing
from tests._inputs import mixed_table, numeric_table
from tests._pinned import tiny
from tests._saving import assert_same

skops = pytest.importorskip("skops.io")
cloudpickle = pytest.importorskip("cloudpickle")
NAME = f"{MultiTaskEstimator.__module__}.MultiTaskEstimator"


@pytest.fixture(scope="module")
def est():
    return tiny().fit(*mixed_table())


def pipeline():
    X, Y = numeric_table()
    scaler = StandardScaler().set_output(transform="pandas")
    return make_pipeline(scaler, tiny()).fit(X, Y), X


# skops


def test_a_pipeline_through_skops(tmp_path):
    pipe, X = pipeline()
    path = tmp_path / "pipe.skops"
    skops.dump(pipe, path)
    assert skops.get_untrusted_types(file=path) == [NAME]
    with pytest.raises(Exception, match="Untrusted types found"):
        skops.load(path)
    for trusted in ([NAME], [MultiTaskEstimator]):
        found = skops.load(path, trusted=trusted)
        assert_same(pipe, found, X)
        assert found[-1].get_params() == pipe[-1].get_params()


@pytest.mark.parametrize("make", [tiny, lambda: make_pipeline(StandardScaler(), tiny())])
def test_what_is_not_fitted_through_skops(make):
    found = skops.loads(skops.dumps(make()), trusted=[NAME])
    assert repr(found) == repr(make())


def members(data, change):
    """A file of skops with other bytes in the place of the archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name.endswith(".bin") else content)
    return file.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        lambda archive: b"",
        lambda archive: archive[:-40],
        lambda archive: archive.replace(b'"format": 3', b'"format": 1'),
        lambda archive: pickle.dumps(print),
    ],
    ids=["empty", "truncated", "changed", "pickle"],
)
def test_a_damaged_archive_in_a_file_of_skops_is_refused(est, change):
    data = members(skops.dumps(est), change)
    with pytest.raises(ValueError, match="The pickled estimator is not intact"):
        skops.loads(data, trusted=[NAME])


def test_skops_refuses_what_it_does_not_know():
    X, Y = numeric_table()
    est = tiny(balancing=Halved()).fit(X, Y)
    data = skops.dumps(est)
    assert any(name.endswith("Halved") for name in skops.get_untrusted_types(data=data))
    with pytest.raises(Exception, match="Halved"):
        skops.loads(data, trusted=[NAME])


# pickle


class Halved(Balancing):
    """A plug-in that is not the library's."""

    def init(self, tasks, n_members, seed):
        return None

    def weights(self, losses, present, gramian, state):
        return torch.full_like(losses, 0.5)


class OwnEstimator(MultiTaskRegressor):
    """A subclass that is not the library's."""


def test_no_torch_object_is_in_a_pickle(est):
    names = {str(arg) for _, arg, _ in pickletools.genops(pickle.dumps(est)) if arg is not None}
    assert not [name for name in names if name.startswith("torch") and " " not in name]


def test_the_same_estimator_gives_the_same_bytes(est):
    data = pickle.dumps(est)
    assert pickle.dumps(pickle.loads(data)) == data
    assert joblib.hash(copy.deepcopy(est)) == joblib.hash(est)


def test_the_users_own_objects_travel_in_a_pickle():
    X, Y = numeric_table()
    own = {
        "backbone": nn.Sequential(nn.Linear(3, 8), nn.ReLU()),
        "heads": {"number": nn.Linear(8, 1)},
        "balancing": Halved(),
        "optimizer": torch.optim.RMSprop,
    }
    est = tiny(**own).fit(X, Y)
    found = pickle.loads(pickle.dumps(est))
    assert_same(est, found, X)
    assert type(found.balancing) is Halved
    assert found._model.settings.backbone is found.backbone


def test_odd_labels_travel_in_a_pickle(tmp_path):
    X, _ = numeric_table()
    labels = pd.Series([Fraction(1, 3), Fraction(2, 3)] * 30, dtype=object)
    est = tiny(task_kinds={"share": "binary"}).fit(X, pd.DataFrame({"share": labels}))
    assert_same(est, pickle.loads(pickle.dumps(est)), X)
    trusted = skops.get_untrusted_types(data=skops.dumps(est))
    assert trusted == ["fractions.Fraction", NAME]
    assert_same(est, skops.loads(skops.dumps(est), trusted=trusted), X)


def test_a_subclass_is_pickled_and_not_saved(tmp_path):
    X, Y = numeric_table()
    est = tiny(OwnEstimator).fit(X, Y[["number"]])
    for found in (pickle.loads(pickle.dumps(est)), cloudpickle.loads(cloudpickle.dumps(est))):
        assert type(found) is OwnEstimator
        assert_same(est, found, X)
    with pytest.raises(ValueError, match=r"the library's own estimators. Found a OwnEstimator"):
        est.save(tmp_path / "est")
    assert list(tmp_path.iterdir()) == []


def test_parameters_of_now_and_of_the_fit(tmp_path):
    X, Y = numeric_table()
    est = tiny(adapt_lr=0.1).fit(X, Y).set_params(activation="tanh", adapt_lr=0.2)
    found = pickle.loads(pickle.dumps(est))
    assert (found.activation, found.adapt_lr) == ("tanh", 0.2)
    assert_same(est, found, X)
    found.save(tmp_path / "est")
    assert load_estimator(tmp_path / "est").activation == "relu"


def test_metadata_requests_travel_in_a_pickle():
    X, Y = numeric_table()
    with sklearn.config_context(enable_metadata_routing=True):
        est = tiny().set_fit_request(sample_weight=True).fit(X, Y)
        found = pickle.loads(pickle.dumps(est))
        assert str(found.get_metadata_routing()) == str(est.get_metadata_routing())


def test_a_pipeline_through_joblib_and_pickle(tmp_path):
    pipe, X = pipeline()
    joblib.dump(pipe, tmp_path / "pipe")
    for found in (joblib.load(tmp_path / "pipe"), pickle.loads(pickle.dumps(pipe))):
        assert_same(pipe, found, X)


@pytest.mark.slow
def test_fitted_in_other_processes():
    X, Y = numeric_table()
    found = joblib.Parallel(n_jobs=2)(joblib.delayed(tiny().fit)(X, Y) for _ in range(2))
    assert_same(found[0], tiny().fit(X, Y), X)
    assert_same(found[1], found[0], X)


# Copies


def test_copies_share_or_repeat_what_was_fitted(est):
    X, _ = mixed_table()
    shallow, deep = copy.copy(est), copy.deepcopy(est)
    assert shallow._model is est._model
    assert deep._model is not est._model
    assert deep._model.network is not est._model.network
    assert_same(est, deep, X)
    assert not hasattr(clone(est), "tasks_")


def test_a_deep_copy_keeps_what_is_held_in_common(est):
    first, second = copy.deepcopy([est, est])
    assert first is second
