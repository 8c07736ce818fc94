"""What can't be saved, and files whose JSON or tensors have another shape."""

import json
from fractions import Fraction

import pandas as pd
import pytest
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from sklearn_3mtl import MultiTaskEstimator, load_estimator
from tests._inputs import numeric_table
from tests._pinned import tiny
from tests._saving import META, TENSORS, entry, good_file, refused, zipped


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return good_file(tmp_path_factory.mktemp("saved"))


def test_labels_that_json_cannot_hold_are_refused_by_name(tmp_path):
    X, _ = numeric_table()
    labels = pd.Series([Fraction(1, 3), Fraction(2, 3)] * 30, dtype=object)
    est = tiny(task_kinds={"share": "binary"}).fit(X, pd.DataFrame({"share": labels}))
    with pytest.raises(ValueError, match="can't be saved without code"):
        est.save(tmp_path / "est")
    assert list(tmp_path.iterdir()) == []


# JSON


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 900 + b"]" * 900])
def test_deep_nesting_is_refused(saved, text, tmp_path):
    refused(tmp_path / "est", zipped([(META, text), (TENSORS, saved[2])]))


def test_deeply_nested_values_are_refused(saved, tmp_path):
    meta = json.loads(saved[1])
    entry(meta["fitted"], "names")[1] = "<here>"
    before, after = json.dumps(meta).split('"<here>"')
    opening, closing = '{"__type__": "tuple", "items": [', "]}"
    text = before + opening * 5000 + closing * 5000 + after
    refused(tmp_path / "est", zipped([(META, text), (TENSORS, saved[2])]))


def edited(saved, change):
    meta = json.loads(saved[1])
    result = change(meta)
    content = json.dumps(meta if result is None else result).encode()
    return zipped([(META, content), (TENSORS, saved[2])])


def set_fitted(key, value):
    def change(meta):
        entry(meta["fitted"], key)[1] = value

    return change


def set_balancing(**changes):
    good = {"__type__": "plug_in", "parameter": "balancing", "name": "equal", "parameters": []}
    return lambda meta: meta["parameters"].update(balancing={**good, **changes})


def adaptation(**changes):
    """The record of an adaptation that the tensors know nothing of."""
    record = {
        "n_before": 6, "n_base_groups": 2, "n_groups": 2, "order": [0, 1, 2, 3, 4, 5],
        "shared": [], "own": [0], "groups": [0], **changes,
    }  # fmt: skip
    return {"__type__": "dict", "items": [[key, value] for key, value in record.items()]}


