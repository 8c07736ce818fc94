"""Estimators that start from the predictions of a scikit-learn model."""

import pickle
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor, StackingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from sklearn_3mtl import (
    MetaClassifier,
    MetaLearner,
    MetaRegressor,
    MultiTaskClassifier,
    MultiTaskEstimator,
    MultiTaskRegressor,
    ThreeMTLRegressor,
    TransferEstimator,
    TransferRegressor,
    load_estimator,
)
from sklearn_3mtl.meta import META
from sklearn_3mtl.prior import CACHE

SMALL = {"hidden_layer_sizes": (8,), "n_estimators": 2, "max_epochs": 4, "random_state": 0}
# The network stays what it was at the start.
UNTRAINED = {"lr": 1e-30, "weight_decay": 0.0, "early_stopping": False, "max_epochs": 1}
METHODS = [name for name in META if not META[name].only_new_classes]


def table(n=240, seed=0):
    """Numbers and a category, and three targets of three kinds with gaps."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(n, 3)), columns=["a", "b", "c"])
    X["city"] = random.choice(["x", "y", "z"], n)
    number = 40.0 + 10.0 * X["a"] + 3.0 * np.sin(2.0 * X["b"]) + random.normal(size=n)
    answer = np.where(X["b"] + X["c"] + 0.3 * random.normal(size=n) > 0, "yes", "no")
    sort = np.where(X["a"] > 0.4, "p", np.where(X["city"] == "x", "q", "r"))
    Y = pd.DataFrame({"number": number, "answer": answer, "sort": sort})
    Y.loc[::7, "number"] = np.nan
    Y.loc[::5, "answer"] = None
    return X, Y


X, Y = table()
NUMBERS = ["a", "b", "c"]
STORES = X.assign(store=np.repeat(np.arange(24), 10))
SALES = Y["number"].fillna(40.0) + np.repeat(np.tile([0.0, 8.0], 12), 10)


@pytest.mark.parametrize("sharing", ["hard", "none"])
@pytest.mark.parametrize("n_estimators", [1, 3])
def test_without_a_training_step_the_result_is_the_prior(sharing, n_estimators):
    model = Ridge(3.0)
    parameters = {**SMALL, **UNTRAINED, "n_estimators": n_estimators}
    est = MultiTaskEstimator(prior={"number": model}, sharing=sharing, **parameters)
    est.fit(X[NUMBERS], Y)
    known = Y["number"].notna()
    expected = clone(model).fit(X[NUMBERS][known], Y["number"][known]).predict(X[NUMBERS])
    np.testing.assert_allclose(est.predict(X[NUMBERS])["number"], expected, rtol=1e-5)


def test_so_are_its_probabilities():
    est = MultiTaskEstimator(prior=LogisticRegression(), **{**SMALL, **UNTRAINED})
    y = Y[["sort"]]
    found = est.fit(X[NUMBERS], y).predict_proba(X[NUMBERS])
    expected = LogisticRegression().fit(X[NUMBERS], y["sort"]).predict_proba(X[NUMBERS])
    # A probability can't be below one in twice the number of labels.
    np.testing.assert_allclose(found, expected, atol=0.005)


def test_a_perfect_prior_is_kept():
    """Early stopping compares with the prior itself, before the first step."""
    truth = Ridge(1e-8).fit(X[NUMBERS], X["a"] * 2.0 - X["b"])
    y = pd.Series(truth.predict(X[NUMBERS]), name="y")
    est = MultiTaskRegressor(prior=FrozenEstimator(truth), **SMALL).fit(X[NUMBERS], y)
    np.testing.assert_allclose(est.predict(X[NUMBERS]), y, rtol=1e-4, atol=1e-4)
    assert not any(est.history_[:, "valid_loss_best"])


def test_the_network_learns_what_the_prior_leaves_over():
    X, Y = table(800)
    X_test, Y_test = table(400, seed=1)
    longer = {**SMALL, "hidden_layer_sizes": (32,), "max_epochs": 30}
    scores = {}
    for prior in (None, "linear"):
        est = MultiTaskRegressor(prior=prior, **longer).fit(X, Y[["number"]].fillna(40.0))
        scores[prior] = est.score(X_test, Y_test[["number"]].fillna(40.0))
    alone = Ridge().fit(X[NUMBERS], Y["number"].fillna(40.0))
    assert scores["linear"] > alone.score(X_test[NUMBERS], Y_test["number"].fillna(40.0)) + 0.01


def test_a_prior_that_memorises_does_not_help_with_noise():
    random = np.random.default_rng(3)
    noise = pd.DataFrame(random.normal(size=(200, 3))), pd.Series(random.normal(size=200))
    losses = {}
    for prior in (None, DecisionTreeRegressor(random_state=0)):
        est = MultiTaskRegressor(prior=prior, early_stopping=False, **SMALL).fit(*noise)
        losses[prior is None] = est.history_[-1, "train_loss"]
    assert losses[False] > 0.9 * losses[True]


@pytest.mark.parametrize("prior", ["linear", "boosting", {"answer": "boosting", "sort": "linear"}])
@pytest.mark.parametrize("sharing", ["hard", "none"])
def test_saved_pickled_cloned_and_adapted(prior, sharing, tmp_path):
    est = MultiTaskEstimator(prior=prior, sharing=sharing, **SMALL).fit(X, Y)
    expected = est.predict(X)
    est.save(tmp_path / "est")
    pd.testing.assert_frame_equal(load_estimator(tmp_path / "est").predict(X), expected)
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(est)).predict(X), expected)
    pd.testing.assert_frame_equal(clone(est).fit(X, Y).predict(X), expected)
    more = Y[["number"]][:40].assign(new=X["a"][:40] - X["c"][:40])
    adapted = est.adapt(X[:40], more)
    pd.testing.assert_frame_equal(est.predict(X), expected)
    adapted.save(tmp_path / "adapted")
    found = load_estimator(tmp_path / "adapted").predict(X)
    pd.testing.assert_frame_equal(found, adapted.predict(X))
    assert np.corrcoef(found["new"], X["a"] - X["c"])[0, 1] > 0.8


@pytest.mark.parametrize(
    ("meta", "prior"), [*((m, "linear") for m in METHODS), ("ridge", "boosting")]
)
def test_episodes_and_new_task_ids(meta, prior, tmp_path):
    is_regression = meta != "protonet"
    cls = MetaRegressor if is_regression else MetaClassifier
    y = SALES if is_regression else SALES.gt(44.0).map({True: "high", False: "low"})
    est = cls(task="store", meta=meta, prior=prior, max_epochs=2, random_state=0).fit(STORES, y)
    assert est.score(STORES, y) > 0.6
    new = STORES[:6].assign(store=99)
    adapted = est.adapt(new, y[:6])
    adapted.save(tmp_path / "shop")
    again = load_estimator(tmp_path / "shop")
    np.testing.assert_array_equal(again.predict(new), adapted.predict(new))


def test_without_a_step_a_task_without_support_is_the_prior():
    est = MetaRegressor(
        task="store", meta="maml", prior="linear", max_epochs=1, lr=1e-30, early_stopping=False,
        weight_decay=0.0, random_state=0,
    ).fit(STORES, SALES)  # fmt: skip
    with pytest.warns(UserWarning, match="unknown|unseen|not seen|not known"):
        found = est.predict(STORES.assign(store=-1))
    plain = MultiTaskRegressor(prior="linear", **{**SMALL, **UNTRAINED}).fit(X, SALES)
    np.testing.assert_allclose(found, plain.predict(X), rtol=1e-4)


def test_task_ids_with_heads_of_their_own_and_with_nets_of_their_own():
    for sharing in ("hard", "none"):
        parameters = {**SMALL, "n_estimators": 1}
        est = MultiTaskRegressor(task="store", prior="linear", sharing=sharing, **parameters)
        assert est.fit(STORES, SALES).score(STORES, SALES) > 0.6


def test_a_source_brings_its_prior():
    source = TransferEstimator(prior="linear", **SMALL).fit(X, Y[["number"]])
    target = TransferEstimator(source=source, random_state=0).fit(X[:60], Y[["number"]][:60])
    assert target.score(X, Y[["number"]]) > 0.8
    with pytest.raises(ValueError, match=r"`source` and prior='boosting' contradict"):
        TransferEstimator(source=source, prior="boosting").fit(X[:60], Y[["number"]][:60])


def test_a_source_whose_task_column_is_dropped_reads_the_right_columns():
    first = STORES[["store", *NUMBERS]]
    source = ThreeMTLRegressor(task="store", prior=Ridge(), max_epochs=2, random_state=0)
    source.fit(first, SALES)
    target = TransferRegressor(source=source, random_state=0).fit(X[NUMBERS][:60], SALES[:60])
    assert target.score(X[NUMBERS], SALES) > 0.5


def test_warm_start_goes_on():
    est = MultiTaskRegressor(prior="linear", warm_start=True, **SMALL)
    y = Y[["number"]]
    first = est.fit(X, y).n_iter_
    assert est.fit(X, y).n_iter_ > first


def test_a_grid_over_the_prior_and_its_parameters():
    y = Y["number"].fillna(40.0)
    search = GridSearchCV(
        MultiTaskRegressor(prior=Ridge(), **SMALL), {"prior__alpha": [1e-2, 1e6]}, cv=KFold(2)
    ).fit(X[NUMBERS], y)
    assert search.best_params_ == {"prior__alpha": 1e-2}
    search = GridSearchCV(
        MultiTaskRegressor(**SMALL), {"prior": [None, "linear"]}, cv=KFold(2)
    ).fit(X[NUMBERS], y)
    assert search.best_params_ == {"prior": "linear"}


def test_a_model_of_the_user_and_a_fitted_one_are_saved(tmp_path):
    y = Y["number"].fillna(40.0)
    fitted = FrozenEstimator(Ridge().fit(X[NUMBERS], y))
    for prior in (Ridge(2.0), fitted):
        est = MultiTaskRegressor(prior=prior, **SMALL).fit(X[NUMBERS], y)
        est.save(tmp_path / "est")
        again = load_estimator(tmp_path / "est")
        np.testing.assert_array_equal(again.predict(X[NUMBERS]), est.predict(X[NUMBERS]))


def test_texts_are_read_word_by_word():
    words = ["good", "bad", "fine", "poor", "red", "blue", "soft", "hard"]
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(words, 4)) for _ in range(200)]
    frame = pd.DataFrame({"text": texts, "n": random.normal(size=200)})
    y = frame["text"].str.count("good") - frame["text"].str.count("bad") + 0.01 * frame["n"]
    frame.loc[3, "text"] = None
    parameters = {**SMALL, **UNTRAINED, "modalities": {"text": "text", "tabular": ["n"]}}
    est = MultiTaskRegressor(prior="linear", **parameters).fit(frame, y.fillna(0.0))
    assert est.score(frame, y.fillna(0.0)) > 0.8


def test_a_fitted_model_of_other_columns_is_named():
    other = FrozenEstimator(Ridge().fit(X[["a", "b"]], X["a"]))
    with pytest.raises(ValueError, match=r"prior of task 'y' failed.*(feature|column)"):
        MultiTaskRegressor(prior=other, **SMALL).fit(X[NUMBERS], X["a"].rename("y"))


def test_class_episodes_have_no_outputs_to_start_from():
    est = MetaLearner(meta="protonet", episodes="classes", n_ways=2, prior="linear")
    with pytest.raises(ValueError, match=r"prior='linear' and episodes='classes' contradict"):
        est.fit(X[NUMBERS], Y["sort"])


def test_what_auto_found_is_shown_and_kept(tmp_path):
    est = MultiTaskEstimator(prior="auto", **SMALL).fit(X, Y)
    found = est.chosen_["prior"]
    assert set(found) == {"number", "answer", "sort"}
    for models in found.values():
        assert set(models) == {"linear", "boosting", "forest"}
        assert 0.0 <= sum(model["share"] for model in models.values()) <= 1.0 + 1e-9
        assert all(model["loss"] > 0 for model in models.values())
    assert found["sort"]["boosting"]["loss"] < found["sort"]["linear"]["loss"]
    est.save(tmp_path / "est")
    again = load_estimator(tmp_path / "est")
    assert again.chosen_["prior"] == found
    pd.testing.assert_frame_equal(again.predict(X), est.predict(X))


class Counted(Ridge):
    """Ridge regression that counts its fits."""

    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        Counted.n_fits += 1
        return super().fit(X, y, sample_weight)


def test_the_same_prior_is_fitted_once_in_a_grid_over_other_parameters():
    y = Y["number"].fillna(40.0)
    est = MultiTaskRegressor(prior=Counted(), **SMALL)
    Counted.n_fits = 0
    GridSearchCV(est, {"lr": [0.001, 0.01, 0.1]}, cv=KFold(2)).fit(X[NUMBERS], y)
    # Two folds and the refit, each with three folds of cross-fitting and all rows.
    assert Counted.n_fits == 3 * 4
    est.fit(X[NUMBERS], y + 1e-9)
    assert Counted.n_fits == 4 * 4
    clone(est).set_params(prior__alpha=2.0).fit(X[NUMBERS], y + 1e-9)
    assert Counted.n_fits == 5 * 4


@pytest.mark.parametrize("prior", ["linear", "boosting"])
def test_the_units_of_a_target_do_not_matter(prior):
    y = Y["number"].fillna(40.0)
    est = MultiTaskRegressor(prior=prior, **SMALL)
    found = est.fit(X, y).predict(X)
    np.testing.assert_allclose(est.fit(X, 1e-6 * y).predict(X), 1e-6 * found, rtol=1e-3)


def test_what_the_user_left_to_chance_depends_on_random_state():
    y = Y["number"].fillna(40.0)
    est = MultiTaskRegressor(prior=RandomForestRegressor(5), **SMALL)
    first = est.fit(X[NUMBERS], y).predict(X[NUMBERS])
    CACHE.clear()
    np.testing.assert_array_equal(est.fit(X[NUMBERS], y).predict(X[NUMBERS]), first)


def test_a_function_that_was_edited_is_another_prior():
    y = Y["number"].fillna(40.0)
    found = []
    for columns in ("a", "b"):
        # As in a notebook: a new function under the same name.
        names = {"__name__": "__main__"}
        exec(f"def chosen(Z):\n    return Z[['{columns}']].to_numpy()", names)
        sys.modules["__main__"].chosen = names["chosen"]
        model = make_pipeline(FunctionTransformer(names["chosen"]), Ridge())
        est = MultiTaskRegressor(prior=model, **{**SMALL, **UNTRAINED}).fit(X[NUMBERS], y)
        found.append(est.predict(X[NUMBERS]))
    del sys.modules["__main__"].chosen
    assert not np.allclose(*found)


@pytest.mark.parametrize(
    "model",
    [
        GridSearchCV(Ridge(), {"alpha": [1.0, 2.0]}, cv=2),
        make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), Ridge())),
        StackingRegressor([("one", Ridge())]),
    ],
    ids=["search", "nested pipeline", "stacking"],
)
def test_models_around_models_take_weights(model):
    y, weight = Y["number"].fillna(40.0), np.random.default_rng(0).random(len(Y))
    est = MultiTaskRegressor(prior=model, **SMALL).fit(X[NUMBERS], y, sample_weight=weight)
    assert est.score(X[NUMBERS], y) > 0.7


@pytest.mark.parametrize("prior", ["linear", "auto"])
def test_weights_may_leave_one_class(prior):
    weight = {"p": 1.0, "q": 0.0, "r": 0.0}
    est = MultiTaskClassifier(prior=prior, class_weight=weight, **SMALL).fit(X, Y["sort"])
    assert (est.predict(X) == "p").all()


def test_auto_sizes_are_small_with_a_prior():
    y = Y["number"].fillna(40.0)
    plain = MultiTaskRegressor(prior=None, max_epochs=1, random_state=0).fit(X, y).chosen_
    small = MultiTaskRegressor(prior="linear", random_state=0).fit(X, y).chosen_
    assert plain["hidden_layer_sizes"] == (128, 128)
    assert small["hidden_layer_sizes"] == (64, 64)
    assert small["max_epochs"] <= 40
    assert small["n_iter_no_change"] == 10
    given = MultiTaskRegressor(prior="linear", hidden_layer_sizes=(8,), max_epochs=1).fit(X, y)
    assert "hidden_layer_sizes" not in given.chosen_


def surfaces(n=600, seed=0):
    """Targets of which a line, boosting and a network are each the best model."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, 6))
    line = X @ np.arange(1.0, 7.0) / 9.0
    steps = np.sign(X[:, 0]) + np.sign(X[:, 1]) * (X[:, 2] > 0.5)
    waves = np.sin(X[:, 0] + X[:, 1] + X[:, 2]) + np.cos(X[:, 3] - X[:, 4])
    return X, pd.DataFrame({"line": line, "steps": steps, "waves": waves})


