"""Build the objective, what training minimises, from its plan."""

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
    """Build the objective, the module that computes what training minimises.

    Parameters
    ----------
    plan : ObjectivePlan
        What training minimises.
    network : ThreeMTLNetwork
        The network to train.
    layout : TaskLayout
        The layout of the network's outputs.
    n_domains : int
        The number of domains; 0 without domains.
    seed : Seed
        Seeds the parameters that the objective learns.
    per_group : bool, default=True
        Whether each task id that has its own parameters also has its own mean loss.
    more_terms : sequence of Term, default=()
        Further terms of the loss.
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
    """The term that makes the domains' features alike; an empty list without a domain loss."""
    if plan is None or not n_domains:
        return []
    state = plan.rule.init(
        network.backbone.n_out, n_domains, network.n_members, seed.child("domain loss")
    )
    return [DomainTerm(plan.rule, state, plan.weight, n_domains)]
