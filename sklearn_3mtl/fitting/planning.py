"""Make a plan from the settings and from facts of the data."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np

from sklearn_3mtl.balancing import BALANCING
from sklearn_3mtl.core.backbones import BACKBONES
from sklearn_3mtl.core.fusion import FUSION
from sklearn_3mtl.core.numeric import NUMERIC_EMBEDDINGS
from sklearn_3mtl.data.layout import TaskLayout
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitting.auto import choose
from sklearn_3mtl.fitting.contradictions import refuse_with_episodes
from sklearn_3mtl.fitting.episodes import EPISODES, EpisodePlan, Episodes, has_inner_loop
from sklearn_3mtl.fitting.facts import Facts
from sklearn_3mtl.fitting.plan import DomainPlan, MethodPlan, NetworkPlan, ObjectivePlan, Plan
from sklearn_3mtl.meta import META, MetaMethod
from sklearn_3mtl.prior import PriorPlan, prior_plan
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.settings.names import make_method, make_optimizer, make_schedule
from sklearn_3mtl.settings.values import (
    check_widths,
    has_group_layers,
    head_specs,
    named_weights,
)
from sklearn_3mtl.sharing import SHARING
from sklearn_3mtl.training.plan import TrainingPlan
from sklearn_3mtl.training.train import choose_device
from sklearn_3mtl.transfer import DOMAIN_LOSSES

__all__ = ["make_plan", "network_plan", "objective_plan", "task_weights"]


def make_plan(settings: Settings, facts: Facts) -> Plan:
    """Make the plan of a fit from parameters and facts of the data.

    Parameters
    ----------
    settings : Settings
        The parameters.
    facts : Facts
        Facts of the data.

    Raises
    ------
    ValueError
        If parameters contradict each other or the data.
    """
    method = None if settings.meta is None else make_method(settings.meta, META)
    drawn = None if method is None else EPISODES[settings.episodes]
    tasks = dict(facts.tasks)
    has_episodes = _adapts(settings, facts, method, drawn)
    if has_episodes and method is not None and drawn is not None:
        refuse_with_episodes(settings, method, drawn.draws_classes)
    uses_groups = not has_episodes and has_group_layers(settings.heads, facts.has_ids)
    adapting = (method, drawn) if has_episodes else (None, None)
    chosen = choose(settings, facts, uses_groups, *adapting)
    if drawn is not None and method is not None:
        tasks = drawn.tasks(settings, method, tasks, facts.has_ids)
    concrete = settings.with_values(chosen)
    episodes = None
    if has_episodes and method is not None and drawn is not None:
        episodes = EpisodePlan.of(concrete, drawn, method)
    prior = prior_plan(concrete.prior, tasks, facts.inputs)
    n_without_prior = facts.n_without_prior
    if n_without_prior is None:
        n_without_prior = _without_prior(concrete, prior, uses_groups, has_episodes)
    return Plan(
        tasks=tasks,
        uses_groups=uses_groups,
        network=network_plan(
            concrete,
            tasks,
            has_prior=prior is not None,
            n_without_prior=n_without_prior,
        ),
        objective=objective_plan(concrete, tasks),
        episodes=episodes,
        training=_training_plan(concrete, episodes),
        class_weight=settings.class_weight,
        chosen=chosen,
        prior=prior,
    )


def _without_prior(
    settings: Settings, prior: PriorPlan | None, uses_groups: bool, has_episodes: bool
) -> int:
    """How many members neither read the prior nor start from it.

    Half of them if the evidence decides about the prior; it then weighs them too.
    """
    if prior is None or not prior.weighs or has_episodes:
        return 0
    name = settings.backbone
    shares_members = isinstance(name, str) and BACKBONES[name].shares_members
    per_group = uses_groups and make_method(settings.sharing, SHARING).net_per_group
    return 0 if shares_members or per_group else int(settings.n_estimators) // 2


def _adapts(
    settings: Settings, facts: Facts, method: MetaMethod | None, drawn: Episodes | None
) -> bool:
    """Whether tasks adapt on support sets, their labelled rows, in training."""
    if method is None or drawn is None or not drawn.has_any(facts.has_ids):
        return False
    return has_inner_loop(method, settings.inner_steps)


def network_plan(
    settings: Settings,
    tasks: Mapping[Hashable, Task],
    *,
    has_prior: bool,
    n_without_prior: int = 0,
) -> NetworkPlan:
    """Make the plan of the network from parameters of which none is "auto" any more."""
    embedding, backbone = settings.numeric_embedding, settings.backbone
    return NetworkPlan(
        modalities=settings.modalities,
        numeric_embedding=None if embedding is None else NUMERIC_EMBEDDINGS[embedding],
        backbone=BACKBONES[backbone] if isinstance(backbone, str) else backbone,
        widths=check_widths("hidden_layer_sizes", settings.hidden_layer_sizes),
        activation=settings.activation,
        dropout=float(settings.dropout),
        members=range(int(settings.n_estimators)),
        sharing=make_method(settings.sharing, SHARING),
        heads=head_specs(settings.heads, tasks),
        fusion=make_method(settings.fusion, FUSION),
        has_prior=has_prior,
        n_without_prior=n_without_prior,
    )


def objective_plan(settings: Settings, tasks: Mapping[Hashable, Task]) -> ObjectivePlan:
    """Make the plan of what training minimises from parameters of which none is "auto" any more."""
    domain = None
    if settings.domain_loss is not None and settings.domain_loss_weight:
        rule = make_method(settings.domain_loss, DOMAIN_LOSSES)
        domain = DomainPlan(rule, float(settings.domain_loss_weight))
    method = None
    if settings.meta is not None:
        method = MethodPlan(
            method=make_method(settings.meta, META),
            inner_lr=float(settings.inner_lr),
            inner_steps=int(settings.inner_steps),
            draws_classes=EPISODES[settings.episodes].draws_classes,
        )
    return ObjectivePlan(
        balancing=make_method(settings.balancing, BALANCING),
        task_weight=task_weights(settings, tasks),
        domain=domain,
        method=method,
    )


def task_weights(settings: Settings, tasks: Mapping[Hashable, Task]) -> np.ndarray | None:
    """A weight for each task in the order of the network's outputs. None: all are 1."""
    if settings.task_weight is None:
        name = settings.balancing
        if isinstance(name, str) and BALANCING[name].needs_task_weight:
            raise ValueError(
                f"balancing={name!r} needs weights: give `task_weight`, or "
                f"balancing={BALANCING[name].__name__}({{task: weight}})."
            )
        return None
    weights = named_weights("task_weight", settings.task_weight, list(tasks))
    return weights[TaskLayout(list(tasks.values())).positions]


def _training_plan(settings: Settings, episodes: EpisodePlan | None) -> TrainingPlan:
    batch_size = settings.batch_size if episodes is None else settings.meta_batch_size
    return TrainingPlan(
        optimizer=make_optimizer(settings.optimizer),
        lr=float(settings.lr),
        weight_decay=float(settings.weight_decay),
        schedule=make_schedule(settings.lr_schedule),
        max_epochs=int(settings.max_epochs),
        batch_size=int(batch_size),
        device=choose_device(settings.device),
        early_stopping=bool(settings.early_stopping),
        validation_fraction=float(settings.validation_fraction),
        patience=int(settings.n_iter_no_change),
        callbacks=tuple(settings.callbacks or ()),
        verbose=int(settings.verbose),
    )