def test_the_default_is_about_as_good_as_the_best_of_its_parts():
    X, Y = surfaces()
    X_test, Y_test = surfaces(2000, 1)
    ours = MultiTaskRegressor(random_state=0).fit(X, Y).predict(X_test)
    parts = {"alone": MultiTaskRegressor(prior=None, random_state=0).fit(X, Y).predict(X_test)}
    for prior in ("linear", "boosting"):
        est = MultiTaskRegressor(prior=prior, **{**SMALL, **UNTRAINED}).fit(X, Y)
        parts[prior] = est.predict(X_test)
    for name in Y:
        best = max(r2_score(Y_test[name], part[name]) for part in parts.values())
        assert r2_score(Y_test[name], ours[name]) > best - 0.03, name


def test_half_of_the_members_know_nothing_of_the_prior():
    y = Y["number"].fillna(40.0)
    options = {**SMALL, "n_estimators": 4, "max_epochs": 6}
    auto = MultiTaskRegressor(**options).fit(X[NUMBERS], y)
    network = auto._model.network
    assert network.shape.kinds == (0, 0, 1, 1)
    moved = {"prior": torch.full((5, 1), 7.0), "numeric": torch.zeros(5, 3)}
    still = {**moved, "prior": torch.zeros(5, 1)}
    with torch.no_grad():
        change = (network(**moved) - network(**still)).abs().amax((1, 2))
    assert (change[:2] > 1).all()
    assert (change[2:] == 0).all()


