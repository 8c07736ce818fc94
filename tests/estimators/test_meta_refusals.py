"""What estimators that adapt to small tasks say to bad input."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from torch import nn

from sklearn_3mtl import MetaClassifier, MetaLearner, MetaRegressor
from tests._small_tasks import QUICK, STEPS, both, signs, slopes

X, Y = slopes()


def regressor(**parameters):
    return MetaRegressor(task="store", **{**STEPS, **parameters})


@pytest.fixture(scope="module")
def fitted():
    return regressor().fit(X, Y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"meta": "mamal"}, r"'meta' parameter .* must be .* Got 'mamal'"),
        ({"inner_lr": 0.0}, "'inner_lr' parameter"),
        ({"inner_steps": -1}, "'inner_steps' parameter"),
        ({"n_shots": (5, 2)}, r"`n_shots` should be .* a pair of integers.* Found \(5, 2\)"),
        ({"n_shots": (1, 2, 3)}, r"`n_shots` should be .* Found \(1, 2, 3\)"),
        ({"n_shots": [1.5, 2]}, r"`n_shots` should be .* Found \[1.5, 2\]"),
        (
            {"min_task_rows": 21},
            r"need 1 task of at least 21 labelled rows.*of which the largest has 20",
        ),
        ({"meta": "protonet"}, r"knows classes only, but task\(s\) \['sales'\] are regressions"),
        ({"heads": "group"}, "'heads' parameter"),
        ({"meta": "ridge", "inner_steps": 0}, r"'ridge' and inner_steps=0 contradict each other"),
        ({"n_shots": 20}, r"`n_shots`=20 .*task.*the largest has 20 labelled.*Lower it to 19"),
        ({"n_shots": (25, 30)}, r"`n_shots`=\(25, 30\) .* Lower it to 19"),
    ],
)
def test_parameters_that_are_none(parameters, message):
    with pytest.raises(ValueError, match=message):
        regressor(**parameters).fit(X, Y)


def test_kinds_that_the_name_does_not_allow():
    with pytest.raises(ValueError, match=r"doesn't fit MetaRegressor; use MetaLearner"):
        regressor(task_kinds={"sales": "classification"}).fit(X, Y)
    with pytest.raises(ValueError, match=r"doesn't fit MetaClassifier; use MetaLearner"):
        MetaClassifier(task="store", task_kinds={"sales": "regression"}).fit(X, Y)


def test_adapting_before_fitting():
    with pytest.raises(NotFittedError):
        regressor().adapt(X, Y)


@pytest.mark.parametrize(
    ("support", "message"),
    [
        ((X.drop(columns="x"), Y), "feature names should match"),
        ((X, Y * np.nan), "y has no label"),
        ((X.assign(store=np.nan), Y), "480 row"),
        (([X, Y],), "as a tuple"),
        ((X, Y > 0), "True or False"),
    ],
)
def test_supports_that_are_none(fitted, support, message):
    before = fitted.predict(X)
    with pytest.raises((ValueError, TypeError), match=message):
        fitted.adapt(*support)
    assert np.array_equal(fitted.predict(X), before)


def test_missing_labels_of_a_support_are_left_out(fitted):
    new, y = slopes(n_tasks=1, seed=5, first=99)
    gaps = y.where(y.index % 2 == 0)
    kept = fitted.adapt(new[gaps.notna()], y[gaps.notna()])
    assert np.array_equal(fitted.adapt(new, gaps).predict(new), kept.predict(new))


@pytest.mark.parametrize("meta", ["maml", "protonet", "ridge"])
def test_a_support_of_one_class(meta):
    est = MetaClassifier(task="store", meta=meta, **QUICK).fit(*signs())
    new = pd.DataFrame({"x": [0.5, -0.5, 0.1], "common": [0.0, 1.0, -1.0], "store": 99})
    proba = est.adapt(new, ["up", "up", "up"]).predict_proba(new)
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(1), 1)


def test_a_class_that_training_did_not_know():
    est = MetaClassifier(task="store", **STEPS).fit(*signs())
    new = pd.DataFrame({"x": [0.5, -0.5], "common": [0.0, 1.0], "store": 99})
    with pytest.raises(
        ValueError, match=r"classes \['down', 'up'\]. Found other labels: \['side'\]"
    ):
        est.adapt(new, ["up", "side"])


def test_more_shots_than_any_class_has():
    labels = np.repeat(list("abcdef"), 8)
    rows = np.random.default_rng(0).normal(size=(48, 3))
    est = MetaClassifier(episodes="classes", n_ways=2, n_shots=9, max_epochs=1)
    with pytest.raises(ValueError, match=r"`n_shots`=9 .* each class .* Lower it to 7 or less"):
        est.fit(rows, labels)


def test_classes_without_an_order_are_told_by_adapt():
    labels = np.repeat(list("abcdef"), 8)
    rows = np.random.default_rng(0).normal(size=(48, 3))
    est = MetaClassifier(episodes="classes", n_ways=2, n_shots=3, max_epochs=1, random_state=0)
    with pytest.raises(TypeError, match=r"mixes labels of types \['int', 'str'\]"):
        est.fit(rows, labels).adapt(rows[:4], np.array(["a", "a", 1, 1], dtype=object))


def test_a_method_that_solves_names_no_inner_rate():
    lost = nn.Sequential(nn.LazyLinear(4), nn.Threshold(1e9, float("nan")))
    with pytest.raises(ValueError, match=r"diverged in epoch 1.*Lower `lr`"):
        MetaRegressor(task="store", backbone=lost, n_estimators=1, max_epochs=1).fit(X, Y)


def test_steps_that_diverge_in_training():
    with pytest.raises(
        ValueError, match=r"diverged in epoch 1.*'sales'.*`inner_lr` \(it is 50.0\)"
    ):
        regressor(inner_lr=50.0, inner_steps=9).fit(X, Y)


def test_late_divergence_keeps_the_best_weights():
    def leap(progress):
        return 1.0 if progress < 0.5 else 1e9

    est = regressor(lr_schedule=leap, max_epochs=6)
    with pytest.warns(ConvergenceWarning, match=r"`inner_lr` \(it is 0.03\) .*keeps its best"):
        est.fit(X, Y)
    assert est.n_iter_ < 6
    assert np.isfinite(est.predict(X)).all()


def test_steps_that_diverge_when_a_task_is_predicted():
    est = regressor(adapt_lr=1e6, adapt_steps=30, activation="relu").fit(X, Y)
    with pytest.raises(ValueError, match=r"Adapting to .* task\(s\) diverged.*1e\+06.*`adapt_lr`"):
        est.predict(X)


def test_a_task_without_an_id_that_diverges_is_called_by_none():
    est = regressor(adapt_lr=1e6, adapt_steps=30, activation="relu").fit(X, Y)
    inputs = X.drop(columns="store")
    with pytest.raises(ValueError, match=r"diverged \(id\(s\) \['none given'\]\)"):
        est.adapt(inputs[:9], Y[:9]).predict(inputs[:9])


def test_without_inner_steps_there_is_nothing_to_adapt():
    est = regressor(inner_steps=0).fit(X, Y)
    new, y = slopes(n_tasks=1, seed=5, first=99)
    with pytest.raises(ValueError, match=r"new id\(s\) \[99\].*Fit with inner_steps >= 1"):
        est.adapt(new, y)


def test_a_target_without_a_label_in_a_support():
    XY = both()
    est = MetaLearner(task="store", **STEPS).fit(*XY)
    new = XY[0].iloc[:6].assign(store=99)
    adapted = est.adapt(new, XY[1][["sales"]].iloc[:6])
    assert adapted.predict(new).columns.tolist() == ["sales", "trend"]
    assert adapted.predict(new)["trend"].notna().all()
