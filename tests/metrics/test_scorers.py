"""The `score` of estimators, and `task_scorer` in searches."""

import functools
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_3mtl import MultiTaskClassifier, MultiTaskRegressor
from sklearn_3mtl.metrics import mean_score, task_scorer, task_scores
from tests._inputs import mixed_table, numeric_table, tiny


@functools.cache
def fitted_mixed():
    X, Y = mixed_table()
    return tiny(max_epochs=5).fit(X, Y), X, Y


def test_score_is_the_mean_over_tasks():
    est, X, Y = fitted_mixed()
    expected = task_scores(Y, est.predict(X))["score"].mean()
    assert est.score(X, Y) == pytest.approx(expected)
    assert task_scorer()(est, X, Y) == pytest.approx(expected)


def test_score_matches_columns_by_name():
    est, X, Y = fitted_mixed()
    assert est.score(X, Y[Y.columns[::-1]]) == pytest.approx(est.score(X, Y))


def test_score_takes_the_kinds_of_fit():
    X, _ = numeric_table()
    stars = pd.DataFrame({"stars": np.arange(60) % 4})
    est = tiny(task_kinds={"stars": "regression"}).fit(X, stars)
    few = [0, 1]
    expected = sk.r2_score(stars.iloc[few], est.predict(X.iloc[few]))
    assert est.score(X.iloc[few], stars.iloc[few]) == pytest.approx(expected)
    assert task_scorer()(est, X.iloc[few], stars.iloc[few]) == pytest.approx(expected)


def test_mean_score_leaves_out_tasks_without_a_label():
    est, X, Y = fitted_mixed()
    gone = Y.assign(price=np.nan)
    scores = task_scores(Y, est.predict(X))["score"]
    assert est.score(X, gone) == pytest.approx(scores.drop("price").mean())
    nothing = pd.DataFrame(np.nan, index=Y.index, columns=Y.columns)
    assert np.isnan(mean_score(nothing, est.predict(X), tasks=est.tasks_))


@pytest.mark.parametrize("metric", ["rmse", "mae"])
def test_errors_are_negative_so_that_greater_is_better(metric):
    est, X, Y = fitted_mixed()
    table = task_scores(Y, est.predict(X))
    assert task_scorer(metric)(est, X, Y) == pytest.approx(-table.loc["price", metric])


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "f1_macro", "r2"])
def test_a_named_metric_is_the_mean_over_the_tasks_that_it_fits(metric):
    est, X, Y = fitted_mixed()
    expected = task_scores(Y, est.predict(X))[metric].mean()
    assert task_scorer(metric)(est, X, Y) == pytest.approx(expected)


@pytest.mark.parametrize(("metric", "sign"), [("roc_auc", 1), ("log_loss", -1)])
def test_probability_metrics(metric, sign):
    est, X, Y = fitted_mixed()
    table = task_scores(Y, est.predict(X), y_proba=est.predict_proba(X))
    assert task_scorer(metric)(est, X, Y) == pytest.approx(sign * table[metric].mean())
    one = task_scorer(metric, task="grade")(est, X, Y)
    assert one == pytest.approx(sign * table.loc["grade", metric])


def test_one_task():
    est, X, Y = fitted_mixed()
    table = task_scores(Y, est.predict(X))
    assert task_scorer(task="sold")(est, X, Y) == table.loc["sold", "accuracy"]
    assert task_scorer("rmse", task="price")(est, X, Y) == -table.loc["price", "rmse"]
    with pytest.raises(ValueError, match=r"`metric`='rmse' doesn't fit the binary task 'sold'"):
        task_scorer("rmse", task="sold")(est, X, Y)


def test_a_callable_gets_one_tasks_labelled_rows():
    est, X, Y = fitted_mixed()
    seen = []

    def metric(y_true, y_pred):
        seen.append((len(y_true), len(y_pred)))
        return len(seen)

    assert task_scorer(metric)(est, X, Y) == 2.5
    assert seen == [(n, n) for n in Y.notna().sum()]


def test_scorer_weighs_rows():
    est, X, Y = fitted_mixed()
    weight = np.linspace(0.1, 3, len(X))
    table = task_scores(Y, est.predict(X), sample_weight=weight)
    score = task_scorer("mae")(est, X, Y, sample_weight=weight)
    assert score == pytest.approx(-table.loc["price", "mae"])


