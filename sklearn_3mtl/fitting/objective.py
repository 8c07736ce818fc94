"""The objective, built from its plan."""

from __future__ import annotations

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.fitting.plan import DomainPlan, ObjectivePlan
from sklearn_3mtl.objective import Alignment, BiLevelObjective, SingleLevelObjective

__all__ = ["build_objective"]


def build_objective(
    plan: ObjectivePlan,
    network: ThreeMTLNetwork,
    layout: TaskLayout,
    n_groups: int | None,
    n_domains: int,
    seed: Seed,
) -> SingleLevelObjective:
    """Build the objective.

    Parameters
    ----------
    plan : ObjectivePlan
        What it is made of.
    network : ThreeMTLNetwork
        The network whose outputs it judges.
    layout : TaskLayout
        What the network puts out.
    n_groups : int or None
        How many task ids have layers of their own. None where none has.
    n_domains : int
        How many domains there are; 0 for none.
    seed : Seed
        Seeds what the parts learn.
    """
    alignment = _alignment(plan.domain, network, n_domains, seed)
    weights = None if plan.task_weight is None else plan.task_weight.tolist()
    terms = (layout, n_groups, plan.regression_loss, plan.balancing, weights, seed, alignment)
    if plan.method is None:
        return SingleLevelObjective(*terms)
    return BiLevelObjective(
        *terms,
        network=network,
        method=plan.method.method,
        inner_lr=plan.method.inner_lr,
        inner_steps=plan.method.inner_steps,
        exchangeable=plan.method.exchangeable,
    )


def _alignment(
    plan: DomainPlan | None, network: ThreeMTLNetwork, n_domains: int, seed: Seed
) -> Alignment | None:
    """The term that makes domains alike; None, and so absent, without domains."""
    if plan is None or not n_domains:
        return None
    state = plan.rule.init(
        network.backbone.n_out, n_domains, network.n_members, seed.child("domain loss")
    )
    return Alignment(plan.rule, state, plan.weight, n_domains)
