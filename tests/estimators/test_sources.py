"""What a source of one paradigm is to an estimator of another."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.preprocessing import FunctionTransformer

from sklearn_3mtl import (
    MetaClassifier,
    MetaRegressor,
    MultiTaskRegressor,
    ThreeMTLClassifier,
    ThreeMTLRegressor,
    TransferClassifier,
    TransferRegressor,
    load_estimator,
)
from tests._small_tasks import slopes

X, Y = slopes()
SHORT = {"max_epochs": 3, "random_state": 0}
WORDS = np.repeat(["oak", "elm", "ash"], 12)


@pytest.fixture(scope="module")
def shared():
    settings = {"hidden_layer_sizes": (16, 16), "n_estimators": 2, "dropout": 0.1, "prior": None}
    return MultiTaskRegressor(task="store", max_epochs=20, random_state=0, **settings).fit(X, Y)


@pytest.fixture(scope="module")
def adapting():
    return MetaRegressor(task="store", n_estimators=2, **SHORT).fit(X, Y)


def classes(n_classes=12, seed=0):
    """Rows around a centre for each class."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_classes), 12)
    centres = 3 * random.normal(size=(n_classes, 4))
    return centres[labels] + random.normal(size=(len(labels), 4)), labels


@pytest.mark.parametrize("meta", ["maml", "fomaml", "anil", "meta_sgd", "reptile", "ridge"])
def test_pretrained_then_meta_learned_with_the_defaults(shared, meta):
    est = ThreeMTLRegressor(source=shared, meta=meta, task="store", **SHORT).fit(X, Y)
    assert est.chosen_["inner_lr"] < 0.03
    assert est.score(X, Y) > 0.5


def test_dropout_does_not_change_what_a_source_gives(shared):
    weights = []
    for dropout in (0.0, 0.1):
        est = ThreeMTLRegressor(
            source=shared, meta="maml", task="store", dropout=dropout, lr=1e-30,
            weight_decay=0.0, **SHORT,
        ).fit(X, Y)  # fmt: skip
        weights.append(est.transform(X))
    assert np.array_equal(*weights)
    np.testing.assert_allclose(weights[0], shared.transform(X), rtol=1e-4, atol=1e-5)


def test_a_network_of_another_shape_is_told_by_its_layer(shared):
    est = ThreeMTLRegressor(
        source=shared, meta="maml", task="store", hidden_layer_sizes=(8,), **SHORT
    )
    with pytest.raises(ValueError, match=r"of `source`: 'backbone.* there, .*\(2, 8, .* here"):
        est.fit(X, Y)


@pytest.mark.parametrize("cls", [TransferRegressor, ThreeMTLRegressor])
def test_ids_that_adapted_in_the_source_are_refused(adapting, cls):
    others = {"meta": None} if cls is ThreeMTLRegressor else {}
    with pytest.raises(ValueError, match=r"leaves behind.*source\.adapt\(X, y\)"):
        cls(source=adapting, task="store", random_state=0, **others).fit(X, Y)
    with pytest.raises(ValueError, match="leave `task` and its column out"):
        cls(source=adapting, random_state=0, **others).fit(X, Y)


def test_the_task_column_of_a_source_that_adapted_is_left_behind(adapting, tmp_path):
    inputs = X.drop(columns="store")
    est = TransferRegressor(source=adapting, random_state=0).fit(inputs, Y)
    assert est.feature_names_in_.tolist() == inputs.columns.tolist()
    assert adapting.feature_names_in_.tolist() == X.columns.tolist()
    est.save(tmp_path / "target.3mtl")
    loaded = load_estimator(tmp_path / "target.3mtl")
    assert np.array_equal(loaded.predict(inputs), est.predict(inputs))
    place = X.columns.get_loc("store")
    unnamed = MetaRegressor(task=place, n_estimators=2, **SHORT).fit(X.to_numpy(), Y)
    same = TransferRegressor(source=unnamed, random_state=0).fit(inputs.to_numpy(), Y)
    np.testing.assert_allclose(same.predict(inputs.to_numpy()), est.predict(inputs), atol=1e-5)


@pytest.mark.parametrize("names", [["store", "x", "price"], ["x", "store", "price"]])
def test_the_task_column_may_be_new_or_elsewhere(names):
    table = X.assign(price=np.cos(np.arange(len(X))))[names]
    inputs, ids = table.drop(columns="store"), table["store"].to_numpy()
    source = MultiTaskRegressor(hidden_layer_sizes=(16,), n_estimators=1, **SHORT).fit(inputs, Y)
    est = ThreeMTLRegressor(source=FrozenEstimator(source), meta="maml", **SHORT)
    by_argument = clone(est).fit(inputs, Y, task=ids).predict(inputs, task=ids)
    found = clone(est).set_params(task="store").fit(table, Y).predict(table)
    assert np.array_equal(found, by_argument)
    moved = table[[*inputs.columns, "store"]]
    source = MetaRegressor(task="store", hidden_layer_sizes=(16,), n_estimators=1, **SHORT)
    source = FrozenEstimator(source.fit(moved, Y))
    est = ThreeMTLRegressor(source=source, meta="maml", task="store", **SHORT)
    assert np.array_equal(est.fit(table, Y).predict(table), clone(est).fit(moved, Y).predict(moved))
    with pytest.raises(ValueError, match=r"columns of `source`'s X, .* ids aside"):
        clone(est).fit(table.rename(columns={"price": "cost"}), Y)


