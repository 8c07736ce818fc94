"""N-way K-shot: classes are drawn for each episode, and `adapt` defines new ones."""

import numpy as np
import pandas as pd
import pytest

from sklearn_3mtl import MetaClassifier, MetaLearner, MetaRegressor, load_estimator

N_FEATURES = 12
CLOSED = ["protonet", "ridge", "plda"]
METHODS = [*CLOSED, "maml", "fomaml", "anil", "meta_sgd", "reptile"]
QUICK = {
    "numeric_embedding": None, "hidden_layer_sizes": (32,), "n_estimators": 1, "random_state": 0,
    "episodes": "classes", "n_ways": 4, "n_shots": 3, "n_queries": 5,
}  # fmt: skip


def symbols(n_classes, n_rows=12, seed=0):
    """Classes that differ in four of twelve numbers; the others are noise, and as large."""
    random = np.random.default_rng(seed)
    code = np.repeat(np.arange(n_classes), n_rows)
    X = random.normal(size=(len(code), N_FEATURES)) * 2
    X[:, :4] = 2 * random.normal(size=(n_classes, 4))[code] + 0.3 * random.normal(size=(len(X), 4))
    return X, np.array([f"symbol {c}" for c in code])


def few_shot(est, n_ways=4, n_shots=3, n_episodes=15, labels=None):
    """The mean accuracy on classes that were never seen."""
    X, y = symbols(40, seed=1)
    names, scores = np.unique(y), []
    for episode in range(n_episodes):
        random = np.random.default_rng(episode)
        chosen = random.choice(names, n_ways, replace=False)
        rows = [np.flatnonzero(y == name) for name in chosen]
        support = np.concatenate([r[:n_shots] for r in rows])
        query = np.concatenate([r[n_shots:] for r in rows])
        scores.append(est.adapt(X[support], y[support]).score(X[query], y[query]))
    return np.mean(scores)


@pytest.fixture(scope="module", params=METHODS)
def fitted(request):
    X, y = symbols(40)
    own = {} if request.param in CLOSED else {"inner_lr": 0.3, "lr": 3e-3}
    own |= {"hidden_layer_sizes": ()} if request.param == "plda" else {}
    return MetaClassifier(meta=request.param, max_epochs=6, **{**QUICK, **own}).fit(X, y)


def test_every_method_tells_new_classes_apart(fitted):
    untrained = MetaClassifier(meta="protonet", max_epochs=1, lr=1e-9, **QUICK)
    floor = few_shot(untrained.fit(*symbols(40)))
    assert few_shot(fitted) > floor + 0.05
    assert fitted.history_[-1]["valid_loss"] < fitted.history_[0]["valid_loss"]


@pytest.mark.parametrize("labels", [[-1, 1], [3.0, 7.0], [True, False], ["é", "z"]], ids=str)
def test_new_labels_of_any_type_come_back(fitted, labels):
    X, y = symbols(2, seed=2)
    new = np.asarray(labels)[(y == "symbol 1").astype(int)]
    adapted = fitted.adapt(X[::2], new[::2])
    assert adapted.predict(X).dtype == new.dtype
    assert adapted.classes_.tolist() == sorted(labels)
    assert adapted.predict_proba(X).shape == (len(X), 2)
    assert adapted.score(X[1::2], new[1::2]) > 0.8


def test_more_classes_than_in_training(fitted):
    X, y = symbols(7, seed=3)
    if fitted.meta in CLOSED:
        adapted = fitted.adapt(X[::2], y[::2])
        assert adapted.score(X[1::2], y[1::2]) > 0.7
        return
    with pytest.raises(ValueError, match=r"has 7 classes, but .*`n_ways`=4.*'ridge', 'protonet'"):
        fitted.adapt(X, y)


def test_the_classes_of_fit(fitted):
    X, y = symbols(40)
    if fitted.meta in CLOSED:
        assert fitted.score(X, y) > 0.3, "chance is 1 / 40"
        return
    with pytest.raises(ValueError, match=r"40 classes, of which an episode tells 4 apart.*adapt"):
        fitted.predict(X)


def test_the_old_estimator_stays_as_it_is_and_files_hold_the_new(fitted, tmp_path):
    X, y = symbols(4, seed=4)
    adapted = fitted.adapt(pd.DataFrame(X).to_numpy(), y)
    assert len(fitted.classes_) == 40
    adapted.save(tmp_path / "est.3mtl")
    loaded = load_estimator(tmp_path / "est.3mtl")
    np.testing.assert_array_equal(loaded.predict_proba(X), adapted.predict_proba(X))
    again = loaded.adapt(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), adapted.predict_proba(X))


def test_order_and_names_of_classes_say_nothing(fitted):
    X, _ = symbols(3, n_rows=24, seed=5)
    few = np.arange(len(X)) % 24 < 12

    def probabilities(names, rows):
        labels = np.array(names)[np.repeat(np.arange(3), 24)]
        adapted = fitted.adapt(X[rows], labels[rows])
        assert adapted.classes_.tolist() == sorted(names)
        return adapted.predict_proba(X[~few])[:, np.argsort(np.argsort(names))]

    rows = np.flatnonzero(few)
    one = probabilities(["k", "l", "m"], rows)
    assert (one.argmax(1) == np.repeat(np.arange(3), 12)).mean() > 0.9
    np.testing.assert_array_equal(probabilities(["a", "e", "z"], rows), one)
    shuffled = np.random.default_rng(0).permutation(rows)
    np.testing.assert_allclose(probabilities(["k", "l", "m"], shuffled), one, atol=1e-5)
    turned = probabilities(["m", "k", "l"], rows)
    # Where there are steps, each output starts from weights of its own, and forgets them.
    np.testing.assert_allclose(turned, one, atol=1e-5 if fitted.meta in CLOSED else 0.2)
    assert (turned.argmax(1) == one.argmax(1)).mean() > 0.95


