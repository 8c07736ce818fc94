import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sklearn_3mtl.data import infer_tasks
from sklearn_3mtl.data.columns import read_targets, rebuild_container
from sklearn_3mtl.data.targets import TargetCodec
from tests._inputs import mixed_table


def fitted(Y, overrides=None):
    return TargetCodec(infer_tasks(Y, overrides)).fit(read_targets(Y))


def perfect_outputs(codec, values):
    """Network outputs that say exactly what the encoded labels say."""
    outputs = np.zeros((len(values), codec.layout.n_outputs), dtype=np.float32)
    for index, task in enumerate(codec.layout.tasks):
        label, where = values[:, index].numpy(), codec.layout.outputs_of(index)
        if task.kind == "regression":
            outputs[:, where] = label[:, None]
        elif task.kind == "binary":
            outputs[:, where] = 10 * (2 * label[:, None] - 1)
        else:
            outputs[:, where] = 10 * np.eye(len(task.classes))[label.astype(int)]
    return outputs


def round_trip(Y):
    """What `predict` returns for a network that knows every label."""
    targets, codec = read_targets(Y), fitted(Y)
    columns = codec.predict(perfect_outputs(codec, codec.encode(targets)[0]))
    index = Y.index if isinstance(Y, pd.DataFrame | pd.Series) else None
    return rebuild_container(targets.container, targets.names, targets.named, columns, index)


LABELS = {
    "int64": st.integers(-5, 5),
    "int8": st.integers(-5, 5),
    "uint16": st.integers(0, 9),
    "bool": st.booleans(),
    "str": st.text(max_size=3),
    "object": st.text(max_size=3),
    "category": st.sampled_from(["b", "a", "ß", ""]),
    "Int64": st.integers(-5, 5),
    "boolean": st.booleans(),
    "string": st.text(max_size=3),
}


@pytest.mark.parametrize("dtype", LABELS)
@given(data=st.data())
def test_perfect_outputs_decode_to_the_labels(dtype, data):
    labels = data.draw(st.lists(LABELS[dtype], min_size=2, max_size=30).filter(spread))
    column = pd.Series(labels, dtype=dtype, name="label")
    kinds = {"label": "classification"}
    codec = fitted(column, kinds)
    values, mask = codec.encode(read_targets(column))
    assert mask.all()
    (decoded,) = codec.predict(perfect_outputs(codec, values))
    pd.testing.assert_series_equal(
        rebuild_container("pandas_series", ("label",), True, [decoded], None), column
    )


def spread(labels):
    return len(set(labels)) > 1


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=3),
    st.floats(-1e6, 1e6),
    st.sampled_from([1e-3, 1.0, 1e3, 1e30]),
)
def test_regression_labels_come_back_to_float32_precision(numbers, shift, unit):
    column = pd.Series((np.array([0.5, *numbers]) + shift) * unit)
    codec = fitted(column)
    values, _ = codec.encode(read_targets(column))
    (decoded,) = codec.predict(perfect_outputs(codec, values))
    assert decoded.dtype == np.float64
    np.testing.assert_allclose(decoded, column, rtol=0, atol=1e-5 * column.abs().max())


def test_frame_comes_back_with_columns_order_dtypes_and_index():
    _, Y = mixed_table()
    complete = Y.ffill().bfill()
    result = round_trip(complete)
    pd.testing.assert_frame_equal(result, complete, check_exact=False, rtol=1e-5)


def test_ordered_categories_keep_their_order():
    column = pd.Series(pd.Categorical(["lo", "hi", "mid"], ["lo", "mid", "hi"], ordered=True))
    pd.testing.assert_series_equal(round_trip(column), column)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["x", "yy", "x"]),
        np.array(["x", "yy", "x"], dtype=object),
        np.array([b"x", b"y", b"x"], dtype=object),
        np.array([3, 1, 3], dtype=np.int16),
        np.array([True, False, True]),
        np.array([0, 1, 0], dtype=np.float32),
        np.array([[1, 2], [0, 1], [1, 1]]),
    ],
)
def test_arrays_keep_their_dtype(labels):
    result = round_trip(labels)
    np.testing.assert_array_equal(result, labels)
    assert result.dtype == labels.dtype


def test_bytes_are_labels():
    assert round_trip(np.array([b"x", b"y", b"x"])).tolist() == [b"x", b"y", b"x"]


def test_tuples_are_labels():
    column = pd.Series([(1, 2), (3, 4), (1, 2)])
    assert round_trip(column).tolist() == column.tolist()


GAPS = [
    ([1.5, np.nan, 2.5], "float64"),
    (["a", None, "b"], object),
    (["a", np.nan, "b"], object),
    (["a", pd.NA, "b"], "string"),
    (["a", None, "b"], "category"),
    ([True, pd.NA, False], "boolean"),
    ([True, None, False], object),
    ([1, pd.NA, 2], "Int64"),
    ([1, None, 2], object),
    ([1.5, pd.NA, 2.5], "Float64"),
    (["a", pd.NaT, "b"], object),
]


@pytest.mark.parametrize(("labels", "dtype"), GAPS)
def test_every_missing_value_is_masked_and_encoded_as_zero(labels, dtype):
    column = pd.Series(labels, dtype=dtype)
    values, mask = fitted(column).encode(read_targets(column))
    assert mask[:, 0].tolist() == [True, False, True]
    assert values[1, 0] == 0
    assert torch.isfinite(values).all()


def test_a_list_with_missing_text_is_masked_not_a_class():
    for gap in (None, np.nan):
        labels = ["a", gap, "b"]
        codec = fitted(labels)
        assert codec.tasks["y"].classes.tolist() == ["a", "b"]
        assert codec.encode(read_targets(labels))[1][:, 0].tolist() == [True, False, True]


