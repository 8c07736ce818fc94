"""A balancing rule that a user writes."""

import numpy as np
import pandas as pd
import torch
from sklearn.base import clone
from torch import nn

from sklearn_3mtl import MultiTaskEstimator
from sklearn_3mtl.balancing import Balancing
from tests._inputs import numeric_table
from tests._pinned import tiny


class Loudest(Balancing):
    """Weighs the task with the greatest loss alone, and counts its steps."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def init(self, tasks, n_members, seed):
        state = nn.Module()
        state.register_buffer("steps", torch.zeros(()))
        state.register_buffer("last", torch.zeros(n_members, len(tasks)))
        return state

    def weights(self, losses, present, gramian, state):
        assert gramian is None
        losses = losses.detach()
        return self.factor * (losses == losses.amax(1, keepdim=True))

    def after_step(self, losses, present, state):
        assert not losses.requires_grad
        state.steps += 1
        state.last.copy_(losses)


def test_a_users_own_rule_trains_and_keeps_its_state():
    X, Y = numeric_table()
    est = tiny(balancing=Loudest(), max_epochs=3, batch_size=20).fit(X, Y)
    state = est._model.objective.state
    assert state.steps == 9
    assert (state.last > 0).all()
    plain = tiny(max_epochs=3, batch_size=20).fit(X, Y)
    assert not np.allclose(est.predict(X)["number"], plain.predict(X)["number"])


def test_a_users_own_rule_has_nested_parameters():
    est = MultiTaskEstimator(balancing=Loudest()).set_params(balancing__factor=3.0)
    assert est.get_params()["balancing__factor"] == 3.0
    assert clone(est).balancing.factor == 3.0


def test_a_users_own_rule_balances_columns_where_there_are_task_ids():
    X, Y = numeric_table()
    X = X.assign(store=np.resize(["p", "q"], len(X)))
    est = tiny(balancing=Loudest(), task="store").fit(X, Y)
    assert est._model.objective.state.last.shape == (1, 3)
    assert isinstance(est.predict(X), pd.DataFrame)
