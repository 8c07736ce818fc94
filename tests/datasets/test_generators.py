import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression

from sklearn_3mtl.datasets import make_multitask_classification, make_multitask_regression

both = pytest.mark.parametrize("make", [make_multitask_regression, make_multitask_classification])
linear_or_not = pytest.mark.parametrize("nonlinear", [False, True])


def off_diagonal(table):
    values = np.asarray(table)
    return values[~np.eye(len(values), dtype=bool)]


@linear_or_not
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_regression_recovers_the_planted_correlation(rho, nonlinear):
    _, Y = make_multitask_regression(
        20_000, n_tasks=4, task_correlation=rho, noise=0, nonlinear=nonlinear, random_state=0
    )
    np.testing.assert_allclose(off_diagonal(Y.corr()), rho, atol=0.04)
    np.testing.assert_allclose(Y.std(), 1, atol=0.05)
    np.testing.assert_allclose(Y.mean(), 0, atol=0.05)


def test_full_correlation_makes_the_tasks_equal():
    _, Y = make_multitask_regression(task_correlation=1, noise=0, random_state=0)
    np.testing.assert_allclose(Y["task1"], Y["task0"])
    _, Y = make_multitask_classification(task_correlation=1, flip_y=0, random_state=0)
    assert (Y["task1"] == Y["task0"]).all()


def test_more_tasks_than_inputs_are_correlated_on_average():
    _, Y = make_multitask_regression(
        2_000, n_features=5, n_tasks=40, task_correlation=0.6, noise=0, random_state=0
    )
    assert off_diagonal(Y.corr()).mean() == pytest.approx(0.6, abs=0.1)


@pytest.mark.parametrize(("rho", "low", "high"), [(0.0, 0.45, 0.55), (0.9, 0.8, 0.95)])
def test_classification_agrees_as_the_scores_do(rho, low, high):
    _, Y = make_multitask_classification(
        10_000, n_tasks=2, task_correlation=rho, flip_y=0, random_state=0
    )
    assert low < (Y["task0"] == Y["task1"]).mean() < high


def test_coefficients_explain_the_targets():
    X, Y, coef = make_multitask_regression(
        n_informative=4, task_correlation=0.7, noise=0, return_coef=True, random_state=0
    )
    np.testing.assert_allclose(X @ coef, Y)
    assert list(coef.index) == list(X.columns)
    assert (coef.iloc[4:] == 0).all(axis=None)
    gram = coef.T @ coef
    np.testing.assert_allclose(np.diag(gram), 1)
    np.testing.assert_allclose(off_diagonal(gram), 0.7)


def test_noise_has_the_given_size():
    X, Y, coef = make_multitask_regression(5_000, noise=0.5, return_coef=True, random_state=0)
    np.testing.assert_allclose((Y - X @ coef).std(), 0.5, rtol=0.05)


def test_nonlinear_is_not_linear_but_learnable():
    X, Y = make_multitask_regression(3_000, 5, noise=0, nonlinear=True, random_state=0)
    train, test = slice(0, 2_000), slice(2_000, None)
    linear, trees = (
        model.fit(X[train], Y["task0"][train]).score(X[test], Y["task0"][test])
        for model in (LinearRegression(), HistGradientBoostingRegressor(random_state=0))
    )
    assert linear < 0.85
    assert trees > 0.9


@linear_or_not
@both
def test_frames_have_the_given_form(make, nonlinear):
    X, Y = make(30, 4, 2, nonlinear=nonlinear, random_state=0)
    assert X.shape == (30, 4)
    assert list(X.columns) == ["x0", "x1", "x2", "x3"]
    assert list(Y.columns) == ["task0", "task1"]
    assert (X.dtypes == "float64").all()
    assert X.index.equals(Y.index)


@both
@pytest.mark.parametrize("missing", [0.0, 0.25, 0.9])
def test_missing_fraction_of_each_task(make, missing):
    _, Y = make(200, missing=missing, random_state=0)
    np.testing.assert_allclose(Y.isna().mean(), missing)


@both
def test_each_task_keeps_a_label(make):
    _, Y = make(5, missing=0.999, random_state=0)
    assert (Y.notna().sum() == 1).all()


@both
def test_missing_labels_leave_the_others_as_they_are(make):
    X, Y = make(random_state=0)
    X_gaps, Y_gaps = make(missing=0.5, random_state=0)
    pd.testing.assert_frame_equal(X, X_gaps)
    pd.testing.assert_frame_equal(
        Y.where(Y_gaps.notna()).astype("float64"), Y_gaps.astype("float64")
    )


def test_disjoint_rows_carry_one_label_each():
    _, Y = make_multitask_regression(101, shared_rows=False, random_state=0)
    assert (Y.notna().sum(axis=1) == 1).all()
    assert sorted(Y.notna().sum()) == [33, 34, 34]
    _, Y = make_multitask_regression(90, shared_rows=False, missing=0.5, random_state=0)
    assert (Y.notna().sum() == 15).all()


