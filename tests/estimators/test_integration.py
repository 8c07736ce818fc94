"""The estimators inside scikit-learn: pipelines, searches, scorers, routing, joblib, containers."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
import torch
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn

from sklearn_3mtl import (
    MultiTaskClassifier,
    MultiTaskEstimator,
    MultiTaskRegressor,
    load_estimator,
    stack_tasks,
)
from sklearn_3mtl.balancing import Manual, Uncertainty
from sklearn_3mtl.metrics import task_scorer
from sklearn_3mtl.sharing import NoSharing
from tests._inputs import mixed_table, numeric_table
from tests._pinned import tiny

COLUMNS = ["price", "grade", "sold", "colour"]


def coded(remainder="drop"):
    return ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["age", "income"]),
            ("city", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["city"]),
        ],
        remainder=remainder,
    )


def pipeline(**parameters):
    return Pipeline([("code", coded()), ("net", tiny(**parameters))])


# Pipelines, searches and scorers


def test_pipeline_on_a_mixed_frame_with_gaps_and_unseen_categories():
    X, Y = mixed_table()
    pipe = pipeline(max_epochs=60, lr=0.02).fit(X, Y)
    new = X.iloc[:10].assign(city="Genf")
    found = pipe.predict(new)
    assert found.columns.tolist() == COLUMNS
    assert found.notna().all().all()
    assert set(found["grade"]) <= {"low", "mid", "high"}
    assert set(found["colour"]) <= {"red", "blue"}
    scores = {name: task_scorer(task=name)(pipe, X, Y) for name in COLUMNS}
    assert min(scores.values()) > 0.75, scores


def test_unseen_categories_without_a_pipeline():
    X, Y = mixed_table()
    est = tiny().fit(X, Y)
    new = X.iloc[:6].assign(city=["Genf"] * 5 + [None], size=None)
    found = est.predict(new)
    assert found.notna().all().all()
    assert found.iloc[:5].drop_duplicates().shape[0] > 1, "the other columns still count"


def test_predictions_keep_index_columns_and_dtypes():
    X, Y = mixed_table()
    assert X.index.has_duplicates
    found = tiny().fit(X, Y).predict(X.iloc[::-1])
    assert found.index.equals(X.index[::-1])
    assert found.columns.tolist() == COLUMNS
    assert found.dtypes["price"] == np.float64
    assert found.dtypes["colour"] == Y.dtypes["colour"]
    assert found.dtypes["grade"] == Y.dtypes["grade"]
    assert found.dtypes["sold"] == np.float64


@pytest.mark.parametrize(
    "index",
    [
        [f"row {i % 7}" for i in range(60)],
        pd.date_range("2020", periods=60),
        pd.MultiIndex.from_product([range(6), list("abcdefghij")]),
    ],
    ids=["strings", "dates", "levels"],
)
def test_any_index_comes_back(index):
    X, Y = mixed_table()
    X, Y = X.set_axis(index), Y.set_axis(index)
    found = tiny().fit(X, Y).predict(X)
    assert found.index.equals(X.index)


@pytest.mark.parametrize(
    ("y", "check"),
    [
        (lambda Y: Y["price"].dropna(), lambda p: p.name == "price" and p.dtype == np.float64),
        (lambda Y: Y["grade"].dropna(), lambda p: set(p) <= {"low", "mid", "high"}),
        (lambda Y: Y["price"].dropna().to_numpy(), lambda p: type(p) is np.ndarray and p.ndim == 1),
        (lambda Y: Y[["price"]].dropna().to_numpy(), lambda p: p.shape[1:] == (1,)),
        (lambda Y: Y[["price"]].dropna(), lambda p: p.columns.tolist() == ["price"]),
        (lambda Y: Y["price"].dropna().tolist(), lambda p: type(p) is np.ndarray and p.ndim == 1),
    ],
    ids=["series", "strings", "vector", "matrix", "frame", "list"],
)
def test_predict_gives_the_container_of_fit(y, check):
    X, Y = mixed_table()
    y = y(Y)
    rows = X.iloc[: len(y)]
    found = tiny().fit(rows, y).predict(rows)
    assert check(found)
    assert len(found) == len(rows)


@pytest.mark.parametrize(
    "dtype", ["int64", "Int64", "bool", "boolean", "float32", "object", "string", "category"]
)
def test_labels_come_back_in_their_dtype(dtype):
    X, Y = numeric_table()
    answer = Y["answer"] if dtype in ("object", "string", "category") else Y["answer"] == "yes"
    y = pd.DataFrame({"answer": answer.astype(dtype)})
    found = tiny().fit(X, y).predict(X)
    assert found["answer"].dtype == y["answer"].dtype
    assert set(found["answer"]) <= set(y["answer"])


def test_grid_search_over_names_instances_and_nested_parameters():
    X, Y = mixed_table()
    grid = [
        {"net__sharing": ["hard", "none", NoSharing()]},
        {"net__balancing": ["equal", Uncertainty(), Manual({"price": 2.0})]},
        {
            "net__balancing": [Uncertainty()],
            "net__balancing__initial_log_variance": [0.0, 2.0],
        },
    ]
    search = GridSearchCV(pipeline(), grid, cv=2, scoring=task_scorer()).fit(X, Y)
    table = pd.DataFrame(search.cv_results_)
    assert len(table) == 8
    assert table["mean_test_score"].notna().all()
    assert table["mean_test_score"].nunique() > 3, "the parameters have an effect"
    assert search.predict(X).columns.tolist() == COLUMNS


def test_nested_parameters_have_an_effect():
    X, Y = numeric_table()
    est = tiny(balancing=Uncertainty())
    low = clone(est).set_params(balancing__initial_log_variance=0.0).fit(X, Y).predict(X)
    high = clone(est).set_params(balancing__initial_log_variance=4.0).fit(X, Y).predict(X)
    assert not low.equals(high)


def test_cross_validate_with_scorers_per_task_and_default_score():
    X, Y = mixed_table()
    scoring = {"all": task_scorer(), "price": task_scorer("rmse", task="price")}
    found = cross_validate(pipeline(), X, Y, cv=3, scoring=scoring)
    assert np.isfinite(found["test_all"]).all()
    assert (found["test_price"] < 0).all()
    assert np.isfinite(cross_val_score(tiny(), X, Y, cv=3)).all()


def test_cross_val_predict_gives_every_row():
    X, Y = numeric_table()
    found = cross_val_predict(tiny(), X, Y[["number"]], cv=3)
    assert np.shape(found) == (60, 1)
    assert np.isfinite(np.asarray(found)).all()


def test_the_classifier_in_kfold():
    X, Y = numeric_table()
    scores = cross_val_score(
        tiny(MultiTaskClassifier, max_epochs=20, lr=0.02), X, Y[["answer", "sort"]],
        cv=KFold(3, shuffle=True, random_state=0), scoring=task_scorer(),
    )  # fmt: skip
    assert (scores > 0.6).all()


def test_the_classifier_of_one_task_in_scikit_learns_own_split_and_scorer():
    X, Y = numeric_table()
    scores = cross_val_score(
        tiny(MultiTaskClassifier, max_epochs=20, lr=0.02), X, Y["answer"], cv=3,
        scoring="roc_auc",
    )  # fmt: skip
    assert (scores > 0.8).all()


def test_clone_and_parameters():
    est = MultiTaskEstimator(heads={"a": (3,)}, balancing=Uncertainty(), max_epochs=7)
    same = clone(est)
    assert same.get_params()["heads"] == {"a": (3,)}
    assert same.balancing is not est.balancing
    assert same.max_epochs == 7


@pytest.mark.parametrize("sharing", ["hard", "none"])
@pytest.mark.parametrize("backbone", ["mlp", "module", "tabm"])
@pytest.mark.parametrize("n_members", [1, 2])
@pytest.mark.parametrize("again", [lambda e: pickle.loads(pickle.dumps(e)), copy.deepcopy])
def test_pickle_and_deepcopy_of_a_fitted_estimator(again, n_members, backbone, sharing):
    X, Y = numeric_table()
    module = nn.Sequential(nn.Linear(3, 8), nn.ReLU())
    est = tiny(
        backbone=module if backbone == "module" else backbone, sharing=sharing, dropout=0.2,
        balancing="uncertainty", n_estimators=n_members,
    ).fit(X, Y)  # fmt: skip
    assert again(est).predict(X).equals(est.predict(X))


@pytest.mark.slow
def test_joblib_with_two_processes():
    X, Y = mixed_table(40)
    fit = joblib.delayed(_fit_and_predict)
    found = joblib.Parallel(n_jobs=2)(fit(tiny(max_epochs=1), X, Y) for _ in range(2))
    expected = _fit_and_predict(tiny(max_epochs=1), X, Y)
    for frame in found:
        np.testing.assert_allclose(frame["price"], expected["price"], rtol=1e-5)
        assert frame["grade"].equals(expected["grade"])


def _fit_and_predict(est, X, Y):
    return est.fit(X, Y).predict(X)


def test_save_and_load_beside_a_pipeline(tmp_path):
    X, Y = mixed_table()
    pipe = pipeline().fit(X, Y)
    pipe[-1].save(tmp_path / "net")
    loaded = load_estimator(tmp_path / "net")
    assert loaded.predict(pipe[0].transform(X)).equals(pipe[-1].predict(pipe[0].transform(X)))


# Metadata routing


def test_sample_weight_is_routed_where_routing_is_on():
    X, Y = numeric_table()
    weight = np.where(np.arange(60) < 30, 10.0, 0.1)
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        asked = make_pipeline(scaler, tiny().set_fit_request(sample_weight=True))
        routed = asked.fit(X, Y, sample_weight=weight).predict(X)
        plain = make_pipeline(StandardScaler(), tiny()).fit(X, Y).predict(X)
    assert not routed.equals(plain)


def test_task_ids_are_routed_where_routing_is_on():
    X, Y = numeric_table()
    ids = np.resize(["p", "q"], 60)
    with sklearn.config_context(enable_metadata_routing=True):
        est = tiny().set_fit_request(task=True).set_score_request(task=True)
        scores = cross_validate(est, X, Y, cv=3, params={"task": ids}, error_score="raise")
    assert np.isfinite(scores["test_score"]).all()


def test_a_pipeline_passes_weights_by_name_where_routing_is_off():
    X, Y = numeric_table()
    weight = np.where(np.arange(60) < 30, 10.0, 0.1)
    pipe = Pipeline([("scale", StandardScaler()), ("net", tiny())])
    plain = pipe.fit(X, Y).predict(X)
    assert not pipe.fit(X, Y, net__sample_weight=weight).predict(X).equals(plain)


# The long layout


def shops(n=120):
    """Two shops with opposite slopes, as rows with an id."""
    random = np.random.default_rng(0)
    x = random.normal(size=n)
    shop = random.choice(["north", "south"], n)
    X = pd.DataFrame({"x": x, "shop": shop})
    y = pd.Series(np.where(shop == "north", 2.0, -2.0) * x, name="sales")
    return X, y


def r2(y, guess):
    return 1 - ((y - guess) ** 2).sum() / ((y - y.mean()) ** 2).sum()


@pytest.mark.parametrize("sharing", ["hard", "none"])
def test_each_task_id_learns_its_own(sharing):
    X, y = shops()
    est = tiny(task="shop", max_epochs=100, lr=0.02, sharing=sharing).fit(X, y)
    assert est.groups_.tolist() == ["north", "south"]
    assert r2(y, est.predict(X)) > 0.95
    without = tiny(heads="column", task="shop", max_epochs=100, lr=0.02).fit(X, y)
    assert r2(y, without.predict(X)) < 0.5, "a common head can't know the shop"


def test_ids_as_an_argument_equal_ids_as_a_column():
    X, y = shops()
    column = tiny(task="shop").fit(X, y)
    ids = tiny().fit(X[["x"]], y, task=X["shop"])
    np.testing.assert_array_equal(column.predict(X), ids.predict(X[["x"]], task=X["shop"]))
    assert ids.score(X[["x"]], y, task=X["shop"]) == column.score(X, y)
    with pytest.raises(ValueError, match="task='store_id'"):
        ids.predict(X[["x"]])


def test_unknown_ids_are_warned_of_once_and_get_what_all_share():
    X, y = shops()
    est = tiny(task="shop", max_epochs=5).fit(X, y)
    strangers = X.assign(shop=np.where(np.arange(len(X)) < 50, "west", "east"))
    with pytest.warns(UserWarning, match=r"2 task id\(s\) .*'west', 'east'") as caught:
        found = est.predict(strangers)
    assert len(caught) == 1
    assert np.isfinite(found).all()
    with pytest.warns(UserWarning, match="not seen"):
        same = est.predict(X.assign(shop="else"))
    np.testing.assert_array_equal(found, same)


def test_columns_times_groups():
    X, y = shops()
    Y = pd.DataFrame({"sales": y, "big": np.where(X["x"].abs() > 0.7, "yes", "no")})
    Y.iloc[::5, 0] = np.nan
    est = tiny(task="shop", max_epochs=80, lr=0.02).fit(X, Y)
    found = est.predict(X)
    assert r2(y, found["sales"]) > 0.9
    assert (found["big"] == Y["big"]).mean() > 0.8
    assert {"train_loss/sales", "train_loss/big"} <= set(est.history_[-1])


def test_a_task_column_through_a_column_transformer():
    X, y = shops()
    code = make_column_transformer((StandardScaler(), ["x"]), remainder="passthrough")
    code.set_output(transform="pandas")
    pipe = make_pipeline(code, tiny(task="shop", max_epochs=60, lr=0.02)).fit(X, y)
    assert "remainder__shop" in pipe[-1].feature_names_in_
    assert r2(y, pipe.predict(X)) > 0.9
    scores = cross_val_score(pipe, X, y, cv=GroupKFold(3), groups=np.arange(120) % 6)
    assert (scores > 0.5).all()


def test_a_task_column_of_an_array_is_named_by_position():
    X, y = shops()
    array = np.column_stack([X["x"], X["shop"] == "north"])
    est = tiny(task=1, max_epochs=60, lr=0.02).fit(array, y.to_numpy())
    assert est.groups_.tolist() == [0.0, 1.0]
    assert r2(y.to_numpy(), est.predict(array)) > 0.9


def test_stacked_tasks_fit():
    X, y = shops()
    parts = {name: (X.loc[X.shop == name, ["x"]], y[X.shop == name]) for name in X.shop.unique()}
    rows, labels, ids = stack_tasks(parts)
    est = tiny(max_epochs=60, lr=0.02).fit(rows, labels, task=ids)
    assert r2(labels, est.predict(rows, task=ids)) > 0.9


def test_a_task_column_is_no_input():
    X, y = shops()
    est = tiny(task="shop", heads="column").fit(X, y)
    other = X.assign(shop=X["shop"][::-1].to_numpy())
    np.testing.assert_array_equal(est.predict(X), est.predict(other))


# Polars


def test_polars_in_polars_out():
    X, Y = mixed_table()
    X, Y = X.reset_index(drop=True), Y.reset_index(drop=True)
    frames = pl.from_pandas(X), pl.from_pandas(Y)
    found = tiny().fit(*frames).predict(frames[0])
    assert isinstance(found, pl.DataFrame)
    assert found.columns == COLUMNS
    expected = tiny().fit(X, Y).predict(X)
    np.testing.assert_allclose(found["price"].to_numpy(), expected["price"], rtol=1e-6)
    assert found["grade"].to_list() == expected["grade"].tolist()
    assert found["colour"].dtype in (pl.Categorical, pl.Enum)


def test_polars_series_in_series_out():
    X, Y = numeric_table()
    found = tiny().fit(pl.from_pandas(X), pl.Series("number", Y["number"])).predict(X)
    assert isinstance(found, pl.Series)
    assert found.name == "number"


# Weights


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


# Other parameters


def test_warm_start_goes_on():
    X, Y = numeric_table()
    est = tiny(warm_start=True, max_epochs=5, lr=0.05).fit(X, Y)
    first = est.predict(X)
    loss = est.history_[-1]["train_loss"]
    est.fit(X, Y)
    assert est.n_iter_ == len(est.history_) == 10
    assert est.history_[5]["train_loss"] < 1.1 * loss
    assert est.history_[5]["train_loss"] < est.history_[0]["train_loss"]
    assert not est.predict(X).equals(first)
    cold = tiny(max_epochs=5, lr=0.05).fit(X, Y).fit(X, Y)
    assert cold.n_iter_ == 5
    assert cold.predict(X).equals(first)


def test_warm_start_on_new_rows_keeps_the_coding():
    X, Y = mixed_table()
    est = tiny(warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="warm_start continues the same tasks"):
        est.fit(X, Y[["price"]])
    before = est.predict(X)
    est.set_params(lr=1e-30, weight_decay=0.0).fit(X.iloc[:30], Y.iloc[:30])
    pd.testing.assert_frame_equal(est.predict(X), before)


def test_a_failed_warm_start_leaves_the_fitted_estimator_as_it_was():
    X, Y = numeric_table()
    est = tiny(warm_start=True).fit(X, Y)
    before = est.predict(X)
    with pytest.raises(ValueError, match="diverged"):
        est.set_params(lr=1e25, optimizer="sgd", max_epochs=9).fit(X, Y)
    assert est.predict(X).equals(before)
    assert est.n_iter_ == 2


def test_heads_with_hidden_layers_and_modules_learn():
    X, Y = numeric_table()
    heads = {"number": (16,), "sort": nn.Sequential(nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 3))}
    before = copy.deepcopy(heads["sort"].state_dict())
    for sharing in ("hard", "none"):
        est = tiny(heads=heads, sharing=sharing, max_epochs=100, lr=0.02).fit(X, Y)
        assert est.score(X, Y) > 0.85
        names = dict(est._model.network.named_parameters())
        assert any("blocks" in name for name in names)
    for name, value in heads["sort"].state_dict().items():
        assert torch.equal(value, before[name])


def test_a_users_backbone_learns_and_is_not_changed():
    X, Y = numeric_table()
    module = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Dropout(0.1))
    before = copy.deepcopy(module.state_dict())
    for sharing in ("hard", "none"):
        est = tiny(backbone=module, sharing=sharing, max_epochs=100, lr=0.02).fit(X, Y)
        assert est.score(X, Y) > 0.8
        assert est.transform(X).shape == (60, 8 if sharing == "hard" else 24)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
    assert module.training


def test_transform_gives_the_features_that_the_heads_read():
    X, Y = numeric_table()
    est = tiny().fit(X, Y)
    z = est.transform(X)
    assert z.shape == (60, 8)
    head = est._model.network.heads
    out = z @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    np.testing.assert_allclose(
        est.predict(X)["number"], est._model.codec.predict(out)[0], rtol=1e-4, atol=1e-5
    )
    assert est.get_feature_names_out()[0] == "multitaskestimator0"
    framed = tiny().set_output(transform="pandas").fit(X, Y).transform(X)
    assert framed.index.equals(X.index)


def test_probabilities_are_a_list_in_the_tasks_order():
    X, Y = mixed_table()
    est = tiny().fit(X, Y)
    proba = est.predict_proba(X)
    assert [None if p is None else p.shape[1] for p in proba] == [None, 3, 2, 2]
    labels = est.predict(X)
    for column, p, classes in zip(COLUMNS, proba, est.classes_, strict=True):
        if p is not None:
            np.testing.assert_allclose(p.sum(1), 1)
            assert (classes[p.argmax(1)] == np.asarray(labels[column])).all()


def test_regressors_have_no_probabilities():
    X, Y = numeric_table()
    est = tiny(MultiTaskRegressor).fit(X, Y[["number"]])
    assert not hasattr(est, "classes_")
    assert not hasattr(est, "predict_proba")


def test_regression_loss_huber_stands_outliers():
    X, Y = numeric_table(100)
    y = Y["number"].copy()
    y.iloc[::10] += 40
    clean = Y["number"]
    options = {"max_epochs": 200, "lr": 0.01}
    squared = tiny(MultiTaskRegressor, **options).fit(X, y).predict(X)
    huber = tiny(MultiTaskRegressor, regression_loss="huber", **options).fit(X, y).predict(X)
    assert (huber - clean).abs().median() < (squared - clean).abs().median()


def test_task_kinds_override():
    X, _ = numeric_table()
    stars = pd.DataFrame({"stars": np.resize([1, 2, 3, 4, 5], 60)})
    assert tiny().fit(X, stars).tasks_["stars"].kind == "multiclass"
    number = tiny(task_kinds={"stars": "regression"}).fit(X, stars)
    assert number.tasks_["stars"].kind == "regression"
    assert number.predict(X)["stars"].nunique() > 5


def test_categorical_features_change_what_a_number_means():
    random = np.random.default_rng(0)
    code = random.permutation(8)[np.arange(160) % 8].astype(float)
    X = np.column_stack([code, random.normal(size=160)])
    y = np.where(np.isin(code, [0, 3, 4, 7]), 1.0, -1.0) + 0.01 * X[:, 1]
    options = {"max_epochs": 25, "lr": 0.02}
    as_category = tiny(MultiTaskRegressor, categorical_features=[0], **options).fit(X, y)
    as_number = tiny(MultiTaskRegressor, **options).fit(X, y)
    assert as_category.score(X, y) > as_number.score(X, y) + 0.1


def test_device_cpu_is_the_default_of_this_machine():
    X, Y = numeric_table()
    if torch.cuda.is_available():
        pytest.skip("the default is the GPU")
    assert tiny(device="cpu").fit(X, Y).predict(X).equals(tiny().fit(X, Y).predict(X))
