"""Build the untrained model of a plan, and turn its data into tensors."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed, global_streams
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.task_ids import group_index, refuse_unknown
from sklearn_3mtl.fitting.data import TrainingData
from sklearn_3mtl.fitting.domains import refuse_separate_nets
from sklearn_3mtl.fitting.facts import Facts
from sklearn_3mtl.fitting.inputs import fit_inputs
from sklearn_3mtl.fitting.network import build_network
from sklearn_3mtl.fitting.objective import build_objective
from sklearn_3mtl.fitting.plan import Plan
from sklearn_3mtl.fitting.planning import make_plan
from sklearn_3mtl.fitting.prior import code_rows
from sklearn_3mtl.fitting.start import Start
from sklearn_3mtl.fitting.weights import label_weights
from sklearn_3mtl.inputs.modalities import ModalInputs
from sklearn_3mtl.objective import BiLevelObjective, SingleLevelObjective
from sklearn_3mtl.rows.loader import RowDataset
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.settings.values import is_auto

__all__ = ["NewModel", "build_untrained", "make_rows", "new_model"]


class NewModel(NamedTuple):
    """A plan, the untrained model built from it, and the rows to train it on.

    Attributes
    ----------
    plan : Plan
        The plan.
    model : FittedModel
        The model.
    inputs : dict of str to tensor with n rows
        The rows as the network reads them.
    """

    plan: Plan
    model: FittedModel
    inputs: dict[str, Tensor]


def new_model(
    settings: Settings,
    data: TrainingData,
    tasks: dict[Hashable, Task],
    seed: Seed,
    start: Start | None = None,
) -> NewModel:
    """Make the plan of a fit, and the untrained model for training data.

    Parameters
    ----------
    settings : Settings
        The parameters.
    data : TrainingData
        The rows.
    tasks : dict of task name to Task
        The columns of y.
    seed : Seed
        Seeds all parts by name.
    start : Start or None, default=None
        What training starts from. None: random weights.
    """
    groups, ids_columns = data.groups, data.columns_of_ids(settings)
    n_rows = int(data.targets.labelled().sum())
    facts = Facts(n_rows, tasks, groups is not None, inputs=data.input_columns(settings))
    if start is not None:
        start = start.reading(data.table, ids_columns)
        largest = start.inner_lr(data.table) if is_auto(settings.inner_lr) else None
        facts = replace(
            facts, fixed=start.shapes(), largest_inner_lr=largest, starts_from_source=True
        )
    plan = make_plan(settings, facts)
    codec = TargetCodec(plan.tasks).fit(data.targets, data.weights)
    random = np.random.default_rng(seed.child("quantiles").value)
    if start is None:
        has_prior = plan.prior is not None
        inputs = fit_inputs(settings, data.table, ids_columns, random, has_prior=has_prior)
    else:
        inputs = start.model.inputs
    of_layers = groups if plan.uses_groups else None
    network, objective = build_untrained(plan, inputs, codec, of_layers, data.n_domains, seed)
    refuse_separate_nets(settings, network, objective.domain_term)
    if plan.episodes is not None and isinstance(objective, BiLevelObjective):
        objective.refuse_episodes(network)
    if start is not None:
        start.copy_weights(network)
    coded = code_rows(plan, inputs, codec, data, seed)
    model = FittedModel(
        inputs=inputs,
        codec=codec,
        network=network,
        objective=objective,
        groups=groups,
        uses_groups=plan.uses_groups,
        ids_given=data.ids_given,
        container=data.targets.container,
        names=data.targets.names,
        named=data.targets.named,
        settings=settings,
        chosen=plan.chosen,
        trained=codec.layout,
        prior=coded.prior,
    )
    return NewModel(plan, model, coded.inputs)


def build_untrained(
    plan: Plan,
    inputs: ModalInputs,
    codec: TargetCodec,
    groups: np.ndarray | None,
    n_domains: int,
    seed: Seed,
) -> tuple[ThreeMTLNetwork, SingleLevelObjective]:
    """Build the untrained network and the objective, which computes what training minimises.

    `groups` are the task ids that have layers of their own. None: no task id has any.
    """
    layout = codec.layout if plan.episodes is None else plan.episodes.layout(codec)
    # A user's module may use torch's global generator when it is run once to check its output.
    with global_streams(seed.child("user modules")):
        network = build_network(plan.network, inputs, layout, groups, seed)
    objective = build_objective(plan.objective, network, layout, n_domains, seed)
    return network, objective


def make_rows(
    plan: Plan, model: FittedModel, data: TrainingData, inputs: dict[str, Tensor]
) -> RowDataset:
    """Turn labels and weights into tensors, with task ids and domains if they are used.

    `inputs` are the rows of X as the network reads them.
    """
    values, mask = model.codec.encode(data.targets)
    layout, task_weight = model.codec.layout, plan.objective.task_weight
    weight = label_weights(layout, values, mask, data.weights, plan.class_weight, task_weight)
    group = None
    reads_ids = model.uses_groups or plan.episodes is not None
    if reads_ids and data.ids is not None and model.groups is not None:
        group = group_index(model.groups, data.ids)
        labelled = torch.from_numpy(data.targets.labelled())
        refuse_unknown(model.groups, data.ids[(labelled & (group < 0)).numpy()])
    rows = RowDataset(inputs, values, weight, group)
    if data.domains is None or model.objective.domain_term is None:
        return rows
    data.domains.check(model.codec, values, mask, model.objective.domain_term)
    return replace(rows, domain=data.domains.codes)
