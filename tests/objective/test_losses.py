"""The loss of every label, against torch's and numpy's own."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sklearn_3mtl.data.kinds import Regression
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.objective import LabelLosses


def task(name, kind, n_classes=2):
    return Task(name, kind, None if kind == "regression" else np.arange(n_classes))


def with_huber(one):
    return Task(
        one.name, Regression("huber") if one.kind == "regression" else one.kind, one.classes
    )


TASKS = [
    task("five", "multiclass", 5),
    task("number", "regression"),
    task("yes", "binary"),
    task("three", "multiclass", 3),
    task("no", "binary"),
    task("other", "regression"),
    task("two", "multiclass", 2),
]
LAYOUT = TaskLayout(TASKS)
RANDOM = torch.Generator().manual_seed(0)
OUTPUTS = 2 * torch.randn(11, LAYOUT.n_outputs, generator=RANDOM)
VALUES = torch.stack(
    [
        torch.randn(11, generator=RANDOM)
        if t.classes is None
        else torch.randint(len(t.classes), (11,), generator=RANDOM).float()
        for t in LAYOUT.tasks
    ],
    dim=1,
)


def by_hand(index):
    """The labels' losses of one task, in numpy."""
    found = LAYOUT.tasks[index]
    out = OUTPUTS[:, LAYOUT.outputs_of(index)].double().numpy()
    value = VALUES[:, index].double().numpy()
    if found.kind == "regression":
        return (out[:, 0] - value) ** 2
    if found.kind == "binary":
        p = 1 / (1 + np.exp(-out[:, 0]))
        return -value * np.log(p) - (1 - value) * np.log(1 - p)
    p = np.exp(out) / np.exp(out).sum(1, keepdims=True)
    return -np.log(p[np.arange(11), value.astype(int)])


@pytest.mark.parametrize("index", range(len(TASKS)), ids=[t.name for t in LAYOUT.tasks])
def test_each_kinds_loss_is_the_one_by_hand(index):
    losses = LabelLosses(LAYOUT)(OUTPUTS, VALUES)
    assert losses.shape == (11, 7)
    np.testing.assert_allclose(losses[:, index].numpy(), by_hand(index), rtol=1e-5, atol=1e-6)


def test_huber_is_torchs_own_on_regression_alone():
    squared = LabelLosses(LAYOUT)(OUTPUTS, VALUES)
    huber = LabelLosses(TaskLayout([with_huber(one) for one in TASKS]))(OUTPUTS, VALUES)
    expected = F.huber_loss(OUTPUTS[:, :2], VALUES[:, :2], reduction="none")
    torch.testing.assert_close(huber[:, :2], expected)
    assert torch.equal(huber[:, 2:], squared[:, 2:])
    assert not torch.allclose(huber[:, :2], squared[:, :2])


def test_equal_class_counts_give_the_same_as_padded_ones():
    tasks = [task("a", "multiclass", 3), task("b", "multiclass", 3)]
    layout = TaskLayout(tasks)
    outputs, values = torch.randn(6, 6), torch.randint(3, (6, 2)).float()
    losses = LabelLosses(layout)
    assert layout.blocks[0].width == 3
    expected = [
        F.cross_entropy(outputs[:, 3 * t : 3 * t + 3], values[:, t].long(), reduction="none")
        for t in range(2)
    ]
    torch.testing.assert_close(losses(outputs, values), torch.stack(expected, 1))


def test_padding_takes_no_part_in_the_gradient():
    outputs = OUTPUTS.clone().requires_grad_()
    LabelLosses(LAYOUT)(outputs, VALUES).sum().backward()
    for index in range(4, len(LAYOUT)):
        out = OUTPUTS[:, LAYOUT.outputs_of(index)].clone().requires_grad_()
        F.cross_entropy(out, VALUES[:, index].long(), reduction="sum").backward()
        torch.testing.assert_close(outputs.grad[:, LAYOUT.outputs_of(index)], out.grad)
    assert outputs.grad.isfinite().all()


def test_sure_and_wrong_logits_give_finite_losses():
    outputs = torch.full((1, LAYOUT.n_outputs), 500.0)
    values = torch.zeros(1, len(LAYOUT))
    assert LabelLosses(LAYOUT)(outputs, values).isfinite().all()
