"""Writing files of estimators, and reading foreign, cut or hostile ones."""

import io
import json
import os
import pickle
import stat
import zipfile

import numpy as np
import pytest
import torch

from sklearn_3mtl import load_estimator
from tests._inputs import numeric_table
from tests._pinned import tiny
from tests._saving import META, TENSORS, assert_same, good_file, refused, zipped

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


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_saved_file_has_the_mode_of_any_new_file(tmp_path):
    X, Y = numeric_table()
    tiny().fit(X, Y).save(tmp_path / "est")
    (tmp_path / "plain").write_bytes(b"")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("est", "plain")]
    assert modes[0] == modes[1]


# Reading


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return good_file(tmp_path_factory.mktemp("saved"))


def test_a_missing_file_is_the_usual_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_estimator(tmp_path / "nothing")


def test_loading_does_not_move_the_global_streams(saved, tmp_path):
    path = tmp_path / "est"
    path.write_bytes(saved[0])
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    load_estimator(path)
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002


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
