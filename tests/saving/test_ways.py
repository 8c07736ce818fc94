"""Every fitted estimator comes back from files, pickle, joblib and skops, to the bit."""

import re
import sys
from functools import cache

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from sklearn_3mtl import (
    MetaClassifier,
    MetaLearner,
    MetaRegressor,
    MultiTaskClassifier,
    MultiTaskEstimator,
    MultiTaskRegressor,
    ThreeMTLClassifier,
    ThreeMTLEstimator,
    ThreeMTLRegressor,
    TransferClassifier,
    TransferEstimator,
    TransferRegressor,
    load_estimator,
)
from tests._adapting import NEW, X, Y, assert_same_bits, bits, shops, small
from tests._modal import reviews, short
from tests._saving import WAYS, by_file, by_skops
from tests._small_tasks import QUICK, both, signs, slopes

STORES = slopes(n_tasks=12, n_rows=12)
ROWS = slice(0, 60)
OPTIONS = {"max_epochs": 2}


def fitted(cls, y, **options):
    return small(cls, **{**OPTIONS, **options}).fit(X[ROWS], y[ROWS]), X


def multitask():
    return fitted(MultiTaskEstimator, Y, dropout=0.2, early_stopping=True)


def multitask_adapted():
    est, _ = fitted(MultiTaskEstimator, Y)
    return est.adapt(X[:40], NEW[:40]), X


def ids():
    table, sales = shops(80)
    return small(MultiTaskRegressor, task="shop", **OPTIONS).fit(table, sales), table


def ids_adapted():
    est, table = ids()
    more, sales = shops(30, seed=1, names=["west"])
    return est.adapt(more, sales).adapt(more.drop(columns="shop"), sales), table


def members_of_transfer():
    est, _ = fitted(TransferRegressor, Y["number"])
    return TransferRegressor(source=est, random_state=0).fit(X[:40], Y["answer"][:40] == "yes"), X


def meta(cls, tasks, **options):
    table, y = tasks
    return cls(task="store", **{**QUICK, **options}).fit(table, y), table


def meta_adapted():
    est, _ = meta(MetaRegressor, STORES)
    more, sales = slopes(n_tasks=2, n_rows=8, seed=1, first=90)
    return est.adapt(more, sales), more


def domains():
    site = np.resize(["old", "new"], 60)
    est = small(TransferClassifier, domain_loss="dann", **OPTIONS)
    return est.fit(X[ROWS], Y["answer"][ROWS], domain=site), X


def fine_tuned():
    est, _ = fitted(TransferEstimator, Y, strategy="fine_tune", adapt_steps=3)
    return est.adapt(X[:40], NEW["rent"][:40]), X


def extracted(head=None):
    est, _ = fitted(TransferEstimator if head is None else TransferRegressor, Y["number"])
    target = NEW if head is None else NEW["rent"]
    return est.set_params(strategy="extract", head=head).adapt(X[:40], target[:40]), X


def modal():
    table, y = reviews(60, missing=0.2)
    given = {"tabular": ["b"], "text": "review", "s": (StandardScaler(), ["a"])}
    return short(given).fit(table, y), table


FITTED = {
    "multi-task": multitask,
    "multi-task, adapted": multitask_adapted,
    "multi-task classifier": lambda: fitted(MultiTaskClassifier, Y[["answer", "sort"]]),
    "ids": ids,
    "ids, adapted": ids_adapted,
    "meta regressor": lambda: meta(MetaRegressor, STORES),
    "meta regressor, adapted": meta_adapted,
    "meta classifier": lambda: meta(MetaClassifier, signs(n_tasks=12, n_rows=12), meta="maml"),
    "meta learner": lambda: meta(MetaLearner, both(n_tasks=12, n_rows=12), meta="anil"),
    "transfer from a source": members_of_transfer,
    "domains": domains,
    "fine-tuned": fine_tuned,
    "models on features": extracted,
    "a model of the user's choice on features": lambda: extracted(Ridge(2.0)),
    "union": lambda: fitted(ThreeMTLEstimator, Y),
    "union, regressor": lambda: meta(ThreeMTLRegressor, STORES, meta="ridge"),
    "union, classifier": lambda: fitted(ThreeMTLClassifier, Y["sort"]),
    "modalities": modal,
}


@cache
def of(name):
    return FITTED[name]()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FITTED)
def test_predictions_come_back_to_the_bit(name, way, tmp_path):
    est, rows = of(name)
    found = WAYS[way](est, tmp_path)
    assert type(found) is type(est)
    assert_same_bits(bits(found, rows), bits(est, rows))
    assert found.n_iter_ == est.n_iter_
    assert found.chosen_ == est.chosen_
    assert repr(found.history_) == repr(est.history_)
    assert getattr(found, "forgetting_", None) == getattr(est, "forgetting_", None)
    assert (
        getattr(found, "feature_names_in_", np.array(0)).tolist() == est.feature_names_in_.tolist()
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["multi-task", "ids, adapted", "meta regressor"])
def test_adapting_goes_on(name, way, tmp_path):
    est, rows = of(name)
    found = WAYS[way](est, tmp_path)
    target = Y["number"] if name == "multi-task" else STORES[1].rename("sales")
    more = rows[:30]
    one, other = (e.adapt(more, target[:30]) for e in (est, found))
    assert_same_bits(bits(other, rows), bits(one, rows))


@pytest.mark.parametrize("way", WAYS)
def test_a_warm_start_goes_on_with_the_streams_of_the_fit(way, tmp_path):
    est = small(warm_start=True, dropout=0.3, max_epochs=2, balancing="uncertainty")
    est.fit(X[ROWS], Y[ROWS])
    found = WAYS[way](est, tmp_path)
    assert_same_bits(bits(found.fit(X[ROWS], Y[ROWS]), X), bits(est.fit(X[ROWS], Y[ROWS]), X))
    assert found.n_iter_ == 4


@pytest.mark.parametrize("way", WAYS)
def test_models_on_features_adapt_again(way, tmp_path):
    est, _ = extracted(Ridge(2.0))
    found = WAYS[way](est, tmp_path)
    assert found.head.alpha == 2.0
    assert found.strategy == "extract"
    again = [e.adapt(X[40:90], NEW["rent"][40:90] + 1).predict(X) for e in (est, found)]
    assert np.array_equal(*again)


def test_models_of_types_that_nobody_vouched_for_are_named(tmp_path):
    est, _ = extracted(KNeighborsRegressor(algorithm="kd_tree"))
    path = tmp_path / "est"
    est.save(path)
    strange = [
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.neighbors._kd_tree.KDTree",
    ]
    with pytest.raises(ValueError, match=re.escape(f"trusted={strange!r}")):
        load_estimator(path)
    loaded = load_estimator(path, trusted=strange)
    assert np.array_equal(loaded.predict(X), est.predict(X))
    with pytest.raises(Exception, match="EuclideanDistance64"):
        by_skops(est, tmp_path)


def test_the_extra_is_needed_for_models_on_features(tmp_path, monkeypatch):
    est, _ = extracted()
    monkeypatch.setitem(sys.modules, "skops.io", None)
    with pytest.raises(ImportError, match=r"strategy='extract' needs .*\[skops\]"):
        by_file(est, tmp_path)
