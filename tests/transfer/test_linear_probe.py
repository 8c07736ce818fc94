"""The solved linear correction, against scikit-learn's solvers and brute force."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.transfer import View, linear_probe, solve_probe
from sklearn_3mtl.transfer.linear_probe import (
    NEW_BIAS_PENALTY,
    NEW_TASK,
    PENALTIES,
    PRIOR_ROWS,
    SPREAD,
)

REGRESSION = Task("r", "regression")
BINARY = Task("b", "binary", np.arange(2))
MULTICLASS = Task("m", "multiclass", np.arange(3))
KINDS = [REGRESSION, BINARY, MULTICLASS]
by_kind = pytest.mark.parametrize("task", KINDS, ids=lambda task: task.kind)


def data(task, n=40, d=5, seed=0, noise=0.5):
    """Features and noisy labels of a linear rule, as float64 arrays."""
    random = np.random.default_rng(seed)
    z = random.normal(size=(n, d)) * np.linspace(0.5, 3, d) + 2.0
    scores = (z - 2) @ random.normal(size=(d, 3)) + noise * random.normal(size=(n, 3))
    if task.kind == "regression":
        return z, scores[:, 0]
    return z, (scores[:, 0] > 0) * 1.0 if task.kind == "binary" else scores.argmax(1) * 1.0


def solve(z, labels, task, weight=None, offset=None, is_new=True):
    """The probe of one group and one member; weight, bias and penalty in numpy."""
    z = torch.as_tensor(z)[None, None]
    offset = np.zeros((len(labels), task.n_outputs)) if offset is None else offset
    weight = np.ones(len(labels)) if weight is None else weight
    offset, labels, weight = (torch.as_tensor(a)[None] for a in (offset, labels, weight))
    probe = solve_probe([View(z)], offset[None], labels, weight, task, is_new=is_new)
    return probe.weight[0, 0].numpy(), probe.bias[0, 0].numpy(), float(probe.penalty)


def outputs(probe, z):
    weight, bias, _ = probe
    return z @ weight.T + bias


def probabilities(probe, z):
    logits = torch.from_numpy(outputs(probe, z))
    return (logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(1)).numpy()


def design(z, penalty):
    """Scaled and centred features, and a column that makes the intercept nearly free."""
    centred = z - z.mean(0)
    scaled = centred / np.sqrt((centred**2).sum(1).mean())
    return np.column_stack([scaled, np.full(len(z), (penalty / NEW_BIAS_PENALTY) ** 0.5)])


def one_penalty(monkeypatch, penalty):
    """Leave one penalty to choose from, and solve for it to the end."""
    monkeypatch.setattr(linear_probe, "MAX_STEPS", 100_000)
    monkeypatch.setattr(linear_probe, "TOLERANCE", 1e-7)
    monkeypatch.setattr(linear_probe, "PENALTIES", torch.tensor([penalty], dtype=torch.float64))


@pytest.mark.parametrize("penalty", [1e-2, 1.0, 30.0])
def test_regression_is_ridge(penalty, monkeypatch):
    z, y = data(REGRESSION)
    one_penalty(monkeypatch, penalty)
    features = design(z, penalty)
    expected = Ridge(penalty, fit_intercept=False).fit(features, y).predict(features)
    found = solve(z, y, REGRESSION)
    assert found[2] == pytest.approx(penalty)
    np.testing.assert_allclose(outputs(found, z)[:, 0], expected, rtol=1e-5, atol=1e-5)


def test_regression_corrects_what_the_offset_leaves(monkeypatch):
    z, y = data(REGRESSION)
    one_penalty(monkeypatch, 1.0)
    offset = z[:, :1] ** 2
    plain = solve(z, y - offset[:, 0], REGRESSION)
    corrected = solve(z, y, REGRESSION, offset=offset)
    np.testing.assert_allclose(corrected[0], plain[0], rtol=1e-5)
    np.testing.assert_allclose(corrected[1], plain[1], rtol=1e-5)


@pytest.mark.parametrize("penalty", [1e-1, 1.0, 30.0])
@pytest.mark.parametrize("task", [BINARY, MULTICLASS], ids=lambda task: task.kind)
def test_classification_is_logistic_regression(task, penalty, monkeypatch):
    z, y = data(task)
    one_penalty(monkeypatch, penalty)
    features = design(z, penalty)
    logistic = LogisticRegression(C=1 / penalty, fit_intercept=False, tol=1e-10, max_iter=10_000)
    expected = logistic.fit(features, y).predict_proba(features)
    found = probabilities(solve(z, y, task), z)
    np.testing.assert_allclose(found, expected[:, -found.shape[1] :], atol=1e-4)


def leave_one_out(z, y, penalty):
    """The squared error of each row under the fit to the others."""
    features, errors = design(z, penalty), []
    for row in range(len(y)):
        rest = np.arange(len(y)) != row
        ridge = Ridge(penalty, fit_intercept=False).fit(features[rest], y[rest])
        errors.append((ridge.predict(features[[row]])[0] - y[row]) ** 2)
    return np.mean(errors)


@pytest.mark.parametrize("noise", [0.05, 2.0, 20.0])
def test_the_penalty_is_the_mean_under_the_leave_one_out_likelihood_and_the_prior(noise):
    z, y = data(REGRESSION, n=16, noise=noise)
    losses = np.array([leave_one_out(z, y, float(penalty)) for penalty in PENALTIES])
    variance = (16 * losses + PRIOR_ROWS * (y**2).mean()) / (16 + PRIOR_ROWS)
    power = np.log10(PENALTIES.numpy())
    total = -8 * np.log(variance) - ((power - NEW_TASK) / SPREAD) ** 2 / 2
    share = np.exp(total - total.max())
    expected = 10 ** ((share * power).sum() / share.sum())
    assert solve(z, y, REGRESSION)[2] == pytest.approx(expected, rel=1e-4)


def test_the_leave_one_out_loss_of_regression_is_the_one_by_brute_force(monkeypatch):
    z, y = data(REGRESSION, n=16)
    seen = []
    own = linear_probe._leave_one_out
    monkeypatch.setattr(
        linear_probe, "_leave_one_out", lambda *args: seen.append(own(*args)) or seen[-1]
    )
    solve(z, y, REGRESSION)
    expected = [leave_one_out(z, y, float(penalty)) for penalty in PENALTIES]
    np.testing.assert_allclose([loss.mean() for loss in seen], expected, rtol=1e-4)


@pytest.mark.parametrize("task", [BINARY, MULTICLASS], ids=lambda task: task.kind)
def test_the_chosen_solution_is_near_the_end_of_the_iteration(task, monkeypatch):
    z, y = data(task)
    found = solve(z, y, task)
    one_penalty(monkeypatch, found[2])
    expected = probabilities(solve(z, y, task), z)
    np.testing.assert_allclose(probabilities(found, z), expected, atol=0.01)


@by_kind
def test_noise_gets_a_larger_penalty_than_signal(task):
    penalties = [solve(*data(task, noise=noise), task)[2] for noise in (0.01, 100.0)]
    assert penalties[0] < penalties[1]


@by_kind
def test_a_weight_of_zero_leaves_the_row_out(task):
    z, y = data(task)
    weight = np.linspace(0.5, 2.0, 40)
    weight[::3] = 0.0
    kept = weight > 0
    found = solve(z, y, task, weight)
    expected = solve(z[kept], y[kept], task, weight[kept])
    assert found[2] == pytest.approx(expected[2])
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-4, atol=1e-5)


@by_kind
def test_a_weight_of_two_is_the_row_twice(task, monkeypatch):
    one_penalty(monkeypatch, 1.0)
    z, y = data(task)
    weight = np.where(np.arange(40) % 4 == 0, 2.0, 1.0)
    rows = np.repeat(np.arange(40), weight.astype(int))
    found, expected = solve(z, y, task, weight), solve(z[rows], y[rows], task)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-4, atol=1e-5)


def test_an_offset_that_is_true_is_not_corrected():
    z, y = data(REGRESSION)
    weight, bias, _ = solve(z, y, REGRESSION, offset=y[:, None], is_new=False)
    assert not weight.any()
    assert not bias.any()


@pytest.mark.parametrize("task", [BINARY, MULTICLASS], ids=lambda task: task.kind)
def test_sure_and_right_logits_are_not_corrected(task):
    z, y = data(task)
    hits = y[:, None] if task is BINARY else np.eye(3)[y.astype(int)]
    found = solve(z, y, task, offset=20.0 * (2 * hits - 1), is_new=False)
    assert np.abs(outputs(found, z)).max() < 0.1


@by_kind
def test_wrong_offsets_are_corrected(task):
    z, y = data(task, n=200, noise=0.01)
    random = np.random.default_rng(1)
    offset = z @ random.normal(size=(5, task.n_outputs))
    out = offset + outputs(solve(z, y, task, offset=offset, is_new=False), z)
    if task is REGRESSION:
        np.testing.assert_allclose(out[:, 0], y, atol=0.5)
    else:
        guess = (out[:, 0] > 0) if task is BINARY else out.argmax(1)
        assert (guess == y).mean() > 0.9


def alike(z):
    """Centred features of a mean squared norm of 1: groups then have one scale."""
    z = z - z.mean(0)
    return z / np.sqrt((z**2).sum(1).mean())


@by_kind
def test_groups_and_members_together_are_each_alone(task, monkeypatch):
    one_penalty(monkeypatch, 0.3)
    parts = [data(task, n=20, seed=seed) for seed in range(3)]
    z = np.stack([[alike(z), alike(z**2)] for z, _ in parts])
    y = np.stack([labels for _, labels in parts])
    offset = np.random.default_rng(0).normal(size=(3, 2, 20, task.n_outputs))
    weight = np.ones((3, 20))
    z_, *tensors = (torch.from_numpy(a) for a in (z, offset, y, weight))
    probe = solve_probe([View(z_)], *tensors, task, is_new=True)
    assert probe.weight.shape == (3, 2, task.n_outputs, 5)
    assert probe.bias.shape == (3, 2, task.n_outputs)
    for g in range(3):
        for m in range(2):
            found = probe.weight[g, m].numpy(), probe.bias[g, m].numpy(), None
            alone = solve(z[g, m], y[g], task, offset=offset[g, m])
            expected = outputs(alone, z[g, m])
            np.testing.assert_allclose(outputs(found, z[g, m]), expected, atol=1e-4)


@by_kind
def test_a_group_without_a_label_is_not_corrected(task):
    z, y = data(task)
    both = torch.from_numpy(np.stack([z, z]))[:, None]
    weight = torch.tensor([[1.0] * 40, [0.0] * 40])
    offset = torch.zeros(2, 1, 40, task.n_outputs)
    labels = torch.from_numpy(np.stack([y, y]))
    probe = solve_probe([View(both)], offset, labels, weight, task, is_new=True)
    assert probe.weight[0].abs().max() > 0
    assert not probe.weight[1].any()
    assert not probe.bias[1].any()


@by_kind
@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_few_rows_give_finite_corrections(task, n):
    z, y = data(task, n=40)
    found = solve(z[:n], y[:n], task)
    assert np.isfinite(found[0]).all()
    assert np.isfinite(found[1]).all()


@by_kind
def test_features_that_say_nothing_leave_the_bias(task):
    _, y = data(task)
    weight, bias, _ = solve(np.full((40, 5), 7.0), y, task)
    assert not weight.any()
    if task is REGRESSION:
        assert bias[0] == pytest.approx(y.mean(), rel=0.01)
    elif task is BINARY:
        assert 1 / (1 + np.exp(-bias[0])) == pytest.approx(y.mean(), abs=0.01)


@by_kind
def test_more_directions_than_are_kept(task):
    z, y = data(task, n=300, d=200, noise=0.01)
    found = solve(z, y, task)
    assert np.isfinite(found[0]).all()
    out = outputs(found, z)
    if task is REGRESSION:
        assert 1 - ((out[:, 0] - y) ** 2).sum() / ((y - y.mean()) ** 2).sum() > 0.8


def test_labels_that_a_plane_separates_stay_finite():
    z = np.linspace(-1, 1, 30)[:, None]
    found = solve(z, (z[:, 0] > 0) * 1.0, BINARY)
    assert np.isfinite(outputs(found, z)).all()
    assert ((outputs(found, z)[:, 0] > 0) == (z[:, 0] > 0)).all()


@by_kind
@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_few_labels_move_what_is_known_only_a_little(task, n):
    z, y = data(task, seed=1)
    offset = np.zeros((n, task.n_outputs))
    found = solve(z[:n], y[:n], task, offset=offset, is_new=False)
    moved = np.abs(outputs(found, z[:n])).max()
    assert 0 < moved < 0.6 * np.abs(y).max()


def test_many_labels_move_what_is_known_as_far_as_they_say():
    z, _ = data(REGRESSION, n=200)
    found = solve(z, np.full(200, 3.0), REGRESSION, is_new=False)
    np.testing.assert_allclose(outputs(found, z)[:, 0], 3.0, atol=0.3)


@pytest.mark.parametrize("n", [2, 4, 10])
def test_labels_of_chance_leave_a_new_task_unsure(n):
    confidence = []
    for seed in range(20):
        z = np.random.default_rng(seed).normal(size=(300, 30))
        y = np.random.default_rng(seed + 100).permutation(np.arange(n) % 2) * 1.0
        p = probabilities(solve(z[:n], y, BINARY), z)
        confidence.append(np.maximum(p, 1 - p).mean())
    assert np.mean(confidence) < 0.75


@pytest.mark.parametrize("task", [BINARY, MULTICLASS], ids=lambda task: task.kind)
def test_many_rows_are_judged_by_some(task):
    z, y = data(task, n=3000, noise=0.1)
    found = probabilities(solve(z, y, task), z)
    guess = (found[:, 0] > 0.5) if task is BINARY else found.argmax(1)
    assert (guess == y).mean() > 0.95