def test_regression_is_standardised_over_the_observed_labels():
    column = pd.Series([1.5, 3.5, np.nan, 5.5])
    codec = fitted(column)
    assert codec.center[0] == pytest.approx(3.5)
    assert codec.scale[0] == pytest.approx(np.sqrt(8 / 3))
    values, _ = codec.encode(read_targets(column))
    expected = np.array([-1.22474487, 0.0, 0.0, 1.22474487])
    np.testing.assert_allclose(values[:, 0], expected, rtol=1e-6, atol=1e-7)


def test_each_target_has_its_own_scale_and_classes_have_none():
    Y = pd.DataFrame({"k": ["a", "b", "a"], "big": [1e6, 2e6, 3.5e6], "small": [1e-6, 2e-6, 4e-6]})
    codec = fitted(Y)
    values, _ = codec.encode(read_targets(Y))
    names = [task.name for task in codec.layout.tasks]
    assert names == ["big", "small", "k"]
    np.testing.assert_allclose(values[:, :2].std(0, correction=0), 1, rtol=1e-5)
    assert values[:, 2].tolist() == [0, 1, 0]
    assert (codec.center[2], codec.scale[2]) == (0, 1)


@pytest.mark.parametrize("outlier", [1e300, -1e300, 1.7e308])
def test_an_extreme_outlier_stays_finite(outlier):
    column = pd.Series([outlier, 1.0, 2.5, 3.0])
    codec = fitted(column)
    values, _ = codec.encode(read_targets(column))
    assert torch.isfinite(values).all()
    (decoded,) = codec.predict(perfect_outputs(codec, values))
    assert decoded[0] == pytest.approx(outlier, rel=1e-6)


@pytest.mark.parametrize("constant", [2.5, 0.0, 1e300, 0.1])
def test_a_constant_target_is_predicted_as_that_constant(constant):
    column = pd.Series([constant] * 7, name="flat")
    codec = fitted(column, {"flat": "regression"})
    values, _ = codec.encode(read_targets(column))
    np.testing.assert_allclose(values, 0, atol=1e-6)
    (decoded,) = codec.predict(np.zeros((2, 1), dtype=np.float32))
    np.testing.assert_allclose(decoded, constant)


def test_an_unseen_label_is_named():
    codec = fitted(pd.Series(["a", "b"], name="letter"))
    with pytest.raises(ValueError, match="Task 'letter' holds the label 'c', which is not one"):
        codec.encode(read_targets(pd.Series(["a", "c", None], name="letter")))


def test_text_in_a_regression_task_is_named():
    Y = pd.DataFrame({"price": ["cheap", "dear"]})
    with pytest.raises(ValueError, match="Regression task 'price' holds labels that are not"):
        fitted(Y, {"price": "regression"})


def test_probabilities_follow_the_classes():
    Y = pd.DataFrame({"r": [0.5, 1.5, 2.5], "m": ["z", "x", "y"], "b": [0, 1, 0]})
    codec = fitted(Y)
    outputs = perfect_outputs(codec, codec.encode(read_targets(Y))[0])
    r, m, b = codec.predict_proba(outputs)
    assert r is None
    assert m.argmax(1).tolist() == [2, 0, 1]
    assert b.argmax(1).tolist() == [0, 1, 0]
    np.testing.assert_allclose(m.sum(1), 1)
    np.testing.assert_allclose(b.sum(1), 1)
    np.testing.assert_allclose(b[1], [1 / (1 + np.exp(10)), 1 / (1 + np.exp(-10))])


def test_huge_logits_give_probabilities_without_overflow():
    codec = fitted(pd.Series([0, 1]))
    (proba,) = codec.predict_proba(np.array([[3e38], [-3e38]], dtype=np.float32))
    np.testing.assert_array_equal(proba, [[0, 1], [1, 0]])


def test_members_are_averaged_as_numbers_and_as_probabilities():
    Y = pd.DataFrame({"r": [0.5, 1.5, 2.5], "m": ["z", "x", "y"], "b": [0, 1, 0]})
    codec = fitted(Y)
    outputs = torch.randn(3, 40, codec.layout.n_outputs, generator=torch.Generator().manual_seed(0))
    found = codec.combine(outputs).numpy()
    assert found.shape == (40, codec.layout.n_outputs)
    members = [codec.predict_proba(member) for member in outputs.numpy()]
    for k in (1, 2):
        expected = np.mean([proba[k] for proba in members], axis=0)
        np.testing.assert_allclose(codec.predict_proba(found)[k], expected, rtol=1e-4, atol=1e-6)
    numbers = [codec.predict(member)[0] for member in outputs.numpy()]
    np.testing.assert_allclose(codec.predict(found)[0], np.mean(numbers, axis=0), rtol=1e-5)


def test_members_that_are_sure_average_to_finite_outputs():
    codec = fitted(pd.DataFrame({"m": ["z", "x", "y"], "b": [0, 1, 0]}))
    outputs = torch.full((2, 3, codec.layout.n_outputs), 3e38)
    assert codec.combine(outputs).isfinite().all()
    assert codec.combine(-outputs).isfinite().all()


def test_alike_members_average_to_themselves():
    codec = fitted(pd.DataFrame({"m": ["z", "x", "y"], "b": [0, 1, 0]}))
    one = torch.randn(10, codec.layout.n_outputs)
    found = codec.combine(one.expand(4, -1, -1)).numpy()
    for proba, expected in zip(
        codec.predict_proba(found), codec.predict_proba(one.numpy()), strict=True
    ):
        np.testing.assert_allclose(proba, expected, rtol=1e-4, atol=1e-6)
