"""The temperature of each task: how sure the outputs may be."""

import numpy as np
import pytest
import torch

from sklearn_3mtl import MultiTaskClassifier, MultiTaskRegressor
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.objective import LabelLosses
from sklearn_3mtl.training.calibration import best_temperature, divided
from tests._inputs import tiny

LAYOUT = TaskLayout(
    [
        Task("number", "regression"),
        Task("answer", "binary", np.array([0, 1])),
        Task("sort", "multiclass", np.arange(3)),
    ]
)
LOSSES = LabelLosses(LAYOUT)


def drawn(n=4000, seed=0):
    """Outputs whose softmax and sigmoid are the true probabilities, and labels drawn from them."""
    generator = torch.Generator().manual_seed(seed)
    outputs = 2 * torch.randn(n, 5, generator=generator)
    answer = torch.rand(n, generator=generator) < outputs[:, 1].sigmoid()
    sort = torch.multinomial(outputs[:, 2:].softmax(1), 1, generator=generator)[:, 0]
    return outputs, torch.stack([outputs[:, 0], answer.float(), sort.float()], dim=1)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0, 4.0])
def test_the_factor_by_which_logits_are_too_large_is_found(factor):
    outputs, values = drawn()
    found = best_temperature(LAYOUT, LOSSES, outputs * factor, values, None)
    np.testing.assert_allclose(found[1:], factor, rtol=0.2)
    assert found[0] == max(factor, 1.0), "a number is never made larger"


def test_numbers_that_say_nothing_are_drawn_to_the_mean():
    outputs, values = drawn(400)
    guesses = outputs.clone()
    guesses[:, 0] = outputs[torch.randperm(400, generator=torch.Generator().manual_seed(1)), 0]
    found = best_temperature(LAYOUT, LOSSES, guesses, values, None)
    assert found[0] >= 8
    few = best_temperature(LAYOUT, LOSSES, guesses[:6], values[:6], None)
    assert 1 <= few[0] < found[0]
    perfect = best_temperature(LAYOUT, LOSSES, outputs, values, None)
    assert perfect[0] == 1


def test_rows_of_weight_zero_say_nothing():
    outputs, values = drawn()
    wrong = values.clone()
    wrong[2000:, 1], wrong[2000:, 2] = 1 - wrong[2000:, 1], 2 - wrong[2000:, 2]
    weight = torch.ones_like(values)
    weight[2000:] = 0.0
    found = best_temperature(LAYOUT, LOSSES, outputs, wrong, weight)
    expected = best_temperature(LAYOUT, LOSSES, outputs[:2000], values[:2000], None)
    assert torch.equal(found, expected)


def test_a_task_without_labels_keeps_one():
    outputs, values = drawn(50)
    weight = torch.ones_like(values)
    weight[:, 1] = 0.0
    assert best_temperature(LAYOUT, LOSSES, outputs * 4, values, weight)[1] == 1


def test_outputs_are_divided_task_by_task_and_ones_leave_the_bits():
    outputs, _ = drawn(10)
    assert divided(outputs, LAYOUT, torch.ones(3)) is outputs
    found = divided(outputs, LAYOUT, torch.tensor([1.0, 2.0, 4.0]))
    assert torch.equal(found, outputs / torch.tensor([1.0, 2.0, 4.0, 4.0, 4.0]))


def noisy(n, seed=0):
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, 8))
    return X, (X[:, 0] + 2 * random.normal(size=n) > 0).astype(int)


def overfitted(**parameters):
    """A net that knows its training rows by heart."""
    return tiny(
        MultiTaskClassifier, n_estimators=1, early_stopping=True, validation_fraction=0.3,
        hidden_layer_sizes=(64, 64), lr=0.01, max_epochs=60, n_iter_no_change=60, **parameters,
    )  # fmt: skip


def test_probabilities_are_divided_and_labels_are_not_touched():
    X, y = noisy(400)
    est = overfitted().fit(X[:300], y[:300])
    codec = est._model.codec
    codec.temperature[:] = 1.0
    logits = np.log(est.predict_proba(X)[:, 1] / est.predict_proba(X)[:, 0])
    labels = est.predict(X)
    codec.temperature[:] = 4.0
    np.testing.assert_allclose(est.predict_proba(X)[:, 1], 1 / (1 + np.exp(-logits / 4)), rtol=1e-4)
    assert (est.predict(X) == labels).all()


def test_few_rows_say_little():
    outputs, values = drawn(10)
    few = best_temperature(LAYOUT, LOSSES, 4 * outputs, values, None)
    many = best_temperature(LAYOUT, LOSSES, 4 * outputs.repeat(50, 1), values.repeat(50, 1), None)
    assert (few[1:] < many[1:]).all()
    assert (few[1:] >= 1).all()


def test_the_recorded_loss_is_that_at_the_best_temperature():
    X, y = noisy(300)
    est = overfitted().fit(X, y)
    # No temperature loses to the one that gives every class its share.
    assert max(est.history_[:, "valid_loss"]) < 0.75


def test_without_held_out_rows_nothing_is_divided():
    X, y = noisy(60)
    est = tiny(MultiTaskClassifier, early_stopping=False, max_epochs=2).fit(X, y)
    assert (est._model.codec.temperature == 1).all()
    est = tiny(MultiTaskRegressor, early_stopping=False, max_epochs=2).fit(X, y * 1.5)
    assert (est._model.codec.temperature == 1).all()


def test_targets_of_noise_are_predicted_nearer_to_their_means():
    random = np.random.default_rng(0)
    X, Y = random.normal(size=(300, 8)), random.normal(size=(300, 6))
    Y[:, 0] = X[:, 0]
    est = tiny(
        MultiTaskRegressor, n_estimators=1, early_stopping=True, validation_fraction=0.3,
        hidden_layer_sizes=(64, 64), lr=0.01, max_epochs=20, n_iter_no_change=20,
    ).fit(X, Y)  # fmt: skip
    new = random.normal(size=(200, 8))
    guesses = est.predict(new)
    est._model.codec.temperature[:] = 1.0
    ratio = guesses.std(0) / est.predict(new).std(0)
    assert ratio[0] > 0.9
    assert ratio[1:].mean() < 0.7