def test_classes_are_equally_many_and_ordered_by_the_score():
    _, Y = make_multitask_classification(120, n_classes=[2, 3, 4], flip_y=0, random_state=0)
    for name, n_classes in zip(Y, [2, 3, 4], strict=True):
        assert Y[name].value_counts().to_dict() == dict.fromkeys(range(n_classes), 120 // n_classes)
    halves, thirds = (
        make_multitask_classification(120, n_classes=n, flip_y=0, random_state=0)[1]["task0"]
        for n in (2, 3)
    )
    assert thirds[halves == 0].max() == 1
    assert thirds[halves == 1].min() == 1


def test_flipped_labels_are_as_many_as_asked():
    clean, noisy, random = (
        make_multitask_classification(4_000, flip_y=flip_y, random_state=0)[1]
        for flip_y in (0.0, 0.2, 1.0)
    )
    assert (clean != noisy).mean(axis=None) == pytest.approx(0.1, abs=0.02)
    assert (clean != random).mean(axis=None) == pytest.approx(0.5, abs=0.02)


def test_label_types_keep_the_kind_recognisable():
    _, whole = make_multitask_classification(n_classes=[2, 3, 2], random_state=0)
    assert (whole.dtypes == "int64").all()
    _, gaps = make_multitask_classification(n_classes=[2, 3, 2], missing=0.3, random_state=0)
    assert set(gaps["task0"].dropna()) == {0.0, 1.0}
    assert gaps["task0"].dtype == gaps["task2"].dtype == np.float64
    assert set(gaps["task1"].dropna()) == {"c0", "c1", "c2"}


@linear_or_not
@both
def test_a_seed_decides_everything(make, nonlinear):
    first = make(missing=0.2, nonlinear=nonlinear, random_state=7)
    second = make(missing=0.2, nonlinear=nonlinear, random_state=7)
    other = make(missing=0.2, nonlinear=nonlinear, random_state=8)
    for one, same, different in zip(first, second, other, strict=True):
        pd.testing.assert_frame_equal(one, same)
        assert not one.equals(different)


@both
def test_a_random_state_instance_moves_on(make):
    rng = np.random.RandomState(0)
    first, second = make(random_state=rng)[0], make(random_state=rng)[0]
    assert not first.equals(second)
    pd.testing.assert_frame_equal(first, make(random_state=np.random.RandomState(0))[0])


@both
@pytest.mark.parametrize("random_state", [None, 0])
def test_the_global_generator_is_left_alone(make, random_state):
    before = np.random.get_state()  # noqa: NPY002
    first, second = make(random_state=random_state)[0], make(random_state=random_state)[0]
    after = np.random.get_state()  # noqa: NPY002
    assert before[2:] == after[2:]
    assert (before[1] == after[1]).all()
    assert first.equals(second) == (random_state is not None)


@both
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_samples": 0}, r"n_samples must be an integer >= \d, got 0\."),
        ({"n_samples": 10.0}, r"n_samples must be an integer >= \d, got 10\.0\."),
        ({"n_features": -1}, r"n_features must be an integer >= 1, got -1\."),
        ({"n_tasks": True}, r"n_tasks must be an integer >= 1, got True\."),
        ({"n_tasks": "2"}, r"n_tasks must be an integer >= 1, got '2'\."),
        ({"task_correlation": 1.1}, r"task_correlation must be a number in \[0, 1\], got 1\.1\."),
        ({"task_correlation": "high"}, r"task_correlation must be a number in \[0, 1\], got"),
        ({"missing": 1.0}, r"missing must be a number in \[0, 1\), got 1\.0\."),
        ({"missing": float("nan")}, r"missing must be a number in \[0, 1\), got nan\."),
    ],
)
def test_common_parameters_are_checked(make, parameters, message):
    with pytest.raises(ValueError, match=message):
        make(**parameters)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"noise": -1}, r"noise must be a number in \[0, inf\), got -1\."),
        ({"noise": float("inf")}, r"noise must be a number in \[0, inf\), got inf\."),
        ({"n_informative": 11}, r"n_informative must be an integer from 1 to 10, got 11\."),
        ({"return_coef": True, "nonlinear": True}, "return_coef must be False"),
        ({"n_samples": 2, "shared_rows": False}, r"n_samples must be >= n_tasks \(3\).*got 2\."),
    ],
)
def test_regression_parameters_are_checked(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_multitask_regression(**parameters)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"flip_y": 2}, r"flip_y must be a number in \[0, 1\], got 2\."),
        ({"n_classes": 1}, r"n_classes must be an integer from 2 to 100, got 1\."),
        ({"n_classes": 2.5}, r"n_classes must be an integer, or a sequence .* got 2\.5\."),
        ({"n_classes": [2, 3]}, r"one per task \(3\), got 2 values: \[2, 3\]\."),
        ({"n_classes": [2, 3, 101]}, r"each of n_classes must be .* from 2 to 100, got 101\."),
    ],
)
def test_classification_parameters_are_checked(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_multitask_classification(**parameters)


def test_classes_may_come_as_an_array():
    _, Y = make_multitask_classification(n_classes=np.array([2, 3, 4]), random_state=0)
    assert list(Y.nunique()) == [2, 3, 4]