@pytest.mark.parametrize("n_estimators", [1, 2, 5])
def test_the_default_is_saved_warm_started_and_adapted(n_estimators, tmp_path):
    options = {**SMALL, "n_estimators": n_estimators}
    est = MultiTaskEstimator(warm_start=True, **options).fit(X, Y)
    before = est.predict(X)
    est.save(tmp_path / "est")
    pd.testing.assert_frame_equal(load_estimator(tmp_path / "est").predict(X), before)
    more = est.adapt(X, (Y["number"] ** 2).rename("square").to_frame())
    pd.testing.assert_frame_equal(more.predict(X)[list(Y)], before)
    assert r2_score(Y["number"].dropna() ** 2, more.predict(X)["square"][Y["number"].notna()]) > 0.5
    est.fit(X, Y)
    assert len(est.history_) > est.n_iter_ or est.n_iter_ > options["max_epochs"]


def test_a_target_with_one_label_has_no_prior():
    few = Y[["number"]].assign(rare=[1.0, *[np.nan] * (len(Y) - 1)])
    est = MultiTaskRegressor(**SMALL).fit(X, few)
    assert set(est.chosen_["prior"]) == {"number"}
    assert np.isfinite(est.predict(X)["rare"]).all()


def test_where_the_default_is_no_prior():
    y = STORES["b"]
    for est in (
        TransferRegressor(domain="store", domain_loss="coral", **SMALL),
        MultiTaskRegressor(backbone=torch.nn.LazyLinear(4), max_epochs=1),
    ):
        assert est.fit(STORES, y).chosen_["prior"] is None
    classes = np.where(y > y.median(), "high", "low")
    for est in (
        MetaClassifier(task="store", meta="protonet", max_epochs=1),
        MetaClassifier(meta="plda", episodes="classes", n_ways=2, max_epochs=1),
    ):
        assert est.fit(STORES, classes).chosen_["prior"] is None


