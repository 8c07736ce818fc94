"""Rows and solutions for the tests of the linear probe."""

import numpy as np
import pytest
import torch

from sklearn_3mtl.adapting.probe import Blocks, solve_probe
from sklearn_3mtl.data.tasks import Task

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


def one_block(z):
    """All features belong together and are read as they are."""
    return Blocks([z.shape[-1]], [[1.0]], [1.0], [True])


def solve_for(blocks, features, offset, labels, weight, task, *, is_new):
    """The probe of a task, from encoded labels."""
    targets = task.kind_object.targets(labels, task.n_outputs)
    likelihood = task.kind_object.likelihood
    return solve_probe(blocks, features, offset, targets, weight, likelihood, is_new=is_new)


def solve(z, labels, task, weight=None, offset=None, is_new=True):
    """The probe of one group and one member; weight, bias and penalty in numpy."""
    z = torch.as_tensor(z)[None, None]
    offset = np.zeros((len(labels), task.n_outputs)) if offset is None else offset
    weight = np.ones(len(labels)) if weight is None else weight
    offset, labels, weight = (torch.as_tensor(a)[None] for a in (offset, labels, weight))
    probe = solve_for(one_block(z), z, offset[None], labels, weight, task, is_new=is_new)
    return probe.weight[0, 0].numpy(), probe.bias[0, 0].numpy(), float(probe.penalty)


def outputs(probe, z):
    weight, bias, _ = probe
    return z @ weight.T + bias


def probabilities(probe, z):
    logits = torch.from_numpy(outputs(probe, z))
    return (logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(1)).numpy()
