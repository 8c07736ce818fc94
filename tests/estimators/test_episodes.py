"""Which tasks are trained on, and which are held out."""

import numpy as np
import pytest
import torch

from sklearn_3mtl import MetaRegressor
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.rows.loader import RowDataset
from tests._plans import episodes_of
from tests._small_tasks import slopes

N_ROWS = 8


def rows(n_tasks, weight=None):
    group = torch.arange(n_tasks).repeat_interleave(N_ROWS)
    inputs = {"numeric": torch.zeros(len(group), 1)}
    return RowDataset(inputs, torch.zeros(len(group), 1), weight, group)


def tasks_of(n_tasks, weight=None, seed=0, **parameters):
    """The tasks that an estimator trains on, and those that it validates on."""
    est = MetaRegressor(n_shots=2, n_queries=2, **parameters)
    data = rows(n_tasks, weight)
    training, valid, _ = episodes_of(est, data, n_tasks, Seed(seed))
    of_training = drawn(data, training.sampler.epoch(64, torch.Generator()))
    return of_training, set() if valid is None else drawn(data, valid.draws), valid


def drawn(data, draws):
    """The tasks of all rows of some draws."""
    chosen = [torch.cat([d.support.flatten(), d.query.flatten()]) for d in draws]
    return set(data.group[torch.cat(chosen)].tolist())


@pytest.mark.parametrize("fraction", [0.1, 0.3])
def test_whole_tasks_are_held_out(fraction):
    training, held_out, valid = tasks_of(30, validation_fraction=fraction)
    assert len(held_out) == round(fraction * 30)
    assert training | held_out == set(range(30))
    assert not training & held_out
    assert sum(len(d.query) for d in valid.draws) >= 64


def test_at_least_two_are_held_out_and_the_seed_draws_them():
    draws = [tasks_of(12, seed=seed)[1] for seed in (0, 0, 1, 2)]
    assert all(len(held_out) == 2 for held_out in draws)
    assert draws[0] == draws[1]
    assert len({tuple(sorted(held_out)) for held_out in draws}) > 1


@pytest.mark.parametrize(("n_tasks", "early_stopping"), [(9, True), (30, False)])
def test_few_tasks_or_no_early_stopping_hold_none_out(n_tasks, early_stopping):
    training, _, valid = tasks_of(n_tasks, early_stopping=early_stopping)
    assert valid is None
    assert training == set(range(n_tasks))


def test_rows_without_a_label_are_in_no_episode():
    weight = torch.ones(12 * N_ROWS, 1)
    weight[: N_ROWS - 3] = 0.0
    training, held_out, _ = tasks_of(12, weight, min_task_rows=4)
    assert training | held_out == set(range(1, 12)), "three labelled rows are too few"


def test_episodes_are_as_large_as_asked():
    est = MetaRegressor(n_shots=(1, 3), n_queries=4)
    training, *_ = episodes_of(est, rows(30), 30, Seed(0))
    batches = list(training.batches(5, torch.Generator()))
    batch = batches[0]
    assert batch.support.values.shape == (5, 3, 1)
    shots = torch.cat(
        [b.support.weight.sum((1, 2)) for b in training.batches(5, torch.Generator())]
    )
    assert shots.unique().tolist() == [1, 2, 3]
    assert batch.values.shape == (20, 1)


def test_what_all_tasks_share_predicts_a_new_task_by_itself():
    """Episodes without support teach the prior what few rows would otherwise mend."""
    X, y = slopes(n_tasks=30, n_rows=20)
    X_new, y_new = slopes(n_tasks=30, n_rows=20, seed=9, first=100)
    options = {"max_epochs": 20, "n_estimators": 1, "random_state": 0, "task": "store"}
    est = MetaRegressor(**options).fit(X, y)
    assert est.chosen_["n_shots"] == (0, 20)
    with pytest.warns(UserWarning, match="predicted with what all tasks share"):
        found = est.predict(X_new)
    plain = MetaRegressor(**{**options, "task": None}).fit(X.drop(columns="store"), y)
    pooled = plain.predict(X_new.drop(columns="store"))
    errors = [np.square(guess - y_new).mean() for guess in (found, pooled)]
    assert errors[0] < 1.1 * errors[1]