@pytest.mark.parametrize("meta", ["ridge", "maml"])
def test_tasks_that_adapt_start_from_the_default_prior(meta):
    y = STORES["b"]
    est = MetaRegressor(task="store", meta=meta, max_epochs=1, random_state=0).fit(STORES, y)
    assert est.chosen_["prior"]["b"]["linear"]["share"] > 0.9
    assert est.chosen_["n_estimators"] == (2 if meta == "ridge" else 1)


def test_meta_learning_starts_from_a_source_with_the_default_prior():
    source = MultiTaskRegressor(task="store", **SMALL).fit(STORES, SALES)
    est = ThreeMTLRegressor(task="store", source=source, max_epochs=1, random_state=0)
    assert np.isfinite(est.fit(STORES, SALES).predict(STORES)).all()


@pytest.mark.parametrize("is_number", [True, False])
def test_a_column_of_many_categories_comes_back_from_a_file(is_number, tmp_path):
    random = np.random.default_rng(0)
    shop = random.integers(300, size=900)
    wide = pd.DataFrame({"shop": [f"s{number}" for number in shop]})
    level = random.normal(size=300)[shop]
    y = level if is_number else np.where(level > 0, "high", "low")
    cls = MultiTaskRegressor if is_number else MultiTaskClassifier
    est = cls(prior="boosting", **SMALL).fit(wide, y)
    assert est.score(wide, y) > 0.5
    est.save(tmp_path / "est.3mtl")
    loaded = load_estimator(tmp_path / "est.3mtl")
    new = pd.DataFrame({"shop": ["s1", "never seen", None]})
    np.testing.assert_array_equal(loaded.predict(new), est.predict(new))
