"""Modules of the user's that don't fit, and batch norm."""

import numpy as np
import pytest
import torch
from torch import nn

from sklearn_3mtl import MetaRegressor
from tests._inputs import tiny
from tests._small_tasks import slopes

N = 60  # the rows of `table`


def plain(**parameters):
    """One net on the numbers as they are: three columns."""
    return tiny(n_estimators=1, numeric_embedding=None, **parameters)


def with_statistics():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def test_a_backbone_of_the_wrong_width(table):
    with pytest.raises(ValueError, match=r"`backbone` should map .* \(B, 3\)"):
        plain(backbone=nn.Linear(7, 4)).fit(*table)


def test_a_backbone_that_gives_no_matrix(table):
    with pytest.raises(ValueError, match=r"`backbone` should return shape \(B, n_features\)"):
        plain(backbone=nn.Unflatten(1, (3, 1))).fit(*table)


@pytest.mark.parametrize("parameters", [{"sharing": "none"}, {"n_estimators": 2}])
def test_batch_norm_in_several_nets(table, parameters):
    est = plain(backbone=with_statistics()).set_params(**parameters)
    with pytest.raises(ValueError, match=r"`backbone` holds buffers.*sharing='hard'"):
        est.fit(*table)
    assert len(plain(backbone=with_statistics()).fit(*table).predict(table[0])) == N


def test_batch_norm_in_a_head_of_several_members(table):
    head = nn.Sequential(nn.Linear(8, 1), nn.BatchNorm1d(1))
    with pytest.raises(ValueError, match=r"`heads\['number'\]` holds buffers.*n_estimators=1"):
        tiny(heads={"number": head}).fit(*table)


@pytest.mark.parametrize("meta", ["maml", "fomaml", "meta_sgd", "reptile"])
def test_batch_norm_in_what_tasks_adapt(meta):
    X, y = slopes()
    settings = {"task": "store", "numeric_embedding": None, "n_estimators": 1, "max_epochs": 1}
    backbone = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.SiLU())
    est = MetaRegressor(backbone=backbone, meta=meta, **settings)
    with pytest.raises(ValueError, match=r"`backbone` holds buffers.*meta='anil' or 'ridge'"):
        est.fit(X, y)
    for meta in ("anil", "ridge"):
        assert np.isfinite(est.set_params(meta=meta).fit(X, y).predict(X)).all()
    assert np.isfinite(est.set_params(meta="maml", inner_steps=0).fit(X, y).predict(X)).all()


def test_batch_norm_with_a_last_batch_of_one_row(table):
    est = plain(backbone=with_statistics(), batch_size=N - 1).fit(*table)
    assert np.isfinite(est.predict(table[0])["number"]).all()


def test_the_users_module_stays_as_it_was(table):
    module = with_statistics()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    plain(backbone=module).fit(*table)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
