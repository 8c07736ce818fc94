"""The table of `task_scores`, on labels and predictions given."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from sklearn_3mtl.data.kinds import Regression
from sklearn_3mtl.metrics import task_scores

TRUTH = pd.DataFrame(
    {
        "price": [1.5, 2.0, np.nan, 4.0, 5.5],
        "sold": ["no", "yes", "no", None, "no"],
        "grade": [1, 2, 3, 3, 3],
    }
)
GUESS = pd.DataFrame(
    {
        "price": [1.0, 2.0, 99.0, 5.0, 5.0],
        "sold": ["no", "no", "no", "yes", "yes"],
        "grade": [1, 1, 3, 3, 2],
    }
)
HAS_PRICE = [0, 1, 3, 4]
HAS_SOLD = [0, 1, 2, 4]
WEIGHT = np.array([1.0, 2.0, 3.0, 4.0, 5.0])


def test_scores_equal_scikit_learn_on_the_labelled_rows():
    scores = task_scores(TRUTH, GUESS)
    t, p = TRUTH["price"][HAS_PRICE], GUESS["price"][HAS_PRICE]
    assert scores.loc["price", "r2"] == pytest.approx(sk.r2_score(t, p))
    assert scores.loc["price", "rmse"] == pytest.approx(sk.root_mean_squared_error(t, p))
    assert scores.loc["price", "mae"] == pytest.approx(sk.mean_absolute_error(t, p))
    t, p = TRUTH["sold"][HAS_SOLD], GUESS["sold"][HAS_SOLD]
    assert scores.loc["sold", "accuracy"] == pytest.approx(sk.accuracy_score(t, p))
    assert scores.loc["sold", "balanced_accuracy"] == sk.balanced_accuracy_score(t, p)
    assert scores.loc["sold", "f1_macro"] == pytest.approx(sk.f1_score(t, p, average="macro"))


def test_the_table_names_tasks_kinds_and_counts():
    scores = task_scores(TRUTH, GUESS)
    assert scores.index.tolist() == ["price", "sold", "grade"]
    assert scores.index.name == "task"
    assert scores.columns[:3].tolist() == ["kind", "n_labels", "score"]
    assert scores["kind"].tolist() == ["regression", "binary", "multiclass"]
    assert scores["n_labels"].tolist() == [4, 4, 5]
    assert scores.loc["price", "score"] == scores.loc["price", "r2"]
    assert scores.loc["grade", "score"] == scores.loc["grade", "accuracy"]
    assert scores.loc["price", ["accuracy", "f1_macro"]].isna().all()
    assert scores.loc["sold", ["r2", "rmse", "mae"]].isna().all()


@pytest.mark.parametrize("column", ["price", "sold", "grade"])
def test_sample_weight_weighs_rows(column):
    scores = task_scores(TRUTH, GUESS, sample_weight=WEIGHT)
    rows = TRUTH[column].notna()
    score = sk.r2_score if column == "price" else sk.accuracy_score
    expected = score(TRUTH[column][rows], GUESS[column][rows], sample_weight=WEIGHT[rows])
    assert scores.loc[column, "score"] == pytest.approx(expected)
    assert expected != score(TRUTH[column][rows], GUESS[column][rows])


def test_sample_weight_may_differ_by_task():
    weights = np.column_stack([WEIGHT, WEIGHT[::-1], np.ones(5)])
    scores = task_scores(TRUTH, GUESS, sample_weight=weights)
    for index, column in enumerate(TRUTH):
        alone = task_scores(TRUTH, GUESS, sample_weight=weights[:, index])
        assert scores.loc[column, "score"] == alone.loc[column, "score"]


def test_columns_are_matched_by_name():
    reordered = task_scores(TRUTH, GUESS[["grade", "price", "sold"]])
    pd.testing.assert_frame_equal(reordered, task_scores(TRUTH, GUESS))


def test_arrays_and_series_are_scored_too():
    assert task_scores([1.5, 2.5, 4.0], [1.5, 2.5, 4.0]).loc["y", "score"] == 1
    assert task_scores(np.array([0, 1, 1]), np.array([0, 1, 0])).loc["y", "accuracy"] == 2 / 3
    wide = task_scores(np.array([[0.5, 1.5], [1.5, 2.5]]), np.array([[0.5, 1.5], [1.5, 2.0]]))
    assert wide.index.tolist() == [0, 1]
    assert wide.loc[0, "rmse"] == 0
    assert wide.loc[1, "mae"] == 0.25


def test_kinds_may_be_given():
    scores = task_scores(TRUTH, GUESS, task_kinds={"grade": "regression"})
    assert scores.loc["grade", "kind"] == "regression"
    assert scores.loc["grade", "mae"] == pytest.approx(2 / 5)


def test_a_task_without_a_label_has_no_score():
    scores = task_scores(TRUTH.assign(price=np.nan), GUESS)
    assert scores.loc["price", "n_labels"] == 0
    assert np.isnan(scores.loc["price", "score"])
    assert scores.loc["sold", "score"] == 0.5


def test_one_regression_label_has_an_error_but_no_r2():
    scores = task_scores([1.5, np.nan], [1.0, 2.0])
    assert np.isnan(scores.loc["y", "r2"])
    assert scores.loc["y", "rmse"] == 0.5


PROBA_SOLD = np.array([[0.8, 0.2], [0.3, 0.7], [0.4, 0.6], [0.5, 0.5], [0.1, 0.9]])
PROBA_GRADE = np.array(
    [[0.6, 0.2, 0.2], [0.5, 0.4, 0.1], [0.1, 0.1, 0.8], [0.2, 0.3, 0.5], [0.1, 0.6, 0.3]]
)


def test_probabilities_give_auc_and_log_loss():
    scores = task_scores(TRUTH, GUESS, y_proba=[None, PROBA_SOLD, PROBA_GRADE])
    sold, proba = TRUTH["sold"][HAS_SOLD], PROBA_SOLD[HAS_SOLD]
    assert scores.loc["sold", "roc_auc"] == sk.roc_auc_score(sold == "yes", proba[:, 1])
    assert scores.loc["sold", "log_loss"] == pytest.approx(sk.log_loss(sold, proba))
    expected = sk.roc_auc_score(TRUTH["grade"], PROBA_GRADE, multi_class="ovr")
    assert scores.loc["grade", "roc_auc"] == pytest.approx(expected)
    assert scores.loc["grade", "log_loss"] == pytest.approx(
        sk.log_loss(TRUTH["grade"], PROBA_GRADE)
    )
    assert np.isnan(scores.loc["price", "roc_auc"])


def test_probabilities_of_one_task_may_be_an_array():
    scores = task_scores(TRUTH[["sold"]], GUESS[["sold"]], y_proba=PROBA_SOLD)
    several = task_scores(TRUTH, GUESS, y_proba=[None, PROBA_SOLD, None])
    assert scores.loc["sold", "log_loss"] == several.loc["sold", "log_loss"]


def test_probabilities_follow_the_order_of_the_labels_not_of_their_text():
    bins = pd.cut(pd.Series([1.0, 5.0, 15.0, 25.0, 150.0, 160.0]), [0, 10, 30, 200])
    proba = np.eye(3)[bins.cat.codes] * 0.7 + 0.1
    scores = task_scores(bins, bins, y_proba=proba)
    assert scores.loc["y", "roc_auc"] == 1
    assert scores.loc["y", "log_loss"] == pytest.approx(-np.log(0.8))


def test_probabilities_of_other_classes_have_no_score():
    scores = task_scores(TRUTH, GUESS, y_proba=[None, PROBA_GRADE, None])
    assert np.isnan(scores.loc["sold", "roc_auc"])


ERRORS = [
    ((TRUTH, GUESS[:3]), {}, "5 rows and 3 tasks, the predictions 3"),
    ((TRUTH, GUESS[["price"]]), {}, "5 rows and 3 tasks, the predictions 5 and 1"),
    ((TRUTH, GUESS.rename(columns={"sold": "gone"})), {}, r"'sold'.*the predictions' .*'gone'"),
    ((TRUTH, GUESS), {"y_proba": PROBA_SOLD}, "list of 3 arrays, one per task. Found 1"),
    ((TRUTH, GUESS), {"sample_weight": np.ones(3)}, r"`sample_weight` should have shape \(5,\)"),
]


@pytest.mark.parametrize(("tables", "options", "message"), ERRORS)
def test_tables_that_do_not_fit_are_refused(tables, options, message):
    with pytest.raises(ValueError, match=message):
        task_scores(*tables, **options)


def test_classes_that_are_fractions_are_scored():
    stars = pd.Series([0.5, 1.0, 1.5, 2.0, 0.5], name="stars")
    guess = stars.where(stars != 2.0, 0.5)
    scores = task_scores(stars, guess, task_kinds={"stars": "classification"})
    assert scores.loc["stars", "score"] == 0.8
    codes = (2 * stars).astype(int), (2 * guess).astype(int)
    expected = sk.f1_score(*codes, average="macro")
    assert scores.loc["stars", "f1_macro"] == pytest.approx(expected)
    assert scores.loc["stars", "kind"] == "multiclass"


def test_a_kind_may_be_given_itself():
    scores = task_scores(TRUTH, GUESS, task_kinds={"grade": Regression()})
    assert scores.loc["grade", "kind"] == "regression"
    with pytest.raises(ValueError, match=r"`task_kinds\['grade'\]` should be one of"):
        task_scores(TRUTH, GUESS, task_kinds={"grade": "number"})
