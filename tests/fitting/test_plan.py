"""A fit, decided before anything is built."""

import pickle
from dataclasses import FrozenInstanceError, fields

import pytest
import torch

from sklearn_3mtl import MetaLearner, MultiTaskEstimator, ThreeMTLEstimator, TransferEstimator
from sklearn_3mtl.balancing import Uncertainty
from sklearn_3mtl.data import Task
from sklearn_3mtl.fitting.facts import Facts
from sklearn_3mtl.fitting.planning import make_plan
from sklearn_3mtl.meta import Ridge
from sklearn_3mtl.sharing import HardSharing
from sklearn_3mtl.transfer import DANN
from tests._plans import plan_of, settings_of

TASKS = {"b": Task("b", "binary"), "a": Task("a", "regression")}


def parts(plan):
    """All values of a plan and of its parts."""
    for part in (plan.network, plan.objective, plan.episodes, plan.training):
        if part is not None:
            yield from ((field.name, getattr(part, field.name)) for field in fields(part))


@pytest.mark.parametrize("cls", [MultiTaskEstimator, MetaLearner, ThreeMTLEstimator])
def test_nothing_is_left_to_choose(cls):
    plan = plan_of(cls(), has_ids=True)
    # How a task adapts when it is predicted may be set at any time.
    left = [name for name, value in parts(plan) if isinstance(value, str) and value == "auto"]
    assert set(left) <= {"adapt_lr", "adapt_steps"}


def test_names_are_objects():
    est = ThreeMTLEstimator(balancing="uncertainty", domain_loss="dann", optimizer="sgd")
    plan = plan_of(est, has_ids=True)
    assert isinstance(plan.objective.balancing, Uncertainty)
    assert isinstance(plan.objective.domain.rule, DANN)
    assert isinstance(plan.objective.method.method, Ridge)
    assert isinstance(plan.network.sharing, HardSharing)
    assert plan.training.optimizer is torch.optim.SGD
    assert plan.training.schedule(0.0) == 1.0


def test_absent_parts_are_none():
    plan = plan_of(MultiTaskEstimator())
    assert plan.episodes is None
    assert plan.objective.method is None
    assert plan.objective.domain is None
    assert plan.objective.task_weight is None
    assert (
        plan_of(TransferEstimator(domain_loss="mmd", domain_loss_weight=0)).objective.domain is None
    )
    assert plan_of(MetaLearner(), has_ids=False).episodes is None


def test_weights_follow_the_order_of_the_outputs():
    plan = plan_of(MultiTaskEstimator(task_weight={"a": 3.0}), tasks=TASKS)
    assert plan.objective.task_weight.tolist() == [3.0, 1.0]
    plan = plan_of(MultiTaskEstimator(task_weight=[1.0, 3.0]), tasks=TASKS)
    assert plan.objective.task_weight.tolist() == [3.0, 1.0]


def test_what_was_chosen_before_stays():
    est = MultiTaskEstimator(lr=0.5)
    plan = make_plan(settings_of(est), Facts(100, TASKS, fixed={"dropout": 0.4, "lr": 0.1}))
    assert plan.network.dropout == 0.4
    assert plan.training.lr == 0.5
    assert plan.chosen["dropout"] == 0.4
    assert "lr" not in plan.chosen


def test_a_plan_stays_as_it_is_and_can_be_pickled():
    plan = plan_of(MetaLearner(), has_ids=True)
    with pytest.raises(FrozenInstanceError):
        plan.training.lr = 1.0
    same = pickle.loads(pickle.dumps(plan))
    assert same.chosen == plan.chosen
    assert same.episodes.shots == plan.episodes.shots
