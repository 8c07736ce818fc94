"""A method of each family, in one file of its own: it trains, is cloned, searched and saved."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, KFold

from sklearn_3mtl import (
    MetaRegressor,
    MultiTaskRegressor,
    ThreeMTLRegressor,
    TransferClassifier,
    TransferRegressor,
    load_estimator,
)
from tests.plugins._data import QUICK, long, two_sites, wide, with_text
from tests.plugins.equal_gradients import EqualGradients
from tests.plugins.gated_experts import GatedExperts
from tests.plugins.inverse_loss import InverseLoss
from tests.plugins.low_rank_adapters import Adapted, LowRankAdapters
from tests.plugins.shrunk_mean import ShrunkMean
from tests.plugins.soft_sharing import SoftSharing
from tests.plugins.two_players import TwoPlayers
from tests.plugins.weighted_fusion import AveragedModalities

FILES = sorted(p for p in Path(__file__).parent.glob("[a-z]*.py") if not p.name.startswith("test_"))
MULTI = {**QUICK, "max_epochs": 30, "lr": 5e-3}


def cases():
    """Name of the family: estimator, X, y, and the parameter that a search varies."""
    X, Y = wide()
    for name, options, varied in (
        ("loss weighting", {"balancing": InverseLoss()}, ("balancing__momentum", [0.5, 0.9])),
        ("gradient rule", {"balancing": EqualGradients()}, ("balancing__power", [0.5, 1.0])),
        ("sharing", {"sharing": GatedExperts()}, ("sharing__n_experts", [2, 3])),
        ("term", {"sharing": SoftSharing()}, ("sharing__strength", [0.001, 0.1])),
    ):
        yield pytest.param(MultiTaskRegressor(**options, **MULTI), X, Y, varied, id=name)
    X, y = long()
    meta = MetaRegressor(task="store", meta=ShrunkMean(), max_epochs=8, **QUICK)
    yield pytest.param(meta, X, y, ("meta__penalty", [0.5, 2.0]), id="meta method")
    X, y = with_text()
    fused = ThreeMTLRegressor(
        modalities={"text": "note", "tabular": ["a"]}, fusion=AveragedModalities(), **MULTI
    )
    yield pytest.param(fused, X, y, ("fusion__width", [8, 16]), id="fusion")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_is_one_short_file(path):
    assert len(path.read_text().splitlines()) <= 60


@pytest.mark.parametrize(("est", "X", "y", "varied"), list(cases()))
def test_it_trains_and_is_cloned_searched_and_saved(est, X, y, varied, tmp_path):
    fitted = clone(est).fit(X, y)
    assert fitted.score(X, y) > 0.6
    again = clone(fitted).fit(X, y)
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    quick = clone(est).set_params(max_epochs=1)
    search = GridSearchCV(quick, {varied[0]: varied[1]}, cv=KFold(2, shuffle=True, random_state=0))
    assert search.fit(X, y).best_params_[varied[0]] in varied[1]
    fitted.save(tmp_path / "it.3mtl")
    family = varied[0].split("__")[0]
    loaded = load_estimator(tmp_path / "it.3mtl", parts={family: getattr(est, family)})
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))


def test_two_players_carry_labels_over_to_a_shifted_site(tmp_path):
    X, y, truth = two_sites()
    new = (X["site"] == "new").to_numpy()
    options = {
        "domain": "site", "max_epochs": 40, "lr": 5e-3, "early_stopping": False, "prior": None,
        "numeric_embedding": None, **QUICK,
    }  # fmt: skip
    players = {"domain_loss": TwoPlayers(n_turns=3), "domain_loss_weight": 10.0}
    est = TransferClassifier(**players, **options).fit(X, y)
    features = est.transform(X)
    plain = TransferClassifier(**options).fit(X, y)
    assert np.mean(est.predict(X)[new] == truth[new]) > 0.9
    gap, before = (
        np.linalg.norm(z[new].mean(0) - z[~new].mean(0)) / z.std()
        for z in (features, plain.transform(X))
    )
    assert gap < 0.5 * before
    assert clone(est).domain_loss.n_turns == 3
    est.save(tmp_path / "it.3mtl")
    loaded = load_estimator(tmp_path / "it.3mtl", parts={"domain_loss": TwoPlayers(n_turns=3)})
    np.testing.assert_array_equal(loaded.predict(X), est.predict(X))


def test_low_rank_adapters_move_a_frozen_source(tmp_path):
    X, Y = wide()
    source = MultiTaskRegressor(**MULTI).fit(X, Y)
    y = (X["a"] * X["b"] + X["c"]).rename("new")
    options = {"source": FrozenEstimator(source), "adapt_steps": 300, "adapt_lr": 0.02}
    est = TransferRegressor(strategy=LowRankAdapters(rank=2), **options, **MULTI)
    fitted = clone(est).fit(X, y)
    frozen = clone(est).set_params(adapt_steps=0).fit(X, y)
    assert fitted.score(X, y) > 0.9
    assert np.abs(fitted.predict(X) - frozen.predict(X)).max() > 0.01
    network, before = fitted._model.network, source._model.network
    adapters = [m for m in network.modules() if isinstance(m, Adapted)]
    assert adapters
    assert all(m.up.abs().sum() > 0 for m in adapters)
    for name, value in before.state_dict().items():
        kept = {n.replace("layer.", ""): v for n, v in network.state_dict().items()}
        assert torch.equal(kept[name.replace("layer.", "")], value), name
    once_more = fitted.adapt(X, y)
    assert len(once_more._model.edits) == 1
    quick = clone(est).set_params(adapt_steps=5)
    search = GridSearchCV(quick, {"strategy__rank": [1, 2]}, cv=2).fit(X, y)
    assert search.best_params_["strategy__rank"] in (1, 2)
    fitted.save(tmp_path / "it.3mtl")
    loaded = load_estimator(tmp_path / "it.3mtl", parts={"strategy": LowRankAdapters(rank=2)})
    for other in (loaded, pickle.loads(pickle.dumps(fitted))):
        np.testing.assert_array_equal(other.predict(X), fitted.predict(X))
        np.testing.assert_array_equal(other.adapt(X, y).predict(X), once_more.predict(X))


@pytest.mark.parametrize("sharing", [GatedExperts(), SoftSharing()])
def test_views_of_tasks_work_with_ids_ensembles_and_adapt(sharing):
    X, y = long(n_tasks=6)
    Y = pd.DataFrame({"sales": y, "costs": y - X["x"]})
    est = MultiTaskRegressor(task="store", sharing=sharing, **MULTI).fit(X, Y)
    assert est.score(X, Y) > 0.8
    # Two views of two members, and what the prior says of both targets.
    assert est.transform(X).shape == (len(X), 16 * 2 * 2 + 2)
    X_new, y_new = long(n_tasks=1, seed=1)
    new = X_new.assign(store=99)
    Y_new = pd.DataFrame({"sales": y_new, "costs": y_new - X_new["x"]})
    assert est.adapt(new, Y_new).score(new, Y_new) > 0.5


def test_strong_links_make_nets_alike():
    X, Y = wide()
    spread = []
    for strength in (0.0, 1.0):
        est = MultiTaskRegressor(sharing=SoftSharing(strength), **MULTI).fit(X, Y)
        weights = est._model.network.backbone.net.layers[0].weight.unflatten(0, (2, 2))
        spread.append(float(weights.detach().std(1).mean()))
    assert spread[1] < 0.5 * spread[0]