CHANGES = {
    "a list": lambda meta: [],
    "a number": lambda meta: 7,
    "null": lambda meta: {"format": None},
    "another format": lambda meta: meta.update(format=99),
    "an unknown class": lambda meta: meta.update({"class": "Popen"}),
    "a class that is a list": lambda meta: meta.update({"class": ["MultiTaskEstimator"]}),
    "no class": lambda meta: meta.pop("class"),
    "no fitted": lambda meta: meta.pop("fitted"),
    "fitted is text": lambda meta: meta.update(fitted="x"),
    "fitted is a list": lambda meta: meta.update(fitted=[1, 2]),
    "an unknown tag": lambda meta: meta.update(fitted={"__type__": "eval", "code": "1"}),
    "a tag that is a list": lambda meta: meta.update(fitted={"__type__": ["dict"]}),
    "an unknown parameter": lambda meta: meta["parameters"].update(evil=1),
    "a parameter of another type": lambda meta: meta["parameters"].update(lr="fast"),
    "a parameter with an unknown tag": lambda meta: meta["parameters"].update(lr={"value": 3}),
    "an unknown method": set_balancing(name="system"),
    "a class as a method": set_balancing(name="Equal"),
    "a method of another parameter": set_balancing(parameter="sharing"),
    "a method of an unknown parameter": set_balancing(parameter="os"),
    "a method with another argument": set_balancing(parameters=[["x", 1]]),
    "a method whose arguments are text": set_balancing(parameters="x"),
    "an optimizer that is a function": lambda meta: meta["parameters"].update(
        optimizer={"__type__": "optimizer", "name": "os"}
    ),
    "an optimizer that is private": lambda meta: meta["parameters"].update(
        optimizer={"__type__": "optimizer", "name": "__loader__"}
    ),
    "an object that the file lacks": lambda meta: meta["parameters"].update(
        balancing={"__type__": "object", "number": 0}
    ),
    "an object by a negative number": set_fitted(
        "default_id", {"__type__": "object", "number": -1}
    ),
    "no parameters": lambda meta: meta.update(parameters=None),
    "supplied is a number": lambda meta: meta.update(supplied=3),
    "tasks are none": set_fitted("tasks", []),
    "tasks are text": set_fitted("tasks", "abc"),
    "tasks are short": set_fitted("tasks", [{"__type__": "tuple", "items": ["a"]}]),
    "groups are a number": set_fitted("groups", 3),
    "groups are fewer": set_fitted(
        "groups", {"__type__": "array", "dtype": "|O", "shape": [1], "items": ["p"]}
    ),
    "an array of another shape": set_fitted(
        "gaps", {"__type__": "array", "dtype": "<i8", "shape": [7], "items": [1, 2]}
    ),
    "an array of a huge shape": set_fitted(
        "gaps", {"__type__": "array", "dtype": "<i8", "shape": [10**30], "items": [1]}
    ),
    "an array of a strange dtype": set_fitted(
        "gaps", {"__type__": "array", "dtype": "evil", "shape": [1], "items": [1]}
    ),
    "gaps out of range": set_fitted(
        "gaps", {"__type__": "array", "dtype": "<i8", "shape": [1], "items": [99]}
    ),
    "numeric columns out of range": set_fitted("numeric", [0, 99]),
    "numeric columns are text": set_fitted("numeric", ["a", "b"]),
    "fewer categories": set_fitted("categories", []),
    "an unknown container": set_fitted("container", "evil"),
    "names are a number": set_fitted("names", 5),
    "names are fewer": set_fitted("names", {"__type__": "tuple", "items": ["price"]}),
    "history is text": set_fitted("history", "abc"),
    "edges are fewer": set_fitted("edges", []),
    "edges are numbers": set_fitted("edges", [1, 2]),
    "edges fall": set_fitted(
        "edges", [{"__type__": "array", "dtype": "<f4", "shape": [2], "items": [2.0, 1.0]}] * 2
    ),
    "chosen is a list": set_fitted("chosen", []),
    "chosen is unfit": set_fitted("chosen", {"__type__": "dict", "items": [["lr", -1.0]]}),
    "chosen is unknown": set_fitted("chosen", {"__type__": "dict", "items": [["evil", 1]]}),
    "chosen are too many": set_fitted(
        "chosen", {"__type__": "dict", "items": [["n_estimators", 10**9]]}
    ),
    "adaptations are text": set_fitted("adaptations", "abc"),
    "adaptations are empty": set_fitted("adaptations", [{"__type__": "dict", "items": []}]),
    "an adaptation that fits nothing": set_fitted("adaptations", [adaptation()]),
    "an adaptation of huge groups": set_fitted("adaptations", [adaptation(groups=[0] * 10)]),
    "features are text": set_fitted("n_features_in", "many"),
    "features are fewer": set_fitted("n_features_in", 1),
}


@pytest.mark.parametrize("name", CHANGES)
def test_json_of_another_shape_is_refused(saved, name, tmp_path):
    refused(tmp_path / "est", edited(saved, CHANGES[name]))


def test_the_unchanged_json_is_read(saved, tmp_path):
    path = tmp_path / "est"
    path.write_bytes(edited(saved, lambda meta: None))
    assert isinstance(load_estimator(path), MultiTaskEstimator)


# Tensors


def with_tensors(saved, change):
    tensors = load_tensors(saved[2])
    change(tensors)
    return zipped([(META, saved[1]), (TENSORS, save_tensors(tensors))])


def other_shape(tensors):
    name = next(n for n in tensors if n.endswith("layers.0.weight"))
    tensors[name] = torch.zeros(3, 3)


@pytest.mark.parametrize(
    "change",
    [
        other_shape,
        lambda t: t.pop("model.codec.center"),
        lambda t: t.pop("model.inputs.tabular.scale"),
        lambda t: t.pop(next(n for n in t if n.startswith("model.network."))),
        lambda t: t.update({"model.network.more": torch.zeros(2)}),
        lambda t: t.update({"model.codec.center": torch.zeros(9)}),
        lambda t: t.update({"model.codec.scale": torch.zeros(2, 2)}),
        lambda t: t.update({"model.inputs.tabular.center": torch.zeros(1)}),
        lambda t: t.clear(),
    ],
    ids=[
        "other shape", "no codec", "no inputs", "a part less", "a part more", "longer codec",
        "codec matrix", "shorter inputs", "none",
    ],
)  # fmt: skip
def test_tensors_of_another_shape_are_refused(saved, change, tmp_path):
    refused(tmp_path / "est", with_tensors(saved, change))


def test_a_tensor_file_with_a_huge_header_is_refused(saved, tmp_path):
    header = (2**62).to_bytes(8, "little") + b"{}"
    refused(tmp_path / "est", zipped([(META, saved[1]), (TENSORS, header)]))
