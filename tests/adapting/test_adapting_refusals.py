"""What `adapt` refuses, and that it then leaves the estimator as it is."""

import copy

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from sklearn_3mtl import MultiTaskClassifier, MultiTaskRegressor
from tests._adapting import FEW, NEW, REST, X, Y, assert_untouched, small, state
from tests._pinned import tiny

REFUSED = {
    "a list of two": (lambda: ([X[FEW], NEW[FEW]],), TypeError, r"tuple, adapt\(\(X, y\)\)"),
    "no labels": (lambda: (X[FEW],), ValueError, r"adapt needs labels: adapt\(X, y\)"),
    "three parts": (lambda: ((X, NEW, Y),), ValueError, "tuple of 3"),
    "no y": (lambda: (X[FEW], None), ValueError, "adapt needs labels"),
    "a dict": (lambda: (X[FEW], {"rent": NEW["rent"][FEW]}), TypeError, "y is a dict"),
    "another width, unnamed": (
        lambda: (X[FEW], NEW["rent"][FEW].to_numpy()),
        ValueError,
        r"1 unnamed column\(s\), but the estimator has 3 .*Name the columns of y",
    ),
    "one class": (
        lambda: (X[FEW], pd.Series(["x"] * 60, name="new")),
        ValueError,
        "Classification task 'new' has one class",
    ),
    "no label of a new column": (
        lambda: (X[FEW], NEW[["rent"]][FEW].assign(new=None)),
        ValueError,
        "Task 'new' has no label",
    ),
    "no label at all": (
        lambda: (X[FEW], Y[["number"]][FEW] * np.nan), ValueError, "y has no label",
    ),
    "other labels": (
        lambda: (X[FEW], Y["answer"][FEW].replace("yes", "perhaps")),
        ValueError,
        r"'answer' is binary with the classes \['no', 'yes'\]. Found other labels: \['perhaps'\]",
    ),
    "truth for numbers": (
        lambda: (X[FEW], (Y["number"] > 0)[FEW]), ValueError, "'number' is a regression. .*True",
    ),
    "classes for numbers": (
        lambda: (X[FEW], (Y["number"] > 0)[FEW].astype(float)),
        ValueError,
        "'number' is a regression. .*all 0 or 1.*task_kinds={'number': 'regression'}",
    ),
    "a tuple and y": (lambda: ((X[FEW], NEW[FEW]), NEW[FEW]), TypeError, "tuple X and also y"),
    "text for numbers": (
        lambda: (X[FEW], pd.Series(["x"] * 60, name="number")), ValueError, "'number' holds labels",
    ),
    "infinite labels": (
        lambda: (X[FEW], pd.Series([np.inf] * 60, name="rent")), ValueError, "'rent' .*infinity",
    ),
    "another length": (lambda: (X[FEW], NEW[:59]), ValueError, "X has 60 rows, y has 59"),
    "a column less": (lambda: (X[list("abc")], NEW), ValueError, "yet now missing"),
    "a column more": (lambda: (X.assign(z=1.0), NEW), ValueError, "unseen at fit time"),
    "another order": (lambda: (X[list("dcba")], NEW), ValueError, "same order"),
    "infinite X": (lambda: (X.assign(a=np.inf), NEW), ValueError, "infinity in column"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_leaves_the_estimator_as_it_is(fitted, name):
    make, error, message = REFUSED[name]
    before = state(fitted)
    with pytest.raises(error, match=f"(?s){message}"):
        fitted.adapt(*make())
    assert_untouched(fitted, before)


def test_unfit_arguments_are_refused(fitted):
    with pytest.raises(ValueError, match="`sample_weight` should be >= 0"):
        fitted.adapt(X[FEW], NEW[FEW], sample_weight=-np.ones(60))
    with pytest.raises(ValueError, match=r"`task` was passed, but .* without task ids"):
        fitted.adapt(X[FEW], NEW[FEW], task=["p"] * 60)


def test_a_new_column_whose_labels_all_have_weight_zero(fitted):
    """As in fit."""
    weight = np.ones((60, 3)) * [1.0, 0.0, 1.0]
    with pytest.raises(ValueError, match="'big' has no label with a positive weight"):
        fitted.adapt(X[FEW], NEW[FEW], sample_weight=weight)


def test_a_kind_that_contradicts_a_known_target(fitted):
    est = copy.copy(fitted).set_params(task_kinds={"number": "binary"})
    with pytest.raises(ValueError, match="'number' is binary, but it was fitted as regression"):
        est.adapt(X[FEW], Y["number"][FEW])


def test_zeros_and_ones_are_amounts_where_the_user_or_the_class_says_so(fitted):
    few = (Y["number"] > 0)[FEW].astype(float)
    est = copy.copy(fitted).set_params(task_kinds={"number": "regression"})
    assert list(est.adapt(X[FEW], few).tasks_) == list(fitted.tasks_)
    numbers = small(MultiTaskRegressor).fit(X[REST], Y["number"][REST])
    assert list(numbers.adapt(X[FEW], few).tasks_) == ["number"]


def test_before_fit_there_is_nothing_to_adapt():
    with pytest.raises(NotFittedError):
        tiny().adapt(X, Y)


def test_a_wrong_parameter_is_refused(fitted):
    est = small(adapt_lr=0.1).fit(X[FEW], Y[FEW])
    with pytest.raises(ValueError, match="'adapt_lr'"):
        est.set_params(adapt_lr=-1).adapt(X[FEW], NEW[FEW])


@pytest.mark.parametrize(
    ("cls", "old", "new", "message"),
    [
        (MultiTaskRegressor, "number", "kind", "Regression task 'kind' holds labels that are not"),
        (MultiTaskClassifier, "answer", "rent", "Unknown label type: continuous"),
    ],
)
def test_a_shell_keeps_to_its_kinds(cls, old, new, message):
    est = small(cls).fit(X[REST], Y[old][REST])
    with pytest.raises(ValueError, match=message):
        est.adapt(X[FEW], NEW[new][FEW])