SCORERS = {
    "all": task_scorer(),
    "price": task_scorer("rmse", task="price"),
    "auc": task_scorer("roc_auc"),
    "loss": task_scorer("log_loss"),
}


@pytest.mark.parametrize("wrap", [lambda est: est, make_pipeline])
def test_cross_validate_with_missing_labels_of_mixed_kinds(wrap):
    X, Y = mixed_table(90)
    cv = KFold(3, shuffle=True, random_state=0)
    est = wrap(tiny())
    result = cross_validate(est, X, Y, cv=cv, scoring=SCORERS, error_score="raise")
    for name in SCORERS:
        assert np.isfinite(result[f"test_{name}"]).all()
    for number, (train, test) in enumerate(cv.split(X)):
        est.fit(X.iloc[train], Y.iloc[train])
        expected = SCORERS["loss"](est, X.iloc[test], Y.iloc[test])
        assert result["test_loss"][number] == pytest.approx(expected)
        assert expected < 0


def test_grid_search_picks_the_best_by_a_task():
    X, Y = mixed_table(90)
    pipeline = make_pipeline(FunctionTransformer(), tiny())
    search = GridSearchCV(
        pipeline,
        {"multitaskestimator__lr": [1e-9, 0.05]},
        cv=KFold(3),
        scoring={"price": task_scorer("rmse", task="price"), "auc": task_scorer("roc_auc")},
        refit="price",
        error_score="raise",
    ).fit(X, Y)
    scores = search.cv_results_["mean_test_price"]
    assert (scores < 0).all()
    assert search.best_index_ == scores.argmax()
    expected = task_scores(Y, search.predict(X)).loc["price", "rmse"]
    assert task_scorer("rmse")(search, X, Y) == pytest.approx(-expected)
    assert np.isfinite(task_scorer("roc_auc")(search, X, Y))


def test_a_class_that_fit_did_not_see_has_no_log_loss():
    X, _ = numeric_table(6)
    y = pd.Series(["a", "b", "a", "b", "c", "a"])
    est = tiny(MultiTaskClassifier).fit(X[:4], y[:4])
    assert np.isnan(task_scorer("log_loss")(est, X, y))
    assert 0 <= task_scorer()(est, X, y) <= 5 / 6


def test_other_estimators_can_be_scored():
    X, Y = numeric_table()
    linear = LinearRegression().fit(X, Y["number"])
    assert task_scorer()(linear, X, Y["number"]) == pytest.approx(1)
    logistic = LogisticRegression().fit(X, Y["answer"])
    expected = -sk.log_loss(Y["answer"], logistic.predict_proba(X))
    assert task_scorer("log_loss")(logistic, X, Y["answer"]) == pytest.approx(expected)
    two = Y[["answer", "sort"]]
    dummy = DummyClassifier(strategy="prior").fit(X, two)
    expected = np.mean([sk.accuracy_score(two[c], [two[c].mode()[0]] * 60) for c in two])
    assert task_scorer()(dummy, X, two) == pytest.approx(expected)
    constant = DummyRegressor().fit(X, X)
    assert task_scorer()(constant, X, X) == pytest.approx(0)


def test_scorers_survive_pickling():
    est, X, Y = fitted_mixed()
    for scorer in [*SCORERS.values(), task_scorer(sk.accuracy_score, task="sold")]:
        assert pickle.loads(pickle.dumps(scorer))(est, X, Y) == scorer(est, X, Y)


def test_repr_shows_what_is_scored():
    assert repr(task_scorer("rmse", task="price")) == "task_scorer('rmse', task='price')"


def test_an_unknown_metric_is_refused_at_once():
    with pytest.raises(ValueError, match=r"`metric` should be one of \['accuracy', .*'rmsee'"):
        task_scorer("rmsee")


def test_an_unknown_task_is_refused():
    est, X, Y = fitted_mixed()
    with pytest.raises(ValueError, match=r"`task`='pirce' is no column of y; .*'price'"):
        task_scorer(task="pirce")(est, X, Y)


def test_the_shells_score_as_scikit_learn_does():
    X, Y = numeric_table()
    classifier = tiny(MultiTaskClassifier).fit(X, Y["sort"])
    expected = sk.accuracy_score(Y["sort"], classifier.predict(X))
    assert classifier.score(X, Y["sort"]) == pytest.approx(expected)
    regressor = tiny(MultiTaskRegressor).fit(X, X)
    assert regressor.score(X, X) == pytest.approx(sk.r2_score(X, regressor.predict(X)))
