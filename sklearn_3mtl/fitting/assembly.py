"""From an estimator's parameters and data to an untrained model, rows, and a trained one."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from skorch.history import History

from sklearn_3mtl.adapting.task_supports import refuse_parts
from sklearn_3mtl.balancing import BALANCING
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed, global_streams
from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tables import InputTable
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._settings import Settings
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.task_adapter import TaskAdapter
from sklearn_3mtl.fitted.task_ids import group_index, refuse_unknown, unique_ids
from sklearn_3mtl.fitting.auto import choose, with_chosen
from sklearn_3mtl.fitting.contradictions import refuse_beside_episodes
from sklearn_3mtl.fitting.domains import (
    Domains,
    beside_unlabelled,
    domain_column,
    make_alignment,
    rows_of_domains,
)
from sklearn_3mtl.fitting.episodes import EPISODES, adapts, draw_episodes
from sklearn_3mtl.fitting.inputs import fit_inputs
from sklearn_3mtl.fitting.network import backbone_factory, build_network, check_widths
from sklearn_3mtl.fitting.splitting import split_rows
from sklearn_3mtl.fitting.weights import label_weights
from sklearn_3mtl.inputs.modalities import ModalInputs
from sklearn_3mtl.meta import META
from sklearn_3mtl.objective import BiLevelObjective, SingleLevelObjective
from sklearn_3mtl.rows.loader import RowDataset, TrainingRows, ValidationRows
from sklearn_3mtl.settings import constraints as parameters
from sklearn_3mtl.sharing import SHARING
from sklearn_3mtl.training.train import choose_device, train

__all__ = ["build_untrained", "make_rows", "new_model", "train_model"]


def new_model(
    estimator: Settings,
    table: InputTable,
    targets: TargetColumns,
    weights: np.ndarray | None,
    tasks: dict[Hashable, Task],
    ids: np.ndarray | None,
    column: int | None,
    ids_given: bool,
    domains: Domains | None,
    seed: Seed,
) -> FittedModel:
    """The untrained model for a table and its targets."""
    labelled = targets.labelled()
    # An id without any label is as unknown as one that was never seen.
    groups = None if ids is None else unique_ids(ids[labelled])
    has_episodes = adapts(estimator, groups is not None)
    if has_episodes:
        refuse_beside_episodes(estimator)
        refuse_parts(estimator)
    uses_groups = not has_episodes and parameters.has_group_layers(
        estimator.heads, groups is not None
    )
    chosen = choose(estimator, int(labelled.sum()), uses_groups, tasks, has_episodes)
    start = estimator._start()
    no_inputs = {column: "task", domain_column(estimator, table): "domain"}
    ids_columns = {p: name for p, name in no_inputs.items() if p is not None}
    if start is not None:
        start = start.reading(table, ids_columns)
        chosen |= start.shapes(chosen)
        if has_episodes and "inner_lr" in chosen:
            chosen["inner_lr"] = min(chosen["inner_lr"], start.inner_lr(table))
    tasks = EPISODES[estimator.episodes].tasks(estimator, tasks, groups is not None)
    codec = TargetCodec(tasks).fit(targets, weights)
    random = np.random.default_rng(seed.child("quantiles").value)
    if start is None:
        inputs = fit_inputs(estimator, table, ids_columns, random)
    else:
        inputs = start.model.inputs
    concrete = with_chosen(estimator, chosen)
    n_domains = 0 if domains is None else domains.n_domains
    network, objective = build_untrained(
        concrete, inputs, codec, groups, uses_groups, n_domains, seed
    )
    if start is not None:
        start.copy_weights(network)
    return FittedModel(
        inputs, codec, network, objective, groups, uses_groups, ids_given,
        targets.container, targets.names, targets.named, estimator.get_params(deep=False), chosen,
        trained=codec.layout,
    )  # fmt: skip


def build_untrained(
    estimator: Settings,
    inputs: ModalInputs,
    codec: TargetCodec,
    groups: np.ndarray | None,
    uses_groups: bool,
    n_domains: int,
    seed: Seed,
) -> tuple[ThreeMTLNetwork, SingleLevelObjective]:
    """The untrained network and the objective; no parameter is "auto" any more."""
    widths = check_widths("hidden_layer_sizes", estimator.hidden_layer_sizes)
    layout = EPISODES[estimator.episodes].layout(estimator, codec)
    weights = task_weights(estimator, codec)
    n_members = int(estimator.n_estimators)
    make_backbone, shares_members = backbone_factory(
        estimator.backbone, widths, estimator.activation, estimator.dropout, n_members
    )
    # A user's module may draw from the global stream when it is tried out.
    with global_streams(seed.child("user modules")):
        network = build_network(
            inputs=inputs,
            layout=layout,
            groups=groups if uses_groups else None,
            sharing=parameters.make_method(estimator.sharing, SHARING),
            make_backbone=make_backbone,
            shares_members=shares_members,
            head_specs=parameters.head_specs(estimator.heads, codec.tasks),
            modalities=estimator.modalities,
            fusion=estimator.fusion,
            dropout=float(estimator.dropout),
            numeric_embedding=estimator.numeric_embedding,
            n_members=n_members,
            seed=seed,
        )
    alignment = make_alignment(estimator, network, n_domains, seed)
    terms = (
        layout,
        len(groups) if uses_groups and groups is not None else None,
        parameters.make_method(estimator.balancing, BALANCING),
        None if weights is None else weights.tolist(),
        seed,
        alignment,
    )
    return network, _objective(estimator, network, terms)


def _objective(
    estimator: Any, network: ThreeMTLNetwork, terms: tuple[Any, ...]
) -> SingleLevelObjective:
    if estimator.meta is None:
        return SingleLevelObjective(*terms)
    return BiLevelObjective(
        *terms,
        network=network,
        method=parameters.make_method(estimator.meta, META),
        inner_lr=float(estimator.inner_lr),
        inner_steps=int(estimator.inner_steps),
        exchangeable=EPISODES[estimator.episodes].exchangeable,
    )


def task_weights(estimator: Settings, codec: TargetCodec) -> np.ndarray | None:
    """A weight for each task in the layout's order; None where all are 1."""
    if estimator.task_weight is None:
        if estimator.balancing == "manual":
            raise ValueError(
                "balancing='manual' needs weights: give `task_weight`, or "
                "balancing=Manual({task: weight})."
            )
        return None
    weights = parameters.named_weights("task_weight", estimator.task_weight, list(codec.tasks))
    return weights[codec.layout.positions]


