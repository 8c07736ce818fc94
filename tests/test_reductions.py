"""The union with parts off is the smaller estimator, after `fit` and after `adapt`.

Survey arXiv 2111.12146: figure 6 is 3MTL whole; figure 8 shows it with boxes off.
"""

import numpy as np
import pandas as pd
import pytest
import torch

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
)
from sklearn_3mtl.objective import BiLevelObjective
from tests._reductions import assert_same_bits, complete_table
from tests._small_tasks import QUICK, both, signs, slopes

SMALL = {
    "hidden_layer_sizes": (16, 8), "n_estimators": 2, "max_epochs": 3, "random_state": 0,
}  # fmt: skip


def boxes(est):
    """Which boxes of figure 6 a fitted estimator has, besides backbone and heads."""
    network, objective = est._model.network, est._model.objective
    return {
        "several modalities": len(network.encoders) > 1,
        "inner loop": isinstance(objective, BiLevelObjective),
        "supports of tasks": est._model.adapter is not None,
        "domains made alike": objective.domain_term is not None,
    }


def same(one, other, X):
    assert_same_bits(one, other)
    mine, theirs = one._model.objective.state_dict(), other._model.objective.state_dict()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    pd.testing.assert_frame_equal(pd.DataFrame(one.predict(X)), pd.DataFrame(other.predict(X)))


WIDE = complete_table()
LONG = both(n_rows=9)


@pytest.mark.parametrize("given", [{}, {"task": "store"}], ids=["wide", "long"])
def test_figure_8a_multi_task_learning(given):
    """Off: pretrained source, domains, inner loop. On: backbone, heads, balancing."""
    X, Y = LONG if given else WIDE
    union = ThreeMTLEstimator(
        paradigm="mtl", domain_loss="dann", balancing="uncertainty", **given, **SMALL
    ).fit(X, Y)
    plain = MultiTaskEstimator(balancing="uncertainty", **given, **SMALL).fit(X, Y)
    assert not any(boxes(union).values())
    assert union._model.network.fusion.is_concatenation
    same(union, plain, X)
    new = pd.DataFrame({"new": np.arange(len(X)) % 3 == 0})
    same(union.adapt(X, new), plain.adapt(X, new), X)
    same(union.adapt(X[:9], Y[:9]), plain.adapt(X[:9], Y[:9]), X)


@pytest.mark.parametrize("meta", ["ridge", "maml"])
def test_figure_8b_meta_learning(meta):
    """Off: pretrained source, domains. On: inner loop, supports; several heads or one."""
    X, Y = LONG
    options = {"task": "store", "meta": meta, **QUICK}
    union = ThreeMTLEstimator(paradigm="meta", domain_loss="coral", **options).fit(X, Y)
    plain = MetaLearner(**options).fit(X, Y)
    on = [name for name, there in boxes(union).items() if there]
    assert on == ["inner loop", "supports of tasks"]
    same(union, plain, X)
    X_new, Y_new = both(n_tasks=2, n_rows=6, seed=1, first=90)
    same(union.adapt(X_new, Y_new), plain.adapt(X_new, Y_new), X_new)


def test_meta_learning_of_wide_tasks():
    """Without ids nothing adapts: multi-task learning, whatever `meta` says."""
    X, Y = WIDE
    union = ThreeMTLEstimator(meta="maml", **SMALL).fit(X, Y)
    same(union, MultiTaskEstimator(**SMALL).fit(X, Y), X)
    same(ThreeMTLEstimator(paradigm="meta", heads="column", **SMALL).fit(X, Y),
         MetaLearner(**SMALL).fit(X, Y), X)  # fmt: skip


@pytest.mark.parametrize("strategy", ["auto", "fine_tune", "extract"])
def test_figure_8c_transfer_learning(strategy):
    """Off: inner loop, supports. On: the source, and what a strategy trains of it."""
    X, Y = WIDE
    options = {"strategy": strategy, "adapt_steps": 4, **SMALL}
    union = ThreeMTLEstimator(paradigm="transfer", **options).fit(X, Y)
    plain = TransferEstimator(**options).fit(X, Y)
    assert not any(boxes(union).values())
    same(union, plain, X)
    same(union.adapt(X[:40], Y[:40]), plain.adapt(X[:40], Y[:40]), X)
    started = [
        cls(source=plain, **options).fit(X[:40], Y[:40]) for cls in (ThreeMTLEstimator, type(plain))
    ]
    started[0].set_params(paradigm="transfer").fit(X[:40], Y[:40])
    union = ThreeMTLEstimator(paradigm="transfer", source=plain, **options).fit(X[:40], Y[:40])
    same(union, started[1], X)


