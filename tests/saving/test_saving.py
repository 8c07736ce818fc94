"""Saved estimators: what comes back."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from sklearn_3mtl import MultiTaskClassifier, MultiTaskEstimator, MultiTaskRegressor, load_estimator
from sklearn_3mtl.balancing import Balancing, Manual, Uncertainty
from sklearn_3mtl.sharing import NoSharing
from tests._inputs import mixed_table, numeric_table
from tests._pinned import tiny
from tests._saving import assert_same, roundtrip

SETTINGS = {
    "default": {},
    "resnet": {"backbone": "resnet", "hidden_layer_sizes": (8, 8), "dropout": 0.1},
    "none": {"sharing": "none"},
    "instances": {"sharing": NoSharing(), "balancing": Uncertainty(0.5)},
    "manual": {"balancing": Manual({"price": 2.0})},
    "weights": {
        "task_weight": {"price": 2.0},
        "class_weight": {"grade": {"low": 2.0}, "colour": "balanced"},
    },
    "heads": {"heads": {"grade": (4, 3), "price": (4,)}},
    "stopping": {"early_stopping": True, "lr_schedule": "cosine", "max_epochs": 5},
    "optimizer": {"optimizer": torch.optim.RMSprop, "device": torch.device("cpu")},
    "array": {"hidden_layer_sizes": np.array([8]), "categorical_features": ["city"]},
    "members": {"n_estimators": 3, "numeric_embedding": "piecewise_linear"},
    "members, none": {"n_estimators": 2, "sharing": "none", "numeric_embedding": "periodic"},
    "tabm": {"backbone": "tabm", "n_estimators": 4, "dropout": 0.1},
    "chosen": {"n_estimators": "auto", "hidden_layer_sizes": "auto", "dropout": "auto"},
    "kinds": {"task_kinds": {"sold": "multiclass"}, "regression_loss": "huber"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_comes_back(name, tmp_path):
    X, Y = mixed_table()
    parameters = dict(SETTINGS[name])
    if name == "array":
        X = X.drop(columns="size")
    est = tiny(**parameters).fit(X, Y)
    loaded = roundtrip(est, tmp_path)
    assert_same(est, loaded, X)
    for a, b in zip(est.predict_proba(X), loaded.predict_proba(X), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(est.transform(X), loaded.transform(X))
    for key, value in est.get_params(deep=False).items():
        found = loaded.get_params(deep=False)[key]
        assert repr(found) == repr(value) or str(found) == str(value), key


def test_fitted_attributes_come_back(tmp_path):
    X, Y = mixed_table()
    est = tiny(early_stopping=True).fit(X, Y)
    loaded = roundtrip(est, tmp_path)
    assert list(loaded.tasks_) == list(est.tasks_)
    for name, task in est.tasks_.items():
        assert loaded.tasks_[name].kind == task.kind
        assert loaded.tasks_[name].dtype == task.dtype
        assert np.array_equal(loaded.tasks_[name].classes, task.classes)
    assert loaded.n_iter_ == est.n_iter_
    assert loaded.chosen_ == est.chosen_
    assert loaded.history_[:, "valid_loss"] == est.history_[:, "valid_loss"]
    assert loaded.n_features_in_ == 4
    assert loaded.feature_names_in_.tolist() == X.columns.tolist()
    assert loaded.score(X, Y) == est.score(X, Y)


@pytest.mark.parametrize(
    ("cls", "y"),
    [
        (MultiTaskRegressor, lambda Y: Y["number"]),
        (MultiTaskRegressor, lambda Y: Y["number"].to_numpy()),
        (MultiTaskClassifier, lambda Y: Y[["answer", "sort"]]),
        (MultiTaskClassifier, lambda Y: Y["sort"].to_numpy()),
        (MultiTaskEstimator, lambda Y: Y.rename(columns={"number": 3, "sort": ("a", 1)})),
        (MultiTaskEstimator, lambda Y: (Y["answer"] == "yes").astype("boolean")),
        (MultiTaskEstimator, lambda Y: Y["sort"].astype("string")),
        (MultiTaskEstimator, lambda Y: Y["number"].astype("float32").to_frame()),
    ],
)
def test_classes_and_containers_come_back(cls, y, tmp_path):
    X, Y = numeric_table()
    est = tiny(cls).fit(X, y(Y))
    loaded = roundtrip(est, tmp_path)
    assert type(loaded) is cls
    assert_same(est, loaded, X)


@pytest.mark.parametrize("n_members", [1, 2])
@pytest.mark.parametrize("sharing", ["hard", "none"])
@pytest.mark.parametrize("ids", [["p", "q", "r"], [1, 2, 3], ["p", 2, "r"]])
def test_groups_come_back(sharing, ids, n_members, tmp_path):
    X, Y = numeric_table()
    store = pd.Series(np.resize(np.array(ids, dtype=object), 60))
    est = tiny(sharing=sharing, n_estimators=n_members).fit(X, Y, task=store)
    loaded = roundtrip(est, tmp_path)
    assert loaded.groups_.tolist() == est.groups_.tolist()
    assert_same(est, loaded, X, task=store)
    column = tiny(sharing=sharing, task="store").fit(X.assign(store=store), Y)
    assert_same(column, roundtrip(column, tmp_path), X.assign(store=store))


def test_users_modules_come_back_through_parts(tmp_path):
    X, Y = numeric_table()
    backbone = nn.Sequential(nn.Linear(3, 8), nn.ReLU())
    heads = {"number": nn.Linear(8, 1)}
    for sharing in ("hard", "none"):
        est = tiny(backbone=backbone, heads=heads, sharing=sharing).fit(X, Y)
        fresh = {
            "backbone": nn.Sequential(nn.Linear(3, 8), nn.ReLU()),
            "heads": {"number": nn.Linear(8, 1)},
        }
        assert_same(est, roundtrip(est, tmp_path, **fresh), X)
        with pytest.raises(ValueError, match=r"'backbone', 'heads'.*parts="):
            load_estimator(tmp_path / "est")
        with pytest.raises(ValueError, match="no intact file"):
            load_estimator(tmp_path / "est", parts={**fresh, "backbone": nn.Linear(3, 7)})


class Halved(Balancing):
    """A plug-in that is not the library's."""

    def init(self, tasks, n_members, seed):
        return None

    def weights(self, losses, present, gramian, state):
        return torch.full_like(losses, 0.5)