def make_rows(
    estimator: Settings,
    model: FittedModel,
    table: InputTable,
    targets: TargetColumns,
    ids: np.ndarray | None,
    weights: np.ndarray | None,
    domains: Domains | None = None,
) -> RowDataset:
    """Inputs, labels and their weights as tensors."""
    values, mask = model.codec.encode(targets)
    layout, task_weight = model.codec.layout, task_weights(estimator, model.codec)
    weight = label_weights(layout, values, mask, weights, estimator.class_weight, task_weight)
    group = None
    reads_ids = model.uses_groups or adapts(estimator, model.groups is not None)
    if reads_ids and ids is not None and model.groups is not None:
        group = group_index(model.groups, ids)
        labelled = torch.from_numpy(targets.labelled())
        refuse_unknown(model.groups, ids[(labelled & (group < 0)).numpy()])
    rows = RowDataset(model.inputs.transform(table), values, weight, group)
    if domains is None or model.objective.alignment is None:
        return rows
    domains.check(model.codec, values, mask, model.objective.alignment)
    return replace(rows, domain=domains.codes)


def train_model(
    estimator: Settings,
    model: FittedModel,
    rows: RowDataset,
    seed: Seed,
    history: History | None,
) -> tuple[History, bool]:
    """Train the model's network in place; returns the history and whether Ctrl-C ended it."""
    concrete: Any = with_chosen(estimator, model.chosen)
    layout = model.objective.losses.layout
    training: TrainingRows
    valid: ValidationRows | None
    has_episodes = adapts(estimator, model.groups is not None)
    if has_episodes:
        rows = EPISODES[estimator.episodes].with_units(rows)
        training, valid, every = draw_episodes(concrete, rows, model.n_units, seed)
        batch_size = int(concrete.meta_batch_size)
    else:
        batch_size = concrete.batch_size
        training, valid = split_rows(
            rows,
            layout,
            concrete.early_stopping,
            concrete.validation_fraction,
            model.network.n_members if model.network.independent else 1,
            seed,
        )
    training = beside_unlabelled(training, rows, model.objective)
    compared = None if model.objective.alignment is None else rows_of_domains(rows)
    # A user's module draws dropout from the global stream: fix it, and put it back.
    with global_streams(seed.child("user modules")):
        history, interrupted, temperature = train(
            model.network,
            model.objective,
            training,
            valid,
            layout=layout,
            optimizer=parameters.make_optimizer(estimator.optimizer),
            lr=concrete.lr,
            weight_decay=concrete.weight_decay,
            schedule=parameters.make_schedule(estimator.lr_schedule),
            max_epochs=concrete.max_epochs,
            batch_size=batch_size,
            patience=concrete.n_iter_no_change,
            callbacks=list(estimator.callbacks or []),
            device=choose_device(estimator.device),
            verbose=int(estimator.verbose),
            seed=seed,
            history=history,
            domain_rows=compared,
        )
    model.codec.temperature = temperature.astype(np.float64)
    if has_episodes:
        # What was held out to choose the weights counts where something is solved for.
        model.objective.settle(model.network, every)
        remember(concrete, model, rows, seed)
    return history, interrupted


def remember(estimator: Any, model: FittedModel, rows: RowDataset, seed: Seed) -> None:
    """Keep the support of each task, and how it is to be used."""
    generator = seed.child("support").generator()
    memory = EPISODES[estimator.episodes].memory(estimator, rows, model.n_units, generator)
    if memory is None:
        return
    if model.adapter is not None:
        memory = model.adapter.memory.renewed(memory)
    model.adapter = TaskAdapter.of(estimator, memory)
