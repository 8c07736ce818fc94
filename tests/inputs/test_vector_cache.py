"""The memory of what frozen encoders made."""

import numpy as np
import pytest

from sklearn_3mtl.inputs.content import content_key
from sklearn_3mtl.inputs.vector_cache import OVERHEAD, VectorCache, fingerprint
from tests._modal import FlatLinear, Letters


def lengths(values):
    return np.array([[len(value), 1] for value in values], dtype=np.float32)


def test_the_least_recently_used_are_dropped():
    cache = VectorCache(max_bytes=2 * (8 + OVERHEAD))
    cache.encoded("key", ["a", "bb"], lengths)
    cache.encoded("key", ["a"], pytest.fail)
    cache.encoded("key", ["ccc"], lengths)
    assert len(cache) == 2
    assert cache.n_bytes == cache.max_bytes
    cache.encoded("key", ["a", "ccc"], pytest.fail)
    asked = []
    cache.encoded("key", ["bb"], lambda values: asked.extend(values) or lengths(values))
    assert asked == ["bb"]


def test_more_than_it_holds_is_answered_all_the_same():
    cache = VectorCache(max_bytes=100)
    found = cache.encoded("key", ["a", "bb", "a"], lengths)
    assert found.tolist() == [[1, 1], [2, 1], [1, 1]]
    assert (len(cache), cache.n_bytes) == (0, 0)


def test_keys_do_not_mix_and_none_keeps_nothing():
    cache = VectorCache()
    cache.encoded("one", ["a"], lengths)
    assert cache.encoded("two", ["a"], lambda values: 2 * lengths(values)).tolist() == [[2, 2]]
    asked = []
    cache.encoded(None, ["a", "a"], lambda values: asked.extend(values) or lengths(values))
    assert asked == ["a"]
    assert len(cache) == 2
    cache.clear()
    assert (len(cache), cache.n_bytes) == (0, 0)


def test_fingerprints_tell_kinds_shapes_and_dtypes_apart():
    one = np.arange(4, dtype=np.float32)
    values = ["1", 1, 1.5, one, one.astype(np.int32), one.reshape(2, 2), (1, "a"), "\ud800", "é"]
    assert len({fingerprint(value) for value in values}) == len(values)
    assert fingerprint(one) == fingerprint(one.copy())


def test_a_key_is_the_content():
    assert content_key(Letters("ab")) == content_key(Letters("ab"))
    assert content_key(Letters("ab")) != content_key(Letters("ba"))
    one, other = FlatLinear(3), FlatLinear(3)
    assert content_key(one) == content_key(other)
    other.extra = 1
    assert content_key(one) != content_key(other)
    assert content_key(lambda: 0) is None


def test_a_class_that_was_written_anew_is_another():
    keys = []
    for factor in (2, 3):
        space = {"__name__": __name__}
        exec(f"class Twice:\n    def encode(self, x):\n        return {factor} * x", space)
        globals()["Twice"] = space["Twice"]
        keys.append(content_key(space["Twice"]()))
    assert None not in keys
    assert keys[0] != keys[1]
