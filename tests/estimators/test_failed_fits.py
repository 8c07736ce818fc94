"""Before fit, and after a fit that failed or diverged."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from tests._inputs import tiny


@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform"])
def test_not_fitted(table, method):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(tiny(), method)(table[0])


def test_not_fitted_score_and_save(table, tmp_path):
    with pytest.raises(NotFittedError):
        tiny().score(*table)
    with pytest.raises(NotFittedError):
        tiny().save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_a_failed_fit_does_not_make_an_estimator_fitted(table):
    X, Y = table
    est = tiny()
    with pytest.raises(ValueError, match="has no label"):
        est.fit(X, Y.assign(sort=None))
    with pytest.raises(NotFittedError):
        est.predict(X)


def test_divergence_names_the_task_and_the_way_out(table):
    X, Y = table
    with pytest.raises(ValueError, match=r"diverged .*'number'.* Lower `lr` \(it is 1e\+30\)"):
        tiny(lr=1e30, max_epochs=5).fit(X, Y[["number"]])


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(("optimizer", "lr"), [("adamw", 1e30), ("sgd", 1e38)])
def test_divergence_in_the_last_step_is_seen(table, optimizer, lr, early_stopping):
    """The loss that the epoch records was computed before the step that broke the weights."""
    est = tiny(
        lr=lr, optimizer=optimizer, max_epochs=1, batch_size=1000, early_stopping=early_stopping
    )
    with pytest.raises(ValueError, match="diverged"):
        est.fit(*table)


BREAKING = {
    "labels": (lambda X: X, lambda Y: Y.assign(sort=None), {}),
    "inputs": (lambda X: X.assign(a=np.inf), lambda Y: Y, {}),
    "other columns": (lambda X: X[["a"]], lambda Y: Y.assign(sort=None), {}),
    "parameters": (lambda X: X, lambda Y: Y, {"lr": -1}),
    "divergence": (lambda X: X, lambda Y: Y, {"lr": 1e30, "max_epochs": 5}),
    "divergence, warm": (
        lambda X: X,
        lambda Y: Y,
        {"lr": 1e30, "max_epochs": 5, "warm_start": True},
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_failed_fit_leaves_the_earlier_one_usable(table, name):
    X, Y = table
    change_X, change_Y, parameters = BREAKING[name]
    est = tiny().fit(X, Y)
    before = est.predict(X)
    with pytest.raises(ValueError, match=r"."):
        est.set_params(**parameters).fit(change_X(X), change_Y(Y))
    pd.testing.assert_frame_equal(est.predict(X), before)
    assert list(est.feature_names_in_) == list(X)
