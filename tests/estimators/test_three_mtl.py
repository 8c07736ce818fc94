"""The union: what `adapt` takes with every part switched on."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score

from sklearn_3mtl import (
    MetaClassifier,
    MetaRegressor,
    MultiTaskEstimator,
    ThreeMTLClassifier,
    ThreeMTLEstimator,
    ThreeMTLRegressor,
    load_estimator,
)
from sklearn_3mtl.model_selection import KShotSplit
from tests._small_tasks import QUICK, both, slopes

X, Y = both(n_rows=12)
X = X.assign(note=np.where(X["common"] > 0, "rather large", "small"))
NEW, NEW_Y = both(n_tasks=2, n_rows=8, seed=1, first=90)
NEW = NEW.assign(note=np.where(NEW["common"] > 0, "rather large", "small"))
ALL = {"task": "store", "modalities": {"text": "note"}, **QUICK}


@pytest.fixture(scope="module")
def fitted():
    return ThreeMTLEstimator(**ALL).fit(X, Y)


def dear(table):
    return pd.Series(np.where(table["x"] > 0, "dear", "cheap"), name="price")


def test_new_tasks_from_table_and_text(fitted):
    adapted = fitted.adapt(NEW, NEW_Y)
    assert sorted(set(adapted.groups_) - set(fitted.groups_)) == [90, 91]
    found = adapted.predict(NEW)
    assert found.columns.tolist() == ["sales", "trend"]
    pd.testing.assert_frame_equal(adapted.predict(X), fitted.predict(X))


def test_a_new_target_of_another_kind(fitted):
    before = fitted.predict(X)
    adapted = fitted.adapt(X[:60], dear(X[:60]))
    assert list(adapted.tasks_) == ["sales", "trend", "price"]
    assert adapted.tasks_["price"].kind == "binary"
    assert (adapted.predict(X)["price"] == dear(X)).mean() > 0.8
    pd.testing.assert_frame_equal(adapted.predict(X)[["sales", "trend"]], before)
    pd.testing.assert_frame_equal(fitted.predict(X), before)
    assert adapted.forgetting_ == {"sales": 0.0, "trend": 0.0}


def test_new_target_and_new_tasks_in_one_call_and_in_turn(fitted):
    Y_all = NEW_Y.assign(price=dear(NEW))
    at_once = fitted.adapt(NEW, Y_all)
    in_turn = fitted.adapt(NEW, dear(NEW)).adapt(NEW, NEW_Y)
    pd.testing.assert_frame_equal(at_once.predict(NEW), in_turn.predict(NEW))
    other = fitted.adapt(NEW, NEW_Y).adapt(NEW, dear(NEW))
    pd.testing.assert_frame_equal(at_once.predict(NEW), other.predict(NEW))


@pytest.mark.parametrize("meta", ["ridge", "maml"])
def test_files_and_pickles_of_all_that_adapting_adds(meta, tmp_path):
    est = ThreeMTLEstimator(**{**ALL, "meta": meta}).fit(X, Y)
    adapted = est.adapt(NEW, NEW_Y.assign(price=dear(NEW))).adapt(X[:9], Y[:9])
    adapted.save(tmp_path / "est.3mtl")
    for same in (load_estimator(tmp_path / "est.3mtl"), pickle.loads(pickle.dumps(adapted))):
        pd.testing.assert_frame_equal(same.predict(NEW), adapted.predict(NEW))
        again, theirs = same.adapt(X[:20], dear(X[:20])), adapted.adapt(X[:20], dear(X[:20]))
        pd.testing.assert_frame_equal(again.predict(X), theirs.predict(X))


def test_meta_estimators_take_new_targets_too():
    est = MetaRegressor(task="store", **QUICK).fit(X.drop(columns="note"), Y["sales"].fillna(0))
    rent = pd.Series(3 * X["x"][:40], name="rent")
    adapted = est.adapt(X[:40].drop(columns="note"), rent)
    assert adapted.predict(X.drop(columns="note")).columns.tolist() == ["sales", "rent"]


def test_classes_from_text():
    words = np.array(["ash", "beech", "elm", "fir", "lime", "oak", "pine", "plum", "rowan", "yew"])
    kind = np.repeat(np.arange(10), 12)
    random = np.random.default_rng(0)
    lines = [f"{words[k]} leaf {random.choice(['a', 'b', 'c'])}" for k in kind]
    table = pd.DataFrame({"line": lines})
    est = ThreeMTLClassifier(
        episodes="classes", n_ways=3, n_shots=2, modalities={"text": "line"},
        hidden_layer_sizes=(16,), n_estimators=1, max_epochs=2, random_state=0,
    ).fit(table[kind < 7], words[kind[kind < 7]])  # fmt: skip
    new = kind >= 7
    shots = new & (np.arange(len(kind)) % 12 < 3)
    adapted = est.adapt(table[shots], words[kind[shots]])
    assert adapted.classes_.tolist() == ["plum", "rowan", "yew"]
    assert set(adapted.predict(table[new])) <= set(words[7:])


def test_pretrained_and_then_meta_learned():
    table, y = slopes(n_rows=12)
    source = MultiTaskEstimator(
        hidden_layer_sizes=(16, 16), n_estimators=4, numeric_embedding=None, max_epochs=3,
        random_state=0,
    ).fit(table.drop(columns="store"), y)  # fmt: skip
    est = ThreeMTLRegressor(source=FrozenEstimator(source), meta="maml", **QUICK)
    fitted = clone(est).fit(table.drop(columns="store"), y)
    assert fitted.chosen_["n_estimators"] == 4
    assert len(est.set_params(task="store").fit(table, y).groups_) == table["store"].nunique()


def test_cross_validation_over_tasks_and_a_search():
    table, y = slopes(n_rows=12)
    est = ThreeMTLRegressor(task="store", **QUICK)
    cv = KShotSplit(n_shots=3, n_splits=2, random_state=0)
    scores = cross_val_score(est, table, y, cv=cv, groups=table["store"])
    assert np.isfinite(scores).all()
    grid = {"paradigm": ["mtl", "meta"], "meta": ["ridge", "anil"]}
    GridSearchCV(est, grid, cv=KFold(2, shuffle=True, random_state=0)).fit(table, y).predict(table)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"paradigm": "all"}, "'paradigm' parameter"),
        ({"sharing": "none"}, r"meta='ridge' and sharing='none' contradict"),
        ({"heads": "group"}, r"meta='ridge' and heads='group' contradict"),
        ({"episodes": "classes"}, "episodes='classes' and task ids contradict"),
        ({"source": MultiTaskEstimator()}, "unfitted MultiTaskEstimator"),
        ({"domain_loss": "dann"}, "needs to know each row's domain"),
        ({"domain": "stor", "domain_loss": "dann"}, "`domain`='stor' should name a column"),
    ],
)
def test_parameters_that_contradict(parameters, message):
    with pytest.raises(ValueError, match=message):
        ThreeMTLEstimator(**{**ALL, **parameters}).fit(X, Y)


def test_a_failed_fit_leaves_the_estimator_as_it_was(fitted):
    est = clone(fitted).fit(X, Y)
    before = est.predict(X)
    with pytest.raises(ValueError, match="paradigm"):
        est.set_params(paradigm="all").fit(X, Y)
    est.set_params(paradigm="3mtl", domain_loss="dann")
    with pytest.raises(ValueError, match="domain"):
        est.fit(X, Y)
    pd.testing.assert_frame_equal(est.predict(X), before)


def test_a_classifier_with_one_class_in_the_support():
    table, y = slopes(n_rows=12)
    signs = np.where(y > 0, "up", "down")
    for cls in (MetaClassifier, ThreeMTLClassifier):
        est = cls(task="store", **QUICK).fit(table, signs)
        lone = table[:5].drop(columns="store")
        assert set(est.adapt(lone, ["up"] * 5).predict(lone)) <= {"up", "down"}
