"""Turn a fitted model into plain values and tensors, and rebuild it from them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from itertools import pairwise
from typing import cast, get_args

import numpy as np
from torch import nn

from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.core.stacked import SeededDropout
from sklearn_3mtl.data.columns import Container
from sklearn_3mtl.data.kinds import Kind, kind_named
from sklearn_3mtl.data.state import State
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.adaptation import Adaptation, restore_adaptations
from sklearn_3mtl.fitted.evidence import Evidence
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.predictors import (
    ByHeads,
    ByReadout,
    BySupports,
    OnlyNewClasses,
    Predictor,
)
from sklearn_3mtl.fitted.readout import Readout
from sklearn_3mtl.fitted.task_adapter import TaskAdapter
from sklearn_3mtl.fitted.task_memory import TaskMemory
from sklearn_3mtl.fitting.assembly import build_untrained
from sklearn_3mtl.fitting.facts import Facts
from sklearn_3mtl.fitting.plan import NetworkPlan
from sklearn_3mtl.fitting.planning import make_plan
from sklearn_3mtl.inputs.modalities import ModalInputs
from sklearn_3mtl.objective import SingleLevelObjective
from sklearn_3mtl.prior import FittedPrior
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.transfer import TransferStrategy

__all__ = ["rebuild", "state_of"]

MOST_DOMAINS = 10_000


def state_of(model: FittedModel) -> State:
    """A fitted model as plain values and tensors, without the estimator's parameters."""
    values = {
        "trained": [task.state() for task in model.trained.in_columns()],
        "groups": model.groups,
        "uses_groups": model.uses_groups,
        "ids_given": model.ids_given,
        "container": model.container,
        "names": model.names,
        "named": model.named,
        "chosen": model.chosen,
        "n_domains": model.n_domains,
        "n_without_prior": model.network.shape.n_without_prior,
        "adaptations": [record.state() for record in model.adaptations],
        "default_id": model.default_id,
        # None stands for the parameter `strategy`, which may be an object of the user's own.
        "edits": [None if e is model.settings.strategy else e for e in model.edits],
    }
    parts = {
        "inputs": model.inputs.state(),
        "codec": model.codec.state(),
        "network": State({}, model.network.state_dict()),
        "dropout": State({}).with_parts(
            {name: module.state() for name, module in _dropouts(model.network)}
        ),
        "objective": State({}, model.objective.state_dict()),
    }
    if model.adapter is not None:
        parts["memory"] = model.adapter.memory.state()
    if model.readout is not None:
        parts["readout"] = model.readout.state()
    if model.evidence is not None:
        parts["evidence"] = model.evidence.state()
    if model.prior is not None:
        parts["prior"] = model.prior.state()
    return State(values).with_parts(parts)


def rebuild(settings: Settings, state: State, n_columns: int) -> FittedModel:
    """Rebuild a fitted model from its state.

    Parameters
    ----------
    settings : Settings
        The parameters of the fit.
    state : State
        What `state_of` returned.
    n_columns : int
        How many columns X has.

    Raises
    ------
    ValueError
        If the parts can't be those of one model.
    """
    inputs = ModalInputs.restore(state.part("inputs"), settings.modalities, n_columns)
    make_task = _task_maker(settings)
    codec = TargetCodec.restore(state.part("codec"), make_task)
    trained = TargetCodec(_trained_tasks(state, codec.tasks, make_task))
    groups = state.optional("groups", np.ndarray)
    if groups is not None and (groups.ndim != 1 or groups.dtype != object):
        raise ValueError(f"its 'groups' is {groups!r}")
    n_groups = None if groups is None else len(groups)
    adaptations = restore_adaptations(
        state.entry("adaptations", list), trained.layout.n_outputs, codec.layout.n_outputs, n_groups
    )
    edits = _edits(settings, state)
    network, objective, prior = _build(
        settings, state, inputs, trained, adaptations, edits, n_columns
    )
    predictor: Predictor = OnlyNewClasses() if objective.draws_classes else ByHeads()
    if state.has("memory"):
        memory = TaskMemory.restore(state.part("memory"), 1 if n_groups is None else n_groups)
        adapter = TaskAdapter.of(memory, settings.adapt_lr, settings.adapt_steps)
        predictor = BySupports(adapter)
    elif state.has("readout"):
        predictor = ByReadout(Readout.restore(state.part("readout"), codec.tasks))
    evidence = None
    if state.has("evidence"):
        evidence = Evidence.restore(state.part("evidence"), len(adaptations))
    names = state.entry("names", tuple)
    if list(names) != list(codec.tasks):
        raise ValueError(f"its 'names' is {names!r}")
    return FittedModel(
        inputs=inputs,
        codec=codec,
        network=network,
        objective=objective,
        groups=groups,
        uses_groups=state.entry("uses_groups", bool),
        ids_given=state.entry("ids_given", bool),
        container=_container(state),
        names=names,
        named=state.entry("named", bool),
        settings=settings,
        chosen=state.entry("chosen", dict),
        adaptations=adaptations,
        default_id=_default_id(state),
        predictor=predictor,
        trained=trained.layout,
        edits=edits,
        evidence=evidence,
        prior=prior,
    )


def _container(state: State) -> Container:
    found = state.entry("container", str)
    if found not in get_args(Container):
        raise ValueError(f"its 'container' is {found!r}")
    return cast(Container, found)


