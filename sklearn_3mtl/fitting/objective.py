"""The objective, built from its plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.terms import Term
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.fitting.plan import DomainPlan, ObjectivePlan
from sklearn_3mtl.objective import (
    BiLevelObjective,
    DomainTerm,
    InnerLoop,
    LabelLosses,
    SingleLevelObjective,
    TaskBalance,
)

__all__ = ["build_objective"]


def build_objective(
    plan: ObjectivePlan,
    network: ThreeMTLNetwork,
    layout: TaskLayout,
    n_domains: int,
    seed: Seed,
    *,
    per_group: bool = True,
    more_terms: Sequence[Term] = (),
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
    n_domains : int
        How many domains there are; 0 for none.
    seed : Seed
        Seeds what the parts learn.
    per_group : bool, default=True
        Whether task ids with parameters of their own have losses of their own.
    more_terms : sequence of Term, default=()
        Further terms.
    """
    losses = LabelLosses(layout)
    weights = None if plan.task_weight is None else plan.task_weight.tolist()
    balance = TaskBalance(plan.balancing, weights)
    domain_terms = _domain_terms(plan.domain, network, n_domains, seed)
    terms = [*network.backbone.terms(), *domain_terms, *more_terms]
    if plan.method is None:
        shape = network.shape if per_group else replace(network.shape, n_groups=None)
        own_nets = network.backbone.has_own_nets
        return SingleLevelObjective(losses, balance, shape, seed, terms, has_own_nets=own_nets)
    method = plan.method
    inner = InnerLoop(method.method, method.inner_lr, method.inner_steps, method.draws_classes)
    return BiLevelObjective(losses, balance, network, seed, terms, inner)


def _domain_terms(
    plan: DomainPlan | None, network: ThreeMTLNetwork, n_domains: int, seed: Seed
) -> list[DomainTerm]:
    """The term that makes domains alike; absent without domains."""
    if plan is None or not n_domains:
        return []
    state = plan.rule.init(
        network.backbone.n_out, n_domains, network.n_members, seed.child("domain loss")
    )
    return [DomainTerm(plan.rule, state, plan.weight, n_domains)]