@pytest.mark.parametrize("meta", ["ridge", "protonet", "plda", "maml"])
@pytest.mark.parametrize("adapted", [False, True], ids=["of fit", "adapted"])
def test_class_episodes_and_then_transfer(meta, adapted):
    C, labels = classes()
    source = MetaClassifier(
        meta=meta, episodes="classes", n_ways=3, n_shots=2, max_epochs=2, random_state=0
    ).fit(C, labels)
    source = source.adapt(C[:36], labels[:36]) if adapted else source
    for target in (WORDS, labels[:36]):
        est = TransferClassifier(source=source, random_state=0).fit(C[:36], target)
        assert est.score(C[:36], target) > 0.9
    extracted = TransferClassifier(
        source=source, strategy="extract", head=LogisticRegression(), random_state=0
    ).fit(C[:36], WORDS)
    assert extracted.score(C[:36], WORDS) > 0.9
    union = ThreeMTLClassifier(source=source, meta=None, random_state=0).fit(C[:36], WORDS)
    assert union.score(C[:36], WORDS) > 0.9


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("backbone", "resnet"),
        ("hidden_layer_sizes", (3,)),
        ("n_estimators", 5),
        ("dropout", 0.4),
        ("sharing", "none"),
        ("numeric_embedding", None),
        ("categorical_features", ["x"]),
        ("modalities", {"text": "x"}),
    ],
)
def test_parameters_of_another_network_are_refused(shared, parameter, value):
    est = TransferRegressor(source=shared, task="store", random_state=0, **{parameter: value})
    with pytest.raises(ValueError, match=f"`source` and {parameter}=.* contradict each other"):
        est.fit(X, Y)


def test_parameters_of_the_same_network_are_fine(shared):
    same = {"hidden_layer_sizes": (16, 16), "n_estimators": 2, "dropout": 0.1}
    est = TransferRegressor(source=shared, task="store", random_state=0, **same).fit(X, Y)
    assert est.score(X, Y) > 0.8


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"head": Ridge()}, r"head=Ridge\(\) and strategy='auto'"),
        (
            {"strategy": "extract", "adapt_parts": "all"},
            r"adapt_parts='all' and strategy='extract'",
        ),
    ],
)
def test_contradictions_are_found_before_training(parameters, message):
    est = TransferRegressor(**parameters, callbacks=[("never", object())])
    with pytest.raises(ValueError, match=message):
        est.fit(X[["x", "common"]], Y)


def test_ids_that_a_source_did_not_have_are_refused():
    plain = MultiTaskRegressor(**SHORT).fit(X[["x", "common"]], Y)
    with pytest.raises(ValueError, match=r"`source` was fitted without task ids.*task='shop'"):
        TransferRegressor(source=plain, task="shop").fit(X[["x", "common"]], Y)
    with pytest.raises(ValueError, match="fitted without task ids"):
        TransferRegressor(source=plain).fit(X[["x", "common"]], Y, task=pd.Series(X["store"]))


def test_a_source_that_misleads_does_little_harm():
    random = np.random.default_rng(0)
    wide = pd.DataFrame(random.normal(size=(900, 4))).add_prefix("x")
    truth = (np.sin(2 * wide["x0"]) + wide["x1"]).rename("y")
    settings = {"max_epochs": 20, "n_estimators": 2, "random_state": 0}
    away = TransferRegressor(**settings).fit(wide[:300], 10 - 3 * truth[:300])
    few, test = slice(300, 500), slice(500, None)
    found = away.adapt(wide[few], truth[few]).predict(wide[test])
    alone = TransferRegressor(**settings).fit(wide[few], truth[few]).predict(wide[test])
    assert r2_score(truth[test], found) > r2_score(truth[test], alone) - 0.02


def test_all_kinds_of_columns_are_found_where_they_stand():
    """A category, and vectors of their own modality, behind the task column and before it."""
    random = np.random.default_rng(0)
    vectors = random.normal(size=(len(X), 2))
    more = {"v0": vectors[:, 0], "v1": vectors[:, 1], "kind": random.choice(list("abc"), len(X))}
    inputs = X.drop(columns="store").assign(**more)
    y = Y + vectors[:, 0] + (inputs["kind"] == "a")
    found = []
    for names in (["store", *inputs], [*inputs, "store"]):
        table = inputs.assign(store=X["store"])[names]
        source = MetaRegressor(
            task="store", modalities={"vector": (FunctionTransformer(), ["v0", "v1"])},
            numeric_embedding=None, n_estimators=1, **SHORT,
        ).fit(table, y)  # fmt: skip
        est = TransferRegressor(source=FrozenEstimator(source), random_state=0).fit(inputs, y)
        found.append(est.predict(inputs))
    assert np.array_equal(*found)
    assert r2_score(y, found[0]) > 0.3
