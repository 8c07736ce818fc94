"""Which epoch's weights are kept where some tasks count little."""

import numpy as np
import pandas as pd
import pytest

from sklearn_3mtl.balancing import Manual
from tests._pinned import tiny

WEIGHTS = {
    "task_weight": lambda weight: {"task_weight": {"noise": weight}},
    "manual": lambda weight: {"balancing": Manual({"noise": weight})},
    "both": lambda weight: {
        "task_weight": {"noise": weight**0.5}, "balancing": Manual({"noise": weight**0.5})
    },
}  # fmt: skip
ways = pytest.mark.parametrize("way", WEIGHTS)
layouts = pytest.mark.parametrize("long", [False, True], ids=["wide", "long"])


def table(n=120):
    """A task that training learns a little better each epoch, and noise."""
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(n, 4)), columns=list("abcd"))
    number = X["a"] + X["b"]
    return X, pd.DataFrame({"number": number, "noise": random.normal(size=n)})


def fitted(long, **parameters):
    X, Y = table()
    if long:
        X, parameters["task"] = X.assign(shop=np.resize(["p", "q"], len(X))), "shop"
    options = {"early_stopping": True, "lr": 0.01, "max_epochs": 20, "n_iter_no_change": 20}
    est = tiny(validation_fraction=0.3, **options, **parameters).fit(X, Y)
    return est, np.array(est.history_[:, ("valid_loss/number", "valid_loss/noise")])


def kept(est):
    """The epoch whose weights were kept, as the history marks it."""
    return int(np.flatnonzero(est.history_[:, "valid_loss_best"])[-1])


@layouts
def test_without_weights_all_tasks_choose(long):
    est, losses = fitted(long)
    np.testing.assert_allclose(est.history_[:, "valid_loss"], losses.mean(1), rtol=1e-4)
    assert kept(est) == losses.mean(1).argmin()


@layouts
@ways
def test_a_task_that_hardly_counts_does_not_choose_the_epoch(way, long):
    est, losses = fitted(long, **WEIGHTS[way](0.01))
    expected = (losses[:, 0] + 0.01 * losses[:, 1]) / 1.01
    np.testing.assert_allclose(est.history_[:, "valid_loss"], expected, rtol=1e-4)
    assert kept(est) == expected.argmin()
    assert losses[kept(est), 0] < 1.05 * losses[:, 0].min()
    assert kept(est) != losses[:, 1].argmin(), "the noise would have chosen another"


@ways
def test_a_task_of_weight_0_has_no_vote(way):
    est, losses = fitted(False, **WEIGHTS[way](0.0))
    np.testing.assert_allclose(est.history_[:, "valid_loss"], losses[:, 0], rtol=1e-5)
    assert kept(est) == losses[:, 0].argmin()


def test_nets_that_share_nothing_each_choose_their_own_epoch():
    X, _ = table()
    plain, weighed = (
        fitted(False, sharing="none", **more)[0] for more in ({}, WEIGHTS["task_weight"](0.01))
    )
    assert np.array_equal(plain.predict(X)["number"], weighed.predict(X)["number"])
