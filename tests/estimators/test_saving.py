"""Saved estimators: what comes back, and what a damaged or hostile file gets."""

import io
import json
import os
import pickle
import stat
import zipfile

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from sklearn_3mtl import (
    MultiTaskClassifier,
    MultiTaskEstimator,
    MultiTaskRegressor,
    load_estimator,
)
from sklearn_3mtl.balancing import Balancing, Manual, Uncertainty
from sklearn_3mtl.sharing import NoSharing
from tests._inputs import mixed_table, numeric_table
from tests._pinned import tiny

META, TENSORS = "estimator.json", "tensors.safetensors"


def roundtrip(est, folder, **parts):
    est.save(folder / "est")
    return load_estimator(folder / "est", parts=parts or None)


def assert_same(one, other, X, **kwargs):
    first, second = one.predict(X, **kwargs), other.predict(X, **kwargs)
    assert type(first) is type(second)
    if isinstance(first, pd.DataFrame | pd.Series):
        assert first.equals(second)
        assert np.array_equal(first.dtypes, second.dtypes)
    else:
        np.testing.assert_array_equal(first, second)
        assert first.dtype == second.dtype


SETTINGS = {
    "default": {},
    "resnet": {"backbone": "resnet", "hidden_layer_sizes": (8, 8), "dropout": 0.1},
    "none": {"sharing": "none"},
    "instances": {"sharing": NoSharing(), "balancing": Uncertainty(0.5)},
    "manual": {"balancing": Manual({"price": 2.0})},
    "weights": {
        "task_weight": {"price": 2.0},
        "class_weight": {"grade": {"low": 2.0}, "colour": "balanced"},
    },
    "heads": {"heads": {"grade": (4, 3), "price": (4,)}},
    "stopping": {"early_stopping": True, "lr_schedule": "cosine", "max_epochs": 5},
    "optimizer": {"optimizer": torch.optim.RMSprop, "device": torch.device("cpu")},
    "array": {"hidden_layer_sizes": np.array([8]), "categorical_features": ["city"]},
    "members": {"n_estimators": 3, "numeric_embedding": "piecewise_linear"},
    "members, none": {"n_estimators": 2, "sharing": "none", "numeric_embedding": "periodic"},
    "tabm": {"backbone": "tabm", "n_estimators": 4, "dropout": 0.1},
    "chosen": {"n_estimators": "auto", "hidden_layer_sizes": "auto", "dropout": "auto"},
    "kinds": {"task_kinds": {"sold": "multiclass"}, "regression_loss": "huber"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_comes_back(name, tmp_path):
    X, Y = mixed_table()
    parameters = dict(SETTINGS[name])
    if name == "array":
        X = X.drop(columns="size")
    est = tiny(**parameters).fit(X, Y)
    loaded = roundtrip(est, tmp_path)
    assert_same(est, loaded, X)
    for a, b in zip(est.predict_proba(X), loaded.predict_proba(X), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(est.transform(X), loaded.transform(X))
    for key, value in est.get_params(deep=False).items():
        found = loaded.get_params(deep=False)[key]
        assert repr(found) == repr(value) or str(found) == str(value), key


def test_fitted_attributes_come_back(tmp_path):
    X, Y = mixed_table()
    est = tiny(early_stopping=True).fit(X, Y)
    loaded = roundtrip(est, tmp_path)
    assert list(loaded.tasks_) == list(est.tasks_)
    for name, task in est.tasks_.items():
        assert loaded.tasks_[name].kind == task.kind
        assert loaded.tasks_[name].dtype == task.dtype
        assert np.array_equal(loaded.tasks_[name].classes, task.classes)
    assert loaded.n_iter_ == est.n_iter_
    assert loaded.chosen_ == est.chosen_
    assert loaded.history_[:, "valid_loss"] == est.history_[:, "valid_loss"]
    assert loaded.n_features_in_ == 4
    assert loaded.feature_names_in_.tolist() == X.columns.tolist()
    assert loaded.score(X, Y) == est.score(X, Y)


@pytest.mark.parametrize(
    ("cls", "y"),
    [
        (MultiTaskRegressor, lambda Y: Y["number"]),
        (MultiTaskRegressor, lambda Y: Y["number"].to_numpy()),
        (MultiTaskClassifier, lambda Y: Y[["answer", "sort"]]),
        (MultiTaskClassifier, lambda Y: Y["sort"].to_numpy()),
        (MultiTaskEstimator, lambda Y: Y.rename(columns={"number": 3, "sort": ("a", 1)})),
        (MultiTaskEstimator, lambda Y: (Y["answer"] == "yes").astype("boolean")),
        (MultiTaskEstimator, lambda Y: Y["sort"].astype("string")),
        (MultiTaskEstimator, lambda Y: Y["number"].astype("float32").to_frame()),
    ],
)
def test_classes_and_containers_come_back(cls, y, tmp_path):
    X, Y = numeric_table()
    est = tiny(cls).fit(X, y(Y))
    loaded = roundtrip(est, tmp_path)
    assert type(loaded) is cls
    assert_same(est, loaded, X)


@pytest.mark.parametrize("n_members", [1, 2])
@pytest.mark.parametrize("sharing", ["hard", "none"])
@pytest.mark.parametrize("ids", [["p", "q", "r"], [1, 2, 3], ["p", 2, "r"]])
def test_groups_come_back(sharing, ids, n_members, tmp_path):
    X, Y = numeric_table()
    store = pd.Series(np.resize(np.array(ids, dtype=object), 60))
    est = tiny(sharing=sharing, n_estimators=n_members).fit(X, Y, task=store)
    loaded = roundtrip(est, tmp_path)
    assert loaded.groups_.tolist() == est.groups_.tolist()
    assert_same(est, loaded, X, task=store)
    column = tiny(sharing=sharing, task="store").fit(X.assign(store=store), Y)
    assert_same(column, roundtrip(column, tmp_path), X.assign(store=store))


def test_users_modules_come_back_through_parts(tmp_path):
    X, Y = numeric_table()
    backbone = nn.Sequential(nn.Linear(3, 8), nn.ReLU())
    heads = {"number": nn.Linear(8, 1)}
    for sharing in ("hard", "none"):
        est = tiny(backbone=backbone, heads=heads, sharing=sharing).fit(X, Y)
        fresh = {
            "backbone": nn.Sequential(nn.Linear(3, 8), nn.ReLU()),
            "heads": {"number": nn.Linear(8, 1)},
        }
        assert_same(est, roundtrip(est, tmp_path, **fresh), X)
        with pytest.raises(ValueError, match=r"'backbone', 'heads'.*parts="):
            load_estimator(tmp_path / "est")
        with pytest.raises(ValueError, match="no intact file"):
            load_estimator(tmp_path / "est", parts={**fresh, "backbone": nn.Linear(3, 7)})


class Halved(Balancing):
    """A plug-in that is not the library's."""

    def weights(self, losses, present, state):
        return torch.full_like(losses, 0.5)


def test_users_plug_ins_functions_and_callbacks_come_back_through_parts(tmp_path):
    X, Y = numeric_table()
    own = {"balancing": Halved(), "lr_schedule": lambda done: 1 - done}
    est = tiny(**own).fit(X, Y)
    loaded = roundtrip(est, tmp_path, **own)
    assert_same(est, loaded, X)
    assert loaded.balancing is own["balancing"]


def test_a_loaded_estimator_goes_on_as_the_saved_one_would(tmp_path):
    X, Y = mixed_table()
    est = tiny(warm_start=True, balancing="uncertainty").fit(X, Y)
    loaded = roundtrip(est, tmp_path)
    assert_same(est.fit(X, Y), loaded.fit(X, Y), X)
    assert loaded.n_iter_ == 4


def test_a_loaded_estimator_fits_anew_and_is_saved_again(tmp_path):
    X, Y = mixed_table()
    est = tiny().fit(X, Y)
    loaded = roundtrip(est, tmp_path)
    assert_same(est, roundtrip(loaded, tmp_path), X)
    assert_same(est, loaded.fit(X, Y), X)


def test_saving_takes_a_fitted_estimator_and_a_path_of_any_kind(tmp_path):
    X, Y = numeric_table()
    est = tiny().fit(X, Y)
    est.save(str(tmp_path / "as text"))
    assert_same(est, load_estimator(str(tmp_path / "as text")), X)
    with pytest.raises(ValueError, match="not fitted"):
        tiny().save(tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_labels_that_json_cannot_hold_are_refused_by_name(tmp_path):
    X, _ = numeric_table()
    labels = pd.Series([pd.Interval(0, 1), pd.Interval(1, 2)] * 30)
    est = tiny().fit(X, pd.DataFrame({"span": labels.astype(object)}))
    with pytest.raises(ValueError, match="can't be saved without code"):
        est.save(tmp_path / "est")
    assert list(tmp_path.iterdir()) == []


# Writing


def test_a_failing_write_leaves_the_old_file(tmp_path, monkeypatch):
    X, Y = numeric_table()
    path = tmp_path / "est"
    est = tiny().fit(X, Y)
    est.save(path)
    before = path.read_bytes()

    def full(self, *args, **kwargs):
        raise OSError("no space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(OSError, match="no space left"):
        tiny(max_epochs=3).fit(X, Y).save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["est"]


def test_a_new_file_replaces_the_old_one_and_leaves_no_other(tmp_path):
    X, Y = numeric_table()
    path = tmp_path / "est"
    tiny().fit(X, Y).save(path)
    other = tiny(max_epochs=3).fit(X, Y)
    other.save(path)
    assert_same(other, load_estimator(path), X)
    assert [p.name for p in tmp_path.iterdir()] == ["est"]


def test_a_missing_folder_is_the_usual_error(tmp_path):
    X, Y = numeric_table()
    with pytest.raises(FileNotFoundError):
        tiny().fit(X, Y).save(tmp_path / "nowhere" / "est")


# Reading what is not ours


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A good file's JSON and tensors, of an estimator with groups, categories and a rule."""
    X, Y = mixed_table()
    path = tmp_path_factory.mktemp("saved") / "est"
    X = X.assign(store=np.resize(["p", "q"], 60))
    est = tiny(
        balancing=Uncertainty(), task="store", numeric_embedding="piecewise_linear", lr="auto"
    )
    est.fit(X, Y).save(path)
    with zipfile.ZipFile(path) as archive:
        return path.read_bytes(), archive.read(META), archive.read(TENSORS)


def refused(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="no intact file of a saved estimator"):
        load_estimator(path)


def zipped(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def test_a_missing_file_is_the_usual_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_estimator(tmp_path / "nothing")


class Bomb:
    """Runs code when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a zip",
        b"PK\x03\x04",
        b"\x00" * 1000,
        zipped([]),
        zipped([("readme.txt", b"hello")]),
        json.dumps({"format": 1}).encode(),
    ],
    ids=["empty", "text", "stub", "zeros", "empty zip", "foreign zip", "json"],
)
def test_foreign_files_are_refused(content, tmp_path):
    refused(tmp_path / "est", content)


def test_pickles_are_refused_and_not_run(saved, tmp_path):
    _, meta, tensors = saved
    bomb = pickle.dumps(Bomb(tmp_path / "ran"))
    file = io.BytesIO()
    torch.save({"x": torch.zeros(2)}, file)
    for content in (
        bomb,
        file.getvalue(),
        zipped([(META, meta), (TENSORS, tensors), ("more.pkl", bomb)]),
        zipped([(META, bomb), (TENSORS, tensors)]),
        zipped([(META, meta), (TENSORS, bomb)]),
    ):
        refused(tmp_path / "est", content)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.9, 0.999])
def test_truncated_files_are_refused(saved, share, tmp_path):
    content = saved[0]
    refused(tmp_path / "est", content[: int(len(content) * share)])


def test_a_flipped_byte_is_refused_or_read_as_the_same(saved, tmp_path):
    """Every byte of both members is under a checksum."""
    content = saved[0]
    random = np.random.default_rng(0)
    first = content.index(b"{")
    for place in random.integers(first, content.rindex(TENSORS.encode()), 40):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        path = tmp_path / "est"
        path.write_bytes(damaged)
        try:
            load_estimator(path)
        except ValueError as error:
            assert "no intact file" in str(error)  # noqa: PT017


def test_compressed_members_are_refused_without_unpacking_them(saved, tmp_path):
    _, meta, _ = saved
    bomb = zipped([(META, meta), (TENSORS, b"\0" * 50_000_000)], zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    refused(tmp_path / "est", bomb)


@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 900 + b"]" * 900])
def test_deep_nesting_is_refused(saved, text, tmp_path):
    refused(tmp_path / "est", zipped([(META, text), (TENSORS, saved[2])]))


def test_deeply_nested_values_are_refused(saved, tmp_path):
    meta = json.loads(saved[1])
    fitted_item(meta, "names")[1] = "<here>"
    before, after = json.dumps(meta).split('"<here>"')
    opening, closing = '{"__type__": "tuple", "items": [', "]}"
    text = before + opening * 5000 + closing * 5000 + after
    refused(tmp_path / "est", zipped([(META, text), (TENSORS, saved[2])]))


def edited(saved, change):
    meta = json.loads(saved[1])
    result = change(meta)
    content = json.dumps(meta if result is None else result).encode()
    return zipped([(META, content), (TENSORS, saved[2])])


def fitted_item(meta, key):
    """The [key, value] pair of a fitted attribute."""
    return next(pair for pair in meta["fitted"]["items"] if pair[0] == key)


def set_fitted(key, value):
    def change(meta):
        fitted_item(meta, key)[1] = value

    return change


def adaptation(**changes):
    """The record of an adaptation that the tensors know nothing of."""
    record = {
        "n_new_tasks": 0, "n_base_groups": 2, "n_groups": 2, "order": [0, 1, 2, 3, 4, 5],
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
    "an unknown parameter": lambda meta: meta["parameters"].update(evil={"value": 1}),
    "a parameter of another type": lambda meta: meta["parameters"].update(lr={"value": "fast"}),
    "a parameter that is bare": lambda meta: meta["parameters"].update(lr=3),
    "an unknown method": lambda meta: meta["parameters"].update(
        balancing={"method": "system", "parameters": {"__type__": "dict", "items": []}}
    ),
    "a method with another argument": lambda meta: meta["parameters"].update(
        balancing={"method": "Equal", "parameters": {"__type__": "dict", "items": [["x", 1]]}}
    ),
    "an optimizer that is a function": lambda meta: meta["parameters"].update(
        optimizer={"optimizer": "os"}
    ),
    "an optimizer that is private": lambda meta: meta["parameters"].update(
        optimizer={"optimizer": "__loader__"}
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
        lambda t: t.pop("codec.center"),
        lambda t: t.pop("inputs.scale"),
        lambda t: t.pop(next(n for n in t if n.startswith("network."))),
        lambda t: t.update({"network.more": torch.zeros(2)}),
        lambda t: t.update({"codec.center": torch.zeros(9)}),
        lambda t: t.update({"codec.scale": torch.zeros(2, 2)}),
        lambda t: t.update({"inputs.center": torch.zeros(1)}),
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


def test_loading_does_not_move_the_global_streams(saved, tmp_path):
    path = tmp_path / "est"
    path.write_bytes(saved[0])
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    load_estimator(path)
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_saved_file_has_the_mode_of_any_new_file(tmp_path):
    X, Y = numeric_table()
    tiny().fit(X, Y).save(tmp_path / "est")
    (tmp_path / "plain").write_bytes(b"")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("est", "plain")]
    assert modes[0] == modes[1]