def test_users_plug_ins_functions_and_callbacks_come_back_through_parts(tmp_path):
    X, Y = numeric_table()
    own = {"balancing": Halved(), "lr_schedule": lambda done: 1 - done}
    est = tiny(**own).fit(X, Y)
    loaded = roundtrip(est, tmp_path, **own)
    assert_same(est, loaded, X)
    assert loaded.balancing is own["balancing"]


def test_a_loaded_estimator_goes_on_as_the_saved_one_would(tmp_path):
    X, Y = mixed_table()
    est = tiny(warm_start=True, balancing="uncertainty").fit(X, Y)
    loaded = roundtrip(est, tmp_path)
    assert_same(est.fit(X, Y), loaded.fit(X, Y), X)
    assert loaded.n_iter_ == 4


def test_a_loaded_estimator_fits_anew_and_is_saved_again(tmp_path):
    X, Y = mixed_table()
    est = tiny().fit(X, Y)
    loaded = roundtrip(est, tmp_path)
    assert_same(est, roundtrip(loaded, tmp_path), X)
    assert_same(est, loaded.fit(X, Y), X)


def test_saving_takes_a_fitted_estimator_and_a_path_of_any_kind(tmp_path):
    X, Y = numeric_table()
    est = tiny().fit(X, Y)
    est.save(str(tmp_path / "as text"))
    assert_same(est, load_estimator(str(tmp_path / "as text")), X)
    with pytest.raises(ValueError, match="not fitted"):
        tiny().save(tmp_path / "x")
    assert not (tmp_path / "x").exists()
