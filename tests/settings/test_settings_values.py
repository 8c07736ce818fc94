"""All parameters of all estimators, in one typed object."""

import copy
import pickle
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest

import sklearn_3mtl
from sklearn_3mtl import MetaLearner, MultiTaskEstimator, ThreeMTLEstimator
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.settings.paradigms import PARADIGMS

ESTIMATORS = [
    getattr(sklearn_3mtl, name)
    for name in sklearn_3mtl.__all__
    if isinstance(getattr(sklearn_3mtl, name), type)
]


def test_the_settings_are_the_parameters_of_all_estimators():
    names = {name for cls in ESTIMATORS for name in cls().get_params(deep=False)}
    assert names == {field.name for field in fields(Settings)}


def test_what_an_estimator_lacks_is_absent():
    settings = Settings.of(MultiTaskEstimator(dropout=0.3).get_params(deep=False))
    assert settings.dropout == 0.3
    assert settings.meta is None
    assert settings.source is None
    assert settings.domain_loss is None
    assert Settings.of(MetaLearner().get_params(deep=False)).sharing == "hard"


@pytest.mark.parametrize("paradigm", PARADIGMS)
def test_a_paradigm_switches_off_what_it_lacks(paradigm):
    est = ThreeMTLEstimator(paradigm=paradigm, domain_loss="dann")
    settings = Settings.of(est.get_params(deep=False)).of_paradigm()
    assert (settings.meta is None) == ("meta" not in PARADIGMS[paradigm])
    assert (settings.domain_loss is None) == ("transfer" not in PARADIGMS[paradigm])
    assert (settings.strategy is None) == ("transfer" not in PARADIGMS[paradigm])


def test_settings_stay_as_they_are():
    settings = Settings(lr=0.1)
    with pytest.raises(FrozenInstanceError):
        settings.lr = 0.2
    assert settings.with_values({"lr": 0.2}).lr == 0.2
    assert settings.lr == 0.1


def test_a_misspelt_name_is_an_error():
    with pytest.raises(TypeError, match="droput"):
        Settings.of({"droput": 0.1})


def test_settings_differ_where_their_values_do():
    weights = np.array([1.0, 2.0])
    one = Settings(task_weight=weights, lr=0.1, dropout=0.5)
    other = Settings(task_weight=weights.copy(), lr=0.2, dropout=0.5)
    assert one.differing(other, ["task_weight", "lr", "dropout"]) == ["lr"]
    for same in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
        assert one.differing(same, one.values()) == []