@pytest.mark.parametrize("loss", ["dann", "coral", "mmd"])
def test_figure_8c_domain_adaptation(loss):
    X, Y = WIDE
    site = np.repeat(["here", "there"], [41, 40])
    options = {"domain_loss": loss, "batch_size": 16, **SMALL}
    union = ThreeMTLEstimator(paradigm="transfer", **options).fit(X, Y, domain=site)
    plain = TransferEstimator(**options).fit(X, Y, domain=site)
    assert [name for name, there in boxes(union).items() if there] == ["domains made alike"]
    same(union, plain, X)


def test_figure_6_has_all_boxes():
    X, Y = both(n_rows=9)
    X = X.assign(note=np.where(X["x"] > 0, "more of it", "less"), site=X["store"] % 2)
    est = ThreeMTLEstimator(
        task="store", domain="site", domain_loss="mmd", modalities={"text": "note"}, **QUICK
    ).fit(X, Y)
    assert all(boxes(est).values())
    off = [
        ThreeMTLEstimator(task="store", domain="site", modalities={"text": "note"}, **options)
        for options in (
            {"domain_loss": "mmd", "domain_loss_weight": 0.0, **QUICK},
            {"domain_loss": "mmd", "paradigm": "meta", **QUICK},
            QUICK,
        )
    ]
    for one in off[1:]:
        same(off[0].fit(X, Y), one.fit(X, Y), X)


@pytest.mark.parametrize("paradigm", ["3mtl", "meta+transfer", "meta", "mtl+meta"])
def test_presets_that_differ_in_absent_parts_only_are_one(paradigm):
    X, y = slopes(n_rows=9)
    est = ThreeMTLRegressor(task="store", paradigm=paradigm, **QUICK).fit(X, y)
    same(est, MetaRegressor(task="store", **QUICK).fit(X, y), X)


@pytest.mark.parametrize(
    ("paradigm", "classes", "numbers"),
    [
        ("mtl", MultiTaskClassifier, MultiTaskRegressor),
        ("mtl+transfer", TransferClassifier, TransferRegressor),
        ("mtl+meta", MetaClassifier, MetaRegressor),
    ],
)
def test_shells_of_one_kind(paradigm, classes, numbers):
    options = {"task": "store", **QUICK}
    only_episodes = {n: v for n, v in options.items() if n != "meta_batch_size"}
    small = options if "meta" in paradigm else only_episodes
    X, y = signs(n_rows=9)
    union = ThreeMTLClassifier(paradigm=paradigm, **options).fit(X, y)
    same(union, classes(**small).fit(X, y), X)
    X, y = slopes(n_rows=9)
    union = ThreeMTLRegressor(paradigm=paradigm, **options).fit(X, y)
    same(union, numbers(**small).fit(X, y), X)


def test_a_source_of_the_same_shape_is_where_training_starts():
    X, y = slopes(n_rows=9)
    options = {**QUICK, "n_estimators": 4, "prior": None}
    source = MultiTaskRegressor(**{n: v for n, v in options.items() if n != "meta_batch_size"}).fit(
        X.drop(columns="store"), y
    )
    X_wide = X.drop(columns="store")
    still = {**options, "lr": 1e-60, "weight_decay": 0.0, "max_epochs": 1}
    est = ThreeMTLRegressor(source=source, **still).fit(X_wide, y)
    for name in ("encoders", "backbone"):
        theirs, ours = (getattr(e._model.network, name).state_dict() for e in (source, est))
        assert all(torch.equal(theirs[key], ours[key]) for key in theirs)
    with pytest.raises(ValueError, match=r"another shape than that of `source`"):
        ThreeMTLRegressor(source=source, **{**options, "hidden_layer_sizes": (4,)}).fit(X_wide, y)
