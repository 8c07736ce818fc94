"""The order of the outputs, and the blocks of tasks that share a kind."""

import numpy as np
import pytest
import torch

from sklearn_3mtl.data.kinds import Kind, Multiclass, Regression
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tasks import Task


class Doubled(Kind):
    """A user's kind, on a scale twice as wide."""

    name = "doubled"

    def losses(self, outputs, values):
        return (outputs.squeeze(-1) - 2 * values).abs()

    def link(self, values):
        return 2 * values


TASKS = [
    Task("mine", Doubled()),
    Task("five", "multiclass", np.arange(5)),
    Task("robust", Regression("huber")),
    Task("yes", "binary", np.arange(2)),
    Task("three", "multiclass", np.arange(3)),
    Task("number", "regression"),
    Task("other", "regression"),
]
LAYOUT = TaskLayout(TASKS)


def test_kinds_stand_in_order_and_a_users_last():
    names = [task.name for task in LAYOUT.tasks]
    assert names == ["robust", "number", "other", "yes", "three", "five", "mine"]
    assert LAYOUT.in_columns() == TASKS
    assert LAYOUT.n_outputs == 13


def test_a_block_for_each_kind_and_its_parameters():
    found = [(b.kind, b.tasks, b.outputs, b.width) for b in LAYOUT.blocks]
    assert found == [
        (Regression("huber"), slice(0, 1), slice(0, 1), 1),
        (Regression(), slice(1, 3), slice(1, 3), 1),
        (TASKS[3].kind_object, slice(3, 4), slice(3, 4), 1),
        (Multiclass(), slice(4, 6), slice(4, 12), None),
        (Doubled(), slice(6, 7), slice(12, 13), 1),
    ]


@pytest.mark.parametrize("lead", [(), (4,), (2, 4)])
def test_blocks_show_each_tasks_outputs(lead):
    outputs = torch.randn(*lead, 13)
    for block in LAYOUT.blocks:
        own = block.of(outputs)
        assert own.shape == (*lead, len(block), max(block.widths))
        for row, index in enumerate(range(block.tasks.start, block.tasks.stop)):
            expected = outputs[..., LAYOUT.outputs_of(index)]
            width = expected.shape[-1]
            assert torch.equal(own[..., row, :width], expected)
            assert (own[..., row, width:] == -torch.inf).all()


def test_targets_of_every_output():
    values = torch.tensor([[0.5, 1.5, -1.0, 1.0, 2.0, 4.0, 3.0]])
    expected = [0.5, 1.5, -1.0, 1.0, 0, 0, 1, 0, 0, 0, 0, 1, 6.0]
    assert LAYOUT.targets(values).tolist() == [expected]


def test_other_kinds_leave_the_order():
    found = LAYOUT.with_kinds(
        lambda task: Regression() if task.name == "robust" else task.kind_object
    )
    assert [task.name for task in found.tasks] == [task.name for task in LAYOUT.tasks]
    assert [b.tasks for b in found.blocks][:2] == [slice(0, 3), slice(3, 4)]
    assert LAYOUT.blocks[0].kind == Regression("huber")


def test_numbers_of_each_kind():
    factors = LAYOUT.per_task(lambda kind: kind.uncertainty_factor)
    assert factors.tolist() == [0.5, 0.5, 0.5, 1, 1, 1, 1]
    has_classes = LAYOUT.per_output(lambda block: block.kind.has_classes)
    assert has_classes.tolist() == [False] * 3 + [True] * 9 + [False]


def test_a_layout_may_be_empty():
    assert TaskLayout([]).blocks == ()
    assert TaskLayout([]).per_output(lambda block: True).shape == (0,)


def test_a_task_knows_its_kind_by_name_or_by_itself():
    assert Task("price", "regression").kind_object == Regression()
    mine = Task("mine", Doubled())
    assert (mine.kind, mine.kind_object, mine.n_outputs) == ("doubled", Doubled(), 1)
    assert not mine.is_classification
    with pytest.raises(ValueError, match=r"No kind is called 'doubled'.* Give the Kind itself"):
        Task("mine", "doubled")
