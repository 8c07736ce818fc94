"""Fine-tuning weighs the tasks as `task_weight` and `balancing` say."""

import numpy as np
import pandas as pd
import pytest
import torch

from sklearn_3mtl import MultiTaskEstimator, TransferEstimator
from sklearn_3mtl.balancing import Manual

RANDOM = np.random.default_rng(0)
X = pd.DataFrame(RANDOM.normal(size=(80, 3)), columns=list("abc"))
Y = pd.DataFrame({"price": X["a"] + X["b"], "rent": X["b"] - X["c"], "size": X["a"] * X["c"]})
SMALL = {"hidden_layer_sizes": (8,), "n_estimators": 1, "max_epochs": 3, "random_state": 0}
TUNED = {"adapt_parts": "all", "adapt_lr": 1e-2, "adapt_steps": 8}


def shared_after(est, labels, **parameters):
    """The shared weights once a fitted estimator has been fine-tuned on some labels."""
    adapted = est.set_params(**parameters).adapt(X[:40], labels[:40])
    return torch.cat([p.flatten() for p in adapted._model.network.backbone.parameters()]).detach()


@pytest.fixture
def est():
    return MultiTaskEstimator(**SMALL, **TUNED).fit(X, Y)


def test_a_task_of_weight_0_takes_no_part(est):
    both, alone = Y[["price", "rent"]], Y[["rent"]]
    reference = shared_after(est, alone)
    found = shared_after(est, both, task_weight={"price": 0.0})
    torch.testing.assert_close(found, reference)
    assert not torch.allclose(shared_after(est, both, task_weight=None), reference)


def test_rows_of_tasks_that_take_no_part_train_nothing(est):
    before = torch.cat([p.flatten() for p in est._model.network.backbone.parameters()])
    found = shared_after(est, Y[["price"]], task_weight={"price": 0.0})
    assert torch.equal(found, before)


def test_larger_weights_count_for_more(est):
    both, alone = Y[["price", "rent"]], Y[["rent"]]
    reference = shared_after(est, alone)
    gaps = [
        float((shared_after(est, both, task_weight={"price": w}) - reference).norm())
        for w in (1.0, 0.1, 0.01)
    ]
    assert gaps[0] > gaps[1] > gaps[2] > 0


def test_the_balancing_rule_is_that_of_the_estimator(est):
    both, alone = Y[["price", "rent"]], Y[["rent"]]
    found = shared_after(est, both, balancing=Manual({"price": 0.0}))
    torch.testing.assert_close(found, shared_after(est, alone, balancing="equal"))


def test_weights_of_a_sources_tasks_say_nothing_of_a_new_one():
    options = {**SMALL, **TUNED, "strategy": "fine_tune"}
    plain = TransferEstimator(**options).fit(X, Y)
    for weighed in ({"task_weight": {"price": 3.0}}, {"balancing": Manual({"price": 3.0})}):
        target = pd.Series(X["a"] * 2, name="new")
        found = plain.set_params(task_weight=None, balancing="equal").adapt(X[:40], target[:40])
        other = plain.set_params(**weighed).adapt(X[:40], target[:40])
        assert other.predict(X).equals(found.predict(X))


def test_an_array_of_weights_is_of_the_tasks_of_fit(est):
    by_name = shared_after(est, Y[["price", "rent"]], task_weight={"price": 0.2})
    by_place = shared_after(est, Y[["price", "rent"]], task_weight=[0.2, 1.0, 1.0])
    assert torch.equal(by_name, by_place)
