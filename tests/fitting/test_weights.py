"""Weights of rows, labels, classes and tasks decide."""

import numpy as np
import pandas as pd
import pytest

from sklearn_3mtl import MultiTaskClassifier, MultiTaskEstimator
from tests._adapting import r2
from tests._inputs import numeric_table
from tests._pinned import tiny


def contradiction(n=80):
    """The same input with two answers: weights decide."""
    X = pd.DataFrame({"x": np.zeros(n), "noise": np.tile([0.0, 1.0], n // 2)})
    answer = np.resize(["yes", "yes", "no", "no"], n)
    value = np.where(answer == "yes", 1.0, 3.0)
    return X, pd.DataFrame({"answer": answer, "value": value})


def test_sample_weight_per_row_decides():
    X, Y = contradiction()
    est = tiny(max_epochs=60, lr=0.05)
    for heavy in ("yes", "no"):
        weight = np.where(Y["answer"] == heavy, 20.0, 1.0)
        found = est.fit(X, Y, sample_weight=weight).predict(X)
        assert (found["answer"] == heavy).all()
        assert abs(found["value"].mean() - (1.0 if heavy == "yes" else 3.0)) < 0.4


def test_sample_weight_per_label_decides_for_each_task():
    X, Y = contradiction()
    yes = Y["answer"] == "yes"
    weight = np.column_stack([np.where(yes, 20.0, 1.0), np.where(yes, 1.0, 20.0)])
    found = tiny(max_epochs=60, lr=0.05).fit(X, Y, sample_weight=weight).predict(X)
    assert (found["answer"] == "yes").all()
    assert abs(found["value"].mean() - 3.0) < 0.4


def test_a_weight_of_zero_is_a_missing_label():
    X, Y = numeric_table()
    gaps = Y.copy()
    gaps.loc[::4, "answer"] = None
    weight = np.ones(Y.shape)
    weight[::4, 1] = 0
    same = tiny().fit(X, gaps).predict_proba(X)[1]
    np.testing.assert_array_equal(same, tiny().fit(X, Y, sample_weight=weight).predict_proba(X)[1])


@pytest.mark.parametrize("cls", [MultiTaskEstimator, MultiTaskClassifier])
@pytest.mark.parametrize(
    "class_weight", ["balanced", {"answer": "balanced"}, {"answer": {"rare": 19.0, "often": 1.0}}]
)
def test_class_weight_lifts_the_rare_class(cls, class_weight):
    random = np.random.default_rng(0)
    X = pd.DataFrame({"x": random.normal(size=200)})
    answer = np.where(np.arange(200) % 20 == 0, "rare", "often")
    Y = pd.DataFrame({"answer": answer, "other": np.where(X["x"] > 0, "p", "q")})
    est = tiny(cls, max_epochs=60, lr=0.05, batch_size=200)
    plain = est.fit(X, Y).predict_proba(X)[0][:, 1].mean()
    lifted = est.set_params(class_weight=class_weight).fit(X, Y).predict_proba(X)[0][:, 1].mean()
    assert plain < 0.15
    assert 0.35 < lifted < 0.65


def test_class_weight_of_one_task_may_be_given_by_label():
    X, Y = contradiction()
    est = tiny(MultiTaskClassifier, max_epochs=60, lr=0.05)
    for heavy in ("yes", "no"):
        found = est.set_params(class_weight={heavy: 20.0}).fit(X, Y["answer"]).predict(X)
        assert (found == heavy).all()


def test_task_weight_zero_takes_a_task_out_of_training():
    X, Y = numeric_table()
    options = {"sharing": "none", "max_epochs": 40, "lr": 0.02}
    est = tiny(task_weight={"answer": 0.0}, **options).fit(X, Y)
    plain = tiny(**options).fit(X, Y)
    untrained = tiny(sharing="none", max_epochs=1, lr=1e-30, weight_decay=0).fit(X, Y)
    np.testing.assert_array_equal(est.predict(X)["number"], plain.predict(X)["number"])
    off, start = est.predict_proba(X)[1], untrained.predict_proba(X)[1]
    np.testing.assert_allclose(off, start, atol=0.02)
    assert np.abs(plain.predict_proba(X)[1] - start).max() > 0.2
    assert est.tasks_.keys() == plain.tasks_.keys()


def test_task_weight_turns_a_competition():
    """One unit serves one of two unrelated tasks: the heavier one."""
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(200, 2)), columns=["a", "b"])
    Y = pd.DataFrame({"first": np.sin(2 * X["a"]), "second": np.sin(2 * X["b"])})
    est = tiny(hidden_layer_sizes=(1,), activation="tanh", max_epochs=150, lr=0.03)
    for heavy, light in (("first", "second"), ("second", "first")):
        found = est.set_params(task_weight={light: 0.02}).fit(X, Y).predict(X)
        assert r2(Y[heavy], found[heavy]) > r2(Y[light], found[light]) + 0.2


def test_balanced_weights_need_labels_of_every_class():
    X = np.arange(12.0)[:, None]
    y = np.resize(["a", "b", "c"], 12)
    est = MultiTaskClassifier(class_weight="balanced", max_epochs=1, hidden_layer_sizes=(4,))
    with pytest.raises(ValueError, match=r"every class, but task 'y' has none of \['b'\]"):
        est.fit(X, y, sample_weight=y != "b")
