"""What warm starts, modules of the user's and other settings change."""

import copy

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from sklearn_3mtl import MultiTaskRegressor
from tests._inputs import mixed_table, numeric_table
from tests._pinned import tiny

# Warm starts


def test_warm_start_goes_on():
    X, Y = numeric_table()
    est = tiny(warm_start=True, max_epochs=5, lr=0.05).fit(X, Y)
    first = est.predict(X)
    loss = est.history_[-1]["train_loss"]
    est.fit(X, Y)
    assert est.n_iter_ == len(est.history_) == 10
    assert est.history_[5]["train_loss"] < 1.1 * loss
    assert est.history_[5]["train_loss"] < est.history_[0]["train_loss"]
    assert not est.predict(X).equals(first)
    cold = tiny(max_epochs=5, lr=0.05).fit(X, Y).fit(X, Y)
    assert cold.n_iter_ == 5
    assert cold.predict(X).equals(first)


def test_warm_start_on_new_rows_keeps_the_coding():
    X, Y = mixed_table()
    est = tiny(warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="warm_start continues the same tasks"):
        est.fit(X, Y[["price"]])
    before = est.predict(X)
    est.set_params(lr=1e-30, weight_decay=0.0).fit(X.iloc[:30], Y.iloc[:30])
    pd.testing.assert_frame_equal(est.predict(X), before)


def test_a_failed_warm_start_leaves_the_fitted_estimator_as_it_was():
    X, Y = numeric_table()
    est = tiny(warm_start=True).fit(X, Y)
    before = est.predict(X)
    with pytest.raises(ValueError, match="diverged"):
        est.set_params(lr=1e25, optimizer="sgd", max_epochs=9).fit(X, Y)
    assert est.predict(X).equals(before)
    assert est.n_iter_ == 2


# Modules


def test_heads_with_hidden_layers_and_modules_learn():
    X, Y = numeric_table()
    heads = {"number": (16,), "sort": nn.Sequential(nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 3))}
    before = copy.deepcopy(heads["sort"].state_dict())
    for sharing in ("hard", "none"):
        est = tiny(heads=heads, sharing=sharing, max_epochs=100, lr=0.02).fit(X, Y)
        assert est.score(X, Y) > 0.85
        names = dict(est._model.network.named_parameters())
        assert any("blocks" in name for name in names)
    for name, value in heads["sort"].state_dict().items():
        assert torch.equal(value, before[name])


def test_a_users_backbone_learns_and_is_not_changed():
    X, Y = numeric_table()
    module = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Dropout(0.1))
    before = copy.deepcopy(module.state_dict())
    for sharing in ("hard", "none"):
        est = tiny(backbone=module, sharing=sharing, max_epochs=100, lr=0.02).fit(X, Y)
        assert est.score(X, Y) > 0.8
        assert est.transform(X).shape == (60, 8 if sharing == "hard" else 24)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
    assert module.training


# Losses, kinds, categories and the device


def test_regression_loss_huber_stands_outliers():
    X, Y = numeric_table(100)
    y = Y["number"].copy()
    y.iloc[::10] += 40
    clean = Y["number"]
    options = {"max_epochs": 200, "lr": 0.01}
    squared = tiny(MultiTaskRegressor, **options).fit(X, y).predict(X)
    huber = tiny(MultiTaskRegressor, regression_loss="huber", **options).fit(X, y).predict(X)
    assert (huber - clean).abs().median() < (squared - clean).abs().median()


def test_task_kinds_override():
    X, _ = numeric_table()
    stars = pd.DataFrame({"stars": np.resize([1, 2, 3, 4, 5], 60)})
    assert tiny().fit(X, stars).tasks_["stars"].kind == "multiclass"
    number = tiny(task_kinds={"stars": "regression"}).fit(X, stars)
    assert number.tasks_["stars"].kind == "regression"
    assert number.predict(X)["stars"].nunique() > 5


def test_categorical_features_change_what_a_number_means():
    random = np.random.default_rng(0)
    code = random.permutation(8)[np.arange(160) % 8].astype(float)
    X = np.column_stack([code, random.normal(size=160)])
    y = np.where(np.isin(code, [0, 3, 4, 7]), 1.0, -1.0) + 0.01 * X[:, 1]
    options = {"max_epochs": 25, "lr": 0.02}
    as_category = tiny(MultiTaskRegressor, categorical_features=[0], **options).fit(X, y)
    as_number = tiny(MultiTaskRegressor, **options).fit(X, y)
    assert as_category.score(X, y) > as_number.score(X, y) + 0.1


def test_device_cpu_is_the_default_of_this_machine():
    X, Y = numeric_table()
    if torch.cuda.is_available():
        pytest.skip("the default is the GPU")
    assert tiny(device="cpu").fit(X, Y).predict(X).equals(tiny().fit(X, Y).predict(X))
