"""Curves and scores, drawn."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline

from sklearn_3mtl import MultiTaskEstimator
from sklearn_3mtl.inspection import LossCurveDisplay, TaskScoreDisplay
from sklearn_3mtl.metrics import task_scores
from tests._inputs import mixed_table, tiny


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def fitted():
    X, Y = mixed_table()
    est = tiny(MultiTaskEstimator, max_epochs=4, early_stopping=True, n_estimators=1)
    return est.fit(X, Y), X, Y


def test_a_curve_for_each_task_and_part(fitted):
    est, _, Y = fitted
    display = LossCurveDisplay.from_estimator(est)
    assert len(display.axes_) >= Y.shape[1]
    assert [ax.get_title() for ax in display.axes_[: Y.shape[1]]] == [str(c) for c in Y]
    for column in Y:
        recorded = est.history_[:, f"valid_loss/{column}"]
        np.testing.assert_allclose(display.losses["valid", column], recorded)
    labels = display.axes_[0].get_legend_handles_labels()[1]
    assert labels == ["train", "valid", "kept"]


def test_without_early_stopping_there_is_no_validation_curve():
    X, Y = mixed_table()
    est = tiny(MultiTaskEstimator, max_epochs=2, early_stopping=False).fit(X, Y)
    display = LossCurveDisplay.from_estimator(est)
    assert display.best_epoch is None
    assert set(display.losses.columns.get_level_values("part")) == {"train"}


def test_curves_of_a_pipeline_are_those_of_its_last_step(fitted):
    est, _, _ = fitted
    display = LossCurveDisplay.from_estimator(Pipeline([("nothing", "passthrough"), ("net", est)]))
    pd.testing.assert_frame_equal(display.losses, LossCurveDisplay.from_estimator(est).losses)


def test_curves_on_axes_of_the_users(fitted):
    est, _, Y = fitted
    figure, axes = plt.subplots(1, Y.shape[1])
    display = LossCurveDisplay.from_estimator(est, axes=axes, log=False)
    assert display.figure_ is figure
    with pytest.raises(ValueError, match="one for each"):
        LossCurveDisplay.from_estimator(est, axes=[plt.gca()])


def test_scores_are_those_of_task_scores(fitted):
    est, X, Y = fitted
    display = TaskScoreDisplay.from_estimator(est, X, Y)
    expected = task_scores(Y, est.predict(X), tasks=est.tasks_)["score"]
    np.testing.assert_allclose(display.scores.iloc[:, 0], expected)
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == [str(c) for c in Y]
    assert display.ax_.get_legend() is None


def test_several_models_have_a_legend_and_may_be_scored_by_another_metric(fitted):
    est, X, Y = fitted
    display = TaskScoreDisplay.from_estimator({"one": est, "two": est}, X, Y, metric="accuracy")
    assert display.scores.columns.tolist() == ["one", "two"]
    assert [t.get_text() for t in display.ax_.get_legend().get_texts()] == ["one", "two"]
    assert display.ax_.get_xlabel() == "accuracy"


def test_predictions_are_drawn_on_given_axes():
    truth = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "x"]})
    ax = plt.figure().gca()
    display = TaskScoreDisplay.from_predictions(truth, {"same": truth}, ax=ax)
    assert display.ax_ is ax
    assert display.scores["same"].tolist() == [1.0, 1.0]


def test_an_unknown_metric_is_refused(fitted):
    est, X, Y = fitted
    with pytest.raises(ValueError, match="`metric` should be one of"):
        TaskScoreDisplay.from_estimator(est, X, Y, metric="beauty")


def test_a_pipeline_is_scored_by_the_tasks_of_its_last_step():
    X, _ = mixed_table()
    counts = pd.Series(np.arange(len(X)) % 5, name="counts")
    est = tiny(MultiTaskEstimator, max_epochs=2, task_kinds={"counts": "regression"})
    pipe = Pipeline([("nothing", "passthrough"), ("net", est)]).fit(X, counts)
    display = TaskScoreDisplay.from_estimator(pipe, X, counts)
    assert display.scores.iloc[0, 0] == pytest.approx(pipe.score(X, counts))
