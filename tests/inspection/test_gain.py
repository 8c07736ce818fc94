"""The gain report: what sharing did to each task."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, KFold, ShuffleSplit, StratifiedKFold
from sklearn.pipeline import make_pipeline

from sklearn_3mtl import MultiTaskEstimator, MultiTaskRegressor
from sklearn_3mtl.datasets import make_multitask_regression
from sklearn_3mtl.inspection import single_task_gain
from tests._inputs import mixed_table, tiny
from tests._pinned import tiny as pinned

COLUMNS = ["kind", "shared", "own net", "difference", "low", "high", "verdict"]


def test_the_report_has_a_line_for_each_task():
    X, Y = mixed_table()
    report = single_task_gain(tiny(MultiTaskEstimator, max_epochs=2), X, Y, cv=2)
    assert report.columns.tolist() == COLUMNS
    assert report.index.tolist() == list(Y.columns)
    assert (report["low"] <= report["difference"]).all()
    assert (report["difference"] <= report["high"]).all()
    np.testing.assert_allclose(report["difference"], report["shared"] - report["own net"])


def test_scores_are_those_of_the_held_out_predictions():
    X, Y = make_multitask_regression(n_samples=60, n_tasks=2, random_state=0)
    est, cv = tiny(MultiTaskRegressor, max_epochs=3), KFold(3)
    report = single_task_gain(est, X, Y, cv=cv)
    for column, sharing in (("shared", "hard"), ("own net", "none")):
        est.set_params(sharing=sharing)
        guess = pd.concat(
            [est.fit(X.iloc[a], Y.iloc[a]).predict(X.iloc[b]) for a, b in cv.split(X)]
        )
        expected = 1 - ((Y - guess) ** 2).mean() / Y.var(ddof=0)
        np.testing.assert_allclose(report[column], expected, rtol=1e-6)


@pytest.mark.parametrize("confidence", [0.95, 0.5])
def test_the_interval_is_that_of_a_paired_t_test_over_held_out_rows(confidence):
    X, Y = make_multitask_regression(n_samples=60, n_tasks=2, random_state=0)
    est, cv = tiny(MultiTaskRegressor, max_epochs=3), KFold(3)
    report = single_task_gain(est, X, Y, cv=cv, confidence=confidence)
    errors = [
        pd.concat(
            [
                (Y.iloc[b] - est.fit(X.iloc[a], Y.iloc[a]).predict(X.iloc[b])) ** 2
                for a, b in cv.split(X)
            ]
        )
        for est in (est.set_params(sharing="none"), clone(est).set_params(sharing="hard"))
    ]
    units = Y.var(ddof=0)
    interval = stats.ttest_rel(errors[0] / units, errors[1] / units).confidence_interval(confidence)
    np.testing.assert_allclose(report["low"], interval.low, rtol=1e-5)
    np.testing.assert_allclose(report["high"], interval.high, rtol=1e-5)


def test_rows_that_are_tested_twice_count_once():
    X, Y = make_multitask_regression(n_samples=60, n_tasks=2, random_state=0)
    est = tiny(MultiTaskRegressor, max_epochs=2)
    splits = list(KFold(3).split(X))
    once, twice = (single_task_gain(est, X, Y, cv=s) for s in (splits, splits * 2))
    pd.testing.assert_frame_equal(once, twice)


def test_missing_labels_and_rows_that_are_never_tested_are_left_out():
    X, Y = mixed_table()
    Y = Y.mask(np.random.default_rng(0).random(Y.shape) < 0.3)
    cv = ShuffleSplit(2, test_size=0.3, random_state=0)
    report = single_task_gain(tiny(MultiTaskEstimator, max_epochs=2), X, Y, cv=cv)
    assert report.drop(columns="verdict").notna().all().all()


def test_groups_reach_the_splitter():
    X, Y = make_multitask_regression(n_samples=60, n_tasks=2, random_state=0)
    groups = np.arange(60) // 10
    est = tiny(MultiTaskRegressor, max_epochs=2)
    report = single_task_gain(est, X, Y, cv=GroupKFold(3), groups=groups)
    assert len(report) == 2


def test_the_estimator_stays_unfitted():
    X, Y = make_multitask_regression(n_samples=40, n_tasks=2, random_state=0)
    est = tiny(MultiTaskRegressor, max_epochs=1)
    single_task_gain(est, X, Y, cv=2)
    assert not hasattr(est, "tasks_")
    assert est.sharing == "hard"


def test_an_estimator_that_shares_nothing_is_refused():
    X, Y = make_multitask_regression(n_samples=40, n_tasks=2, random_state=0)
    with pytest.raises(ValueError, match="sharing='none'"):
        single_task_gain(tiny(MultiTaskRegressor, sharing="none"), X, Y)


def verdicts(X, Y, seed, **parameters):
    est = pinned(MultiTaskRegressor, random_state=seed, **parameters)
    return single_task_gain(est, X, Y)


@pytest.mark.slow
def test_related_tasks_with_few_labels_are_helped():
    """Four related tasks of 100 inputs, 150 labels each on rows of their own, ten seeds."""
    right = 0
    for seed in range(10):
        X, Y = make_multitask_regression(
            n_samples=600, n_features=100, n_tasks=4, task_correlation=0.99, noise=0.3,
            random_state=seed,
        )  # fmt: skip
        owner = np.random.default_rng(seed).permutation(600) % 4
        Y = Y.where(owner[:, None] == np.arange(4))
        report = verdicts(X, Y, seed, hidden_layer_sizes=(32,), max_epochs=20, lr=3e-3)
        right += bool((report["low"] > 0).all() and (report["verdict"] == "helped").all())
    assert right >= 9


@pytest.mark.slow
def test_unrelated_tasks_that_compete_for_two_units_are_hurt():
    """Six unrelated tasks on a backbone of two units, plenty of rows, ten seeds."""
    right = 0
    for seed in range(10):
        X, Y = make_multitask_regression(
            n_samples=400, n_features=12, n_tasks=6, task_correlation=0.0, noise=0.1,
            random_state=seed,
        )  # fmt: skip
        report = verdicts(X, Y, seed, hidden_layer_sizes=(2,), max_epochs=40, lr=2e-2)
        right += bool((report["high"] < 0).all() and (report["verdict"] == "hurt").all())
    assert right >= 9


@pytest.mark.parametrize("confidence", [0, 1, 2.0])
def test_a_confidence_that_is_none_is_refused(confidence):
    X, Y = np.zeros((20, 2)), np.zeros((20, 2))
    with pytest.raises(ValueError, match="`confidence` should lie between 0 and 1"):
        single_task_gain(MultiTaskRegressor(), X, Y, confidence=confidence)


def test_a_pipeline_is_refused():
    X, Y = np.zeros((20, 2)), np.zeros((20, 2))
    with pytest.raises(ValueError, match="Found a Pipeline"):
        single_task_gain(make_pipeline(MultiTaskRegressor()), X, Y)


def test_rows_that_differ_in_number():
    X, Y = mixed_table()
    with pytest.raises(ValueError, match=rf"X has {len(X)} rows, y has 10"):
        single_task_gain(tiny(MultiTaskEstimator), X, Y.iloc[:10])


def test_folds_that_need_one_column_of_classes():
    X, Y = mixed_table()
    with pytest.raises(ValueError, match="`cv` should split rows without their labels"):
        single_task_gain(tiny(MultiTaskEstimator), X, Y, cv=StratifiedKFold(2))


def test_a_fold_without_a_class():
    X, Y = mixed_table()
    rare = np.where(np.arange(len(X)) < 2, "rare", "usual")
    with pytest.raises(ValueError, match=r"training rows of a fold .*'rare'.* has one class"):
        single_task_gain(tiny(MultiTaskEstimator), X, Y.assign(rare=rare), cv=KFold(2))


def test_a_fold_does_not_change_what_a_task_is():
    """Eleven numbers are a regression, also to the folds that see ten of them."""
    X, Y = mixed_table()
    random = np.random.default_rng(0)
    counts = random.integers(0, 10, len(X))
    counts[5] = 10
    est = tiny(MultiTaskEstimator, max_epochs=2)
    told = est.set_params(task_kinds={"counts": "regression"})
    expected = single_task_gain(told, X, Y.assign(counts=counts), cv=3)
    est = clone(est).set_params(task_kinds=None)
    pd.testing.assert_frame_equal(single_task_gain(est, X, Y.assign(counts=counts), cv=3), expected)
    assert expected.loc["counts", "kind"] == "regression"
