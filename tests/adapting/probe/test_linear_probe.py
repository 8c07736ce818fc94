"""The solved linear correction, against scikit-learn's solvers and brute force."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_3mtl.adapting.probe import descent, linear_probe
from sklearn_3mtl.adapting.probe.linear_probe import (
    NEW_BIAS_PENALTY,
    NEW_TASK,
    PENALTIES,
    PRIOR_ROWS,
    SPREAD,
)
from tests._probe import (
    BINARY,
    MULTICLASS,
    REGRESSION,
    by_kind,
    data,
    one_block,
    outputs,
    probabilities,
    solve,
    solve_for,
)


def design(z, penalty):
    """Scaled and centred features, and a column that makes the intercept nearly free."""
    centred = z - z.mean(0)
    scaled = centred / np.sqrt((centred**2).sum(1).mean())
    return np.column_stack([scaled, np.full(len(z), (penalty / NEW_BIAS_PENALTY) ** 0.5)])


def one_penalty(monkeypatch, penalty):
    """Leave one penalty to choose from, and solve for it to the end."""
    monkeypatch.setattr(descent, "MAX_STEPS", 100_000)
    monkeypatch.setattr(descent, "TOLERANCE", 1e-7)
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


@pytest.mark.parametrize("at_once", [1, 2**20])
def test_outputs_for_rows_left_out_are_those_by_brute_force(at_once, monkeypatch):
    monkeypatch.setattr(linear_probe, "HESSIAN_NUMBERS", at_once)
    z, y = data(REGRESSION, n=16)
    seen = []
    own = linear_probe._left_out
    monkeypatch.setattr(
        linear_probe, "_left_out", lambda *args: seen.append(own(*args)) or seen[-1]
    )
    solve(z, y, REGRESSION)
    expected = [leave_one_out(z, y, float(penalty)) for penalty in PENALTIES]
    errors = (torch.cat(seen).flatten(1) - torch.as_tensor(y)).square().mean(1)
    np.testing.assert_allclose(errors, expected, rtol=1e-4)
    assert len(seen) == (len(PENALTIES) if at_once == 1 else 1)


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
    probe = solve_for(one_block(z_), z_, *tensors, task, is_new=True)
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
    probe = solve_for(one_block(both), both, offset, labels, weight, task, is_new=True)
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
