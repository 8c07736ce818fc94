"""The state of fitted parts."""

import numpy as np
import pytest
import torch

from sklearn_3mtl.data import Task
from sklearn_3mtl.data.state import State
from sklearn_3mtl.data.targets import TargetCodec


def test_parts_have_their_own_state():
    inner = State.of({"n": 3}, {"x": np.arange(2.0)})
    outer = State({"name": "b"}).with_parts({"one": inner, "two": inner})
    assert outer.values == {"name": "b", "one": {"n": 3}, "two": {"n": 3}}
    assert list(outer.tensors) == ["one.x", "two.x"]
    assert outer.part("two").entry("n", int) == 3
    assert outer.part("two").array("x", np.float64).tolist() == [0, 1]
    assert outer.has("two")
    assert not outer.has("three")


@pytest.mark.parametrize("value", ["3", 3.0, True, None, [3]])
def test_entries_of_another_type_are_refused(value):
    state = State({"n": value})
    with pytest.raises(ValueError, match="its 'n' is"):
        state.entry("n", int)
    with pytest.raises(ValueError, match="no 'm'"):
        state.entry("m", int)


def test_entries_that_may_be_none():
    state = State({"n": None, "m": "text"})
    assert state.optional("n", int) is None
    with pytest.raises(ValueError, match="its 'm'"):
        state.optional("m", int)
    with pytest.raises(ValueError, match="no 'k'"):
        state.optional("k", int)


@pytest.mark.parametrize("positions", [[0, 3], [-1], [True], ["a"], (0,), None])
def test_positions_are_below_a_limit(positions):
    with pytest.raises(ValueError, match="its 'columns' is"):
        State({"columns": positions}).positions("columns", 3)
    assert State({"columns": [2, 0]}).positions("columns", 3) == [2, 0]


@pytest.mark.parametrize("tensor", [torch.zeros(2), torch.zeros(2, 2, dtype=torch.float64)])
def test_tensors_of_another_dtype_or_shape_are_refused(tensor):
    with pytest.raises(ValueError, match="its 'x' has dtype"):
        State({}, {"x": tensor}).array("x", np.float64)
    with pytest.raises(ValueError, match="no 'y'"):
        State({}, {"x": tensor}).array("y", np.float64)


NAMES = np.array(["a", "b", "c"], dtype=object)


@pytest.mark.parametrize(
    "state",
    [
        None,
        ("y", "regression", None),
        (["y"], "regression", None, np.dtype(float)),
        ("y", "odd", None, np.dtype(float)),
        ("y", "regression", NAMES, np.dtype(float)),
        ("y", "binary", NAMES, np.dtype(object)),
        ("y", "binary", None, np.dtype(object)),
        ("y", "multiclass", NAMES[:1], np.dtype(object)),
        ("y", "multiclass", NAMES.tolist(), np.dtype(object)),
        ("y", "multiclass", NAMES, "object"),
    ],
)
def test_tasks_that_cannot_be_are_refused(state):
    with pytest.raises(ValueError, match="a task of it is"):
        Task.restore(state)


def test_a_codec_comes_back():
    tasks = [Task("p", "regression"), Task("q", "multiclass", NAMES, np.dtype(object))]
    codec = TargetCodec({task.name: task for task in tasks})
    codec.scale[0], codec.temperature[1] = 3.0, 2.0
    found = TargetCodec.restore(codec.state())
    assert [task.state()[:2] for task in found.tasks.values()] == [
        ("p", "regression"), ("q", "multiclass"),
    ]  # fmt: skip
    assert found.scale.tolist() == [3.0, 1.0]
    assert found.temperature.tolist() == [1.0, 2.0]
    twice = State({"tasks": [tasks[0].state()] * 2}, codec.state().tensors)
    with pytest.raises(ValueError, match="its 2 tasks"):
        TargetCodec.restore(twice)