def test_as_many_classes_as_ways_need_no_adapting():
    X, y = symbols(4)
    est = MetaClassifier(meta="anil", max_epochs=5, **QUICK).fit(X, y)
    assert est.score(X, y) > 0.5


@pytest.mark.parametrize(("most", "kept"), [(100, 12), (5, 5)])
def test_rows_of_each_class_are_remembered(most, kept):
    X, y = symbols(12)
    est = MetaClassifier(meta="protonet", max_epochs=1, max_support=most, **QUICK).fit(X, y)
    labels = est._model.adapter.memory.rows.values.flatten().tolist()
    assert [labels.count(k) for k in range(12)] == [kept] * 12


def test_mixed_estimator_takes_a_lone_target_of_classes():
    X, y = symbols(12)
    est = MetaLearner(meta="ridge", max_epochs=2, **QUICK).fit(X, pd.Series(y, name="symbol"))
    adapted = est.adapt(X[:24], pd.Series(y[:24], name="symbol"))
    assert adapted.predict(X).name == "symbol"
    with pytest.raises(ValueError, match=r"classes of 'symbol' apart.*Found.*'other'"):
        est.adapt(X[:24], pd.Series(y[:24], name="other"))


def test_missing_labels_and_rare_classes_are_in_no_episode():
    X, y = symbols(12)
    y = y.astype(object)
    y[::5] = None
    y[-10:] = None
    est = MetaClassifier(meta="protonet", max_epochs=2, min_task_rows=4, **QUICK).fit(X, y)
    assert "symbol 11" in est.predict(X[-12:]), "remembered from two rows"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"task": 0}, r"episodes='classes' and task ids contradict"),
        ({"inner_steps": 0, "meta": "maml"}, r"inner_steps=0 and episodes='classes' contradict"),
        ({"class_weight": "balanced"}, r"`class_weight` and episodes='classes' contradict"),
        ({"n_ways": 13}, r"need 13 classes of at least 5 labelled rows.*Found 12.*`n_ways`"),
        ({"n_ways": 1}, r"'n_ways' parameter"),
        ({"episodes": "rows"}, r"'episodes' parameter"),
    ],
)
def test_parameters_that_contradict(parameters, message):
    with pytest.raises(ValueError, match=message):
        MetaClassifier(**{**QUICK, **parameters}).fit(*symbols(12))


def test_targets_that_are_no_classes():
    X, y = symbols(12)
    with pytest.raises(ValueError, match=r"one classification target.*'regression'"):
        MetaRegressor(**QUICK).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="one classification target"):
        MetaLearner(**QUICK).fit(X, pd.DataFrame({"a": y, "b": y}))


def test_a_support_of_one_class():
    X, y = symbols(12)
    est = MetaClassifier(meta="ridge", max_epochs=1, **QUICK).fit(X, y)
    with pytest.raises(ValueError, match="has one class"):
        est.adapt(X[:5], y[:5])


def test_plda_by_default_reads_the_encoded_inputs():
    X, y = symbols(40)
    est = MetaClassifier(meta="plda", episodes="classes", n_queries=5, random_state=0).fit(X, y)
    assert est.chosen_["hidden_layer_sizes"] == ()
    assert est.chosen_["n_shots"] == (1, 20)
    raw = MetaClassifier(meta="protonet", max_epochs=1, lr=1e-9, **QUICK).fit(X, y)
    for n_shots in (1, 5):
        assert few_shot(est, n_shots=n_shots) > few_shot(raw, n_shots=n_shots) + 0.1


def test_plda_is_for_classes_that_are_drawn():
    X, y = symbols(12)
    with pytest.raises(ValueError, match="meta='plda' tells new classes apart, which episodes='cl"):
        MetaClassifier(meta="plda").fit(X, y, task=np.arange(len(X)) % 12)


def test_a_class_needs_a_support_row():
    X, y = symbols(12)
    with pytest.raises(ValueError, match=r"`n_shots`=\(0, 5\) and episodes='classes' contradict"):
        MetaClassifier(meta="ridge", **{**QUICK, "n_shots": (0, 5)}).fit(X, y)


def test_plda_knows_covariances_from_the_first_epoch_and_of_all_classes_in_the_end():
    X, y = symbols(40)
    options = {**QUICK, "max_epochs": 1, "lr": 1e-9, "hidden_layer_sizes": ()}
    est = MetaClassifier(meta="plda", **options).fit(X, y)
    # Chance is log(4); untrained, with the covariances of a ball, the loss is 0.9.
    assert est.history_[-1]["valid_loss"] < 0.3
    # Classes that were held out to validate on count in the end.
    centre = est._model.objective.learned.centre.numpy()
    np.testing.assert_allclose(centre[0], est.transform(X).mean(0), atol=1e-5)
