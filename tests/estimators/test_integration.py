"""The estimators inside scikit-learn: pipelines, searches, scorers, copies and routing."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn

from sklearn_3mtl import MultiTaskClassifier, MultiTaskEstimator, load_estimator
from sklearn_3mtl.balancing import Manual, Uncertainty
from sklearn_3mtl.metrics import task_scorer
from sklearn_3mtl.sharing import NoSharing
from tests._inputs import MIXED_KINDS, mixed_table, numeric_table
from tests._pinned import tiny

COLUMNS = list(MIXED_KINDS)


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


# Copies


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
