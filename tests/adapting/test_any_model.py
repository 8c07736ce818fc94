"""`adapt` for scikit-learn models that are not of this library, and such models as `source`."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import get_scorer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from sklearn_3mtl import (
    ThreeMTLRegressor,
    TransferClassifier,
    TransferEstimator,
    TransferRegressor,
    adapt,
    load_estimator,
)


def table(n, seed, *, shifted):
    """A source, and a target whose labels are on another scale and depend on one more column."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(n, 4)), columns=list("abcd"))
    y = 3.0 * np.sin(X["a"]) + X["b"] ** 2 + X["c"] + 0.3 * random.normal(size=n)
    return X, 0.7 * y + 2.0 + 0.5 * X["d"] if shifted else y


SOURCE, TEST = table(1000, 0, shifted=False), table(1000, 1, shifted=True)
MODEL = HistGradientBoostingRegressor(random_state=0).fit(*SOURCE)


def test_few_rows_recalibrate_and_more_rows_do_more():
    scores = [MODEL.score(*TEST)]
    for n in (5, 20, 200):
        few = table(n, 2, shifted=True)
        adapted = adapt(MODEL, *few)
        assert isinstance(adapted, TransferRegressor)
        line = LinearRegression().fit(MODEL.predict(few[0])[:, None], few[1])
        scores.append(adapted.score(*TEST))
    assert scores == sorted(scores)
    assert scores[1] > 0.4
    assert scores[-1] > line.score(MODEL.predict(TEST[0])[:, None], TEST[1]) + 0.05


@pytest.mark.parametrize(("n", "loss"), [(2, 0.05), (5, 0.1), (20, 0.01), (100, 0.01)])
def test_a_model_that_is_right_is_hardly_changed(n, loss):
    test = table(1000, 4, shifted=False)
    scores = [adapt(MODEL, *table(n, 20 + k, shifted=False)).score(*test) for k in range(10)]
    assert np.mean(scores) > MODEL.score(*test) - loss


def test_a_classifier_with_classes_that_the_rows_lack():
    X, y = SOURCE
    labels = pd.cut(y, [-np.inf, 0.0, 2.0, np.inf], labels=False).map({0: "p", 1: "q", 2: "r"})
    model = HistGradientBoostingClassifier(random_state=0).fit(X, labels)
    few = table(12, 5, shifted=False)
    known = few[1] < 2.0
    adapted = adapt(model, few[0][known], np.where(few[1][known] < 0, "p", "q"))
    assert isinstance(adapted, TransferClassifier)
    assert adapted.classes_.tolist() == ["p", "q", "r"]
    test = table(500, 6, shifted=False)
    truth = pd.cut(test[1], [-np.inf, 0.0, 2.0, np.inf], labels=False).map({0: "p", 1: "q", 2: "r"})
    assert set(adapted.predict(test[0])) == {"p", "q", "r"}
    assert adapted.score(test[0], truth) > 0.7


@pytest.mark.parametrize(
    "model",
    [Ridge(), SVR(), make_pipeline(StandardScaler(), Ridge())],
    ids=lambda model: type(model).__name__,
)
def test_any_regressor_and_a_pipeline_as_a_whole(model, tmp_path):
    fitted = model.fit(*SOURCE)
    adapted = adapt(fitted, table(50, 7, shifted=True))
    assert adapted.score(*TEST) > fitted.score(*TEST) + 0.1
    before = fitted.predict(TEST[0])
    adapted.save(tmp_path / "adapted")
    again = load_estimator(tmp_path / "adapted")
    np.testing.assert_array_equal(again.predict(TEST[0]), adapted.predict(TEST[0]))
    np.testing.assert_array_equal(fitted.predict(TEST[0]), before)


def test_arrays_weights_and_further_rows():
    X, y = table(60, 8, shifted=True)
    model = Ridge().fit(SOURCE[0].to_numpy(), SOURCE[1])
    adapted = adapt(model, X.to_numpy()[:30], y[:30], sample_weight=np.ones(30))
    more = adapted.adapt(X.to_numpy()[30:], y[30:])
    at_once = adapt(model, X.to_numpy(), y)
    test = TEST[0].to_numpy()
    # The first rows say how X is coded, so that lots differ a little from the whole.
    assert np.corrcoef(more.predict(test), at_once.predict(test))[0, 1] > 0.98
    assert more.score(test, TEST[1]) > adapted.score(test, TEST[1]) - 0.02


def test_scorers_work_on_it():
    X, y = SOURCE
    labels = (y > 1.0).astype(int)
    model = LogisticRegression().fit(X, labels)
    adapted = adapt(model, X[:20], labels[:20])
    assert adapted.classes_.dtype == labels.dtype
    assert get_scorer("roc_auc")(adapted, X, labels) > 0.6
    with pytest.raises(ValueError, match="y has no label: adapt needs at least one"):
        adapt(MODEL, X[:3], y[:3] * np.nan)
    with pytest.raises(ValueError, match=r"The model to adapt, Hist.* can't be used on X and y"):
        adapt(MODEL, X[["b", "a"]][:9], y[:9])


def test_it_is_what_source_takes():
    few = table(50, 9, shifted=True)
    source = FrozenEstimator(MODEL)
    target = TransferEstimator(source=source, random_state=0).fit(*few)
    np.testing.assert_array_equal(target.predict(TEST[0]), adapt(MODEL, *few).predict(TEST[0]))


def test_what_is_refused():
    X, y = SOURCE
    with pytest.raises(TypeError, match=r"classifier or regressor\. Found KMeans"):
        adapt(KMeans(2, n_init=1).fit(X), X, y)
    with pytest.raises(NotFittedError):
        adapt(Ridge(), X, y)
    with pytest.raises(ValueError, match=r"Ridge, which predicts one target. y has \['u', 'v'\]"):
        adapt(Ridge().fit(X, y), X, pd.DataFrame({"u": y, "v": y}))
    with pytest.raises(ValueError, match=r"Task 'y'"):
        adapt(LogisticRegression().fit(X, y > 0), X[:5], ["a", "b", "a", "b", "a"])
    union = ThreeMTLRegressor(source=FrozenEstimator(MODEL), task="a")
    with pytest.raises(ValueError, match=r"meta='ridge' and source=FrozenEstimator"):
        union.fit(X, y)
