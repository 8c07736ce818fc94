"""How much each prediction counts, against a search over all shares."""

import numpy as np
import pytest
import torch

from sklearn_3mtl.prior.stacking import stacked_shares
from tests._probe import BINARY, KINDS, MULTICLASS, REGRESSION, by_kind

NULL = 2.0


def predictions(task, n=60, seed=0):
    """Labels, and outputs of two members that know of them in part, in three ways."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=(1, 1, n, task.n_outputs))
    noise = random.normal(size=(1, 3, 2, n, task.n_outputs)) * np.array([0.8, 1.0, 3.0]).reshape(
        1, 3, 1, 1, 1
    )
    outputs = torch.from_numpy(truth[:, None] + noise)
    if task is REGRESSION:
        targets = truth
    elif task is BINARY:
        targets = (truth > 0) * 1.0
    else:
        targets = np.eye(3)[truth.argmax(-1)]
    return outputs, torch.from_numpy(targets)


def shares(task, outputs, targets, prior=(1.0, 1.0, 1.0), weight=None):
    rows = torch.ones(1, 1, targets.shape[2], 1).double() if weight is None else weight
    prior = torch.tensor(prior, dtype=torch.float64)
    return stacked_shares(outputs, targets, rows, task.kind_object.likelihood, prior, NULL).numpy()


def objective(task, outputs, targets, share, prior):
    """The likelihood of the mean of the outputs and the prior's, by hand."""
    mean, n = np.tensordot(share, outputs.numpy()[0], 1), targets.shape[2]
    truth = np.broadcast_to(targets.numpy()[0], mean.shape)
    if task is REGRESSION:
        loss = n / 2 * np.log(n * ((mean - truth) ** 2).sum(-1).mean() + NULL)
    elif task is BINARY:
        loss = n * (np.log1p(np.exp(mean)) - truth * mean).mean()
    else:
        logs = mean - np.log(np.exp(mean).sum(-1, keepdims=True))
        loss = -n * (logs * truth).sum(-1).mean()
    before = np.array(prior) / sum(prior)
    return loss - task.kind_object.likelihood.prior_labels * (before * np.log(share)).sum()


@by_kind
@pytest.mark.parametrize("prior", [(1.0, 1.0, 1.0), (1.0, 0.25, 0.5)])
def test_the_shares_are_the_best_there_are(task, prior):
    outputs, targets = predictions(task)
    found = shares(task, outputs, targets, prior)
    assert found.sum() == pytest.approx(1.0)
    best = objective(task, outputs, targets, found, prior)
    for other in np.random.default_rng(1).dirichlet(np.ones(3), 500):
        assert best <= objective(task, outputs, targets, other, prior) + 1e-4


def test_two_that_err_apart_count_and_a_worse_one_hardly():
    outputs, targets = predictions(REGRESSION, n=400)
    found = shares(REGRESSION, outputs, targets)
    # What independent errors of these sizes ask for: the reciprocals of their variances.
    expected = np.array([1 / 0.64, 1, 1 / 9])
    np.testing.assert_allclose(found, expected / expected.sum(), atol=0.1)


@by_kind
def test_equal_predictions_leave_the_prior(task):
    outputs, targets = predictions(task)
    outputs = outputs[:, :1].expand(-1, 3, -1, -1, -1)
    found = shares(task, outputs, targets, (1.0, 0.25, 0.5))
    np.testing.assert_allclose(found, np.array([4, 1, 2]) / 7, atol=1e-4)


@pytest.mark.parametrize("task", KINDS, ids=lambda task: task.kind)
def test_rows_of_no_weight_count_for_nothing(task):
    outputs, targets = predictions(task)
    weight = torch.ones(1, 1, 60, 1).double()
    weight[:, :, 40:] = 0
    wild = outputs.clone()
    wild[..., 40:, :] = 50.0
    found = shares(task, wild, targets, weight=weight)
    expected = shares(task, outputs[..., :40, :], targets[..., :40, :])
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_label_of_a_class_says_less_than_a_number():
    number, two, several = (
        task.kind_object.likelihood.prior_labels for task in (REGRESSION, BINARY, MULTICLASS)
    )
    assert number < two == several