def _default_id(state: State) -> Hashable | None:
    found: object = state.values.get("default_id")
    if not isinstance(found, Hashable):
        raise ValueError(f"its 'default_id' is {found!r}")
    return found


def _task_maker(settings: Settings) -> Callable[[object], Task]:
    """A function that restores a task from its state, with the kinds that the parameters give."""
    given = settings.task_kinds or {}

    def kind_of(task: Hashable, name: str) -> Kind:
        return kind_named(name, given.get(task), settings.regression_loss)

    return lambda state: Task.restore(state, kind_of)


def _edits(settings: Settings, state: State) -> tuple[TransferStrategy, ...]:
    """The transfer strategies that have changed the network's modules, read from the state."""
    given = state.entry("edits", list)
    found = [settings.strategy if edit is None else edit for edit in given]
    if not all(isinstance(edit, TransferStrategy) for edit in found):
        raise ValueError(f"its 'edits' is {given!r}")
    return tuple(cast(list[TransferStrategy], found))


def _trained_tasks(
    state: State, tasks: dict[Hashable, Task], make_task: Callable[[object], Task]
) -> dict[Hashable, Task]:
    """The tasks that the network was trained on, by name, restored from the state.

    For a task that is still predicted, it is the object in `tasks`.
    """
    trained = {task.name: task for task in map(make_task, state.entry("trained", list))}
    # Tasks are compared by identity: a task of the fit that is still predicted is the same object.
    same = {n: tasks[n] for n in trained if n in tasks and _are_alike(tasks[n], trained[n])}
    return trained | same


def _are_alike(one: Task, other: Task) -> bool:
    return one.kind_object == other.kind_object and np.array_equal(
        np.asarray(one.classes, dtype=object), np.asarray(other.classes, dtype=object)
    )


def _build(
    settings: Settings,
    state: State,
    inputs: ModalInputs,
    trained: TargetCodec,
    adaptations: tuple[Adaptation, ...],
    edits: tuple[TransferStrategy, ...],
    n_columns: int,
) -> tuple[ThreeMTLNetwork, SingleLevelObjective, FittedPrior | None]:
    """Build the network and the objective, load their weights from the state, and the priors."""
    groups, n_domains = state.optional("groups", np.ndarray), state.entry("n_domains", int)
    if not 0 <= n_domains <= MOST_DOMAINS:
        raise ValueError(f"its 'n_domains' is {n_domains!r}")
    changed: dict[str, object] = {**state.entry("chosen", dict), "device": "cpu"}
    if adaptations:
        # `task_weight` is for the present tasks; the objective of the fit may not know all of them.
        changed["task_weight"] = {} if trained.tasks else None
    inputs_of_prior: list[int] = []
    if state.has("prior"):
        inputs_of_prior = state.part("prior").positions("columns", n_columns)
    facts = Facts(
        n_rows=0,
        tasks=trained.tasks,
        has_ids=groups is not None,
        inputs=inputs_of_prior,
        n_without_prior=state.entry("n_without_prior", int),
    )
    plan = make_plan(settings.with_values(changed), facts)
    if not 0 <= plan.network.n_without_prior <= len(plan.network.members):
        raise ValueError(f"its 'n_without_prior' is {plan.network.n_without_prior}")
    if adaptations and groups is not None:
        groups = groups[: adaptations[0].n_base_groups]
    groups = groups if state.entry("uses_groups", bool) else None
    n_stored = sum(t.numel() for t in state.tensors.values())
    _check_size(plan.network, inputs, trained, groups, n_stored)
    network, objective = build_untrained(plan, inputs, trained, groups, n_domains, Seed(0))
    for strategy in edits:
        strategy.edit(network, Seed(0))
    for record in adaptations:
        network = record.apply(network)
    network.load_state_dict(state.part("network").tensors)
    objective.load_state_dict(state.part("objective").tensors)
    streams = state.part("dropout")
    for name, module in _dropouts(network):
        module.restore(streams.part(name))
    prior = None
    if plan.prior is not None:
        prior = FittedPrior.restore(state.part("prior"), plan.prior, trained.tasks)
    return network.to("cpu"), objective, prior


def _dropouts(network: ThreeMTLNetwork) -> Iterator[tuple[str, SeededDropout]]:
    """The names and dropout modules of a network, whose random streams are saved too."""
    for name, module in network.named_modules():
        if isinstance(module, SeededDropout):
            yield name, module


def _check_size(
    plan: NetworkPlan,
    inputs: ModalInputs,
    codec: TargetCodec,
    groups: np.ndarray | None,
    n_stored: int,
) -> None:
    """Refuse parameters that ask for more weights than a file holds, before memory is used."""
    if isinstance(plan.backbone, nn.Module):
        return
    vectors = sum(e.width for e in inputs.embedded.values() if e.encoder.shape is None)
    n_in = inputs.tabular.n_numeric + vectors
    n_weights = sum(a * b for a, b in pairwise([n_in, *plan.widths]))
    if plan.sharing.net_per_group:
        n_weights *= len(codec.tasks) * (1 if groups is None else len(groups))
    n_weights *= len(plan.members)
    if n_weights > n_stored:
        raise ValueError(f"its parameters ask for {n_weights} weights, it holds {n_stored} numbers")
