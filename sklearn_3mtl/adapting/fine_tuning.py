"""Train parts of a fitted network on new rows, after its outputs were corrected."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
import torch
from sklearn.utils import check_random_state
from torch import Tensor

from sklearn_3mtl.adapting.plan import AdaptPlan, TuningPlan
from sklearn_3mtl.balancing import Manual
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed, global_streams
from sklearn_3mtl.core.stacked import SeededDropout
from sklearn_3mtl.data.kinds import Kind, with_regression_loss
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitting.objective import build_objective
from sklearn_3mtl.fitting.plan import ObjectivePlan
from sklearn_3mtl.fitting.weights import weights_of_tasks
from sklearn_3mtl.rows.loader import RowDataset
from sklearn_3mtl.training.plan import TrainingPlan
from sklearn_3mtl.training.train import RowsOfTraining, choose_device, train
from sklearn_3mtl.transfer import TransferStrategy

__all__ = ["fine_tune", "movement"]

# The parts of the network that each value of `adapt_parts` trains.
HEADS = ("heads", "adaptations")
BOXES = ("encoders", "backbone", "heads")
PARTS = {"auto": HEADS, "head": HEADS, "heads": HEADS, "all": ("encoders", "backbone", *HEADS)}
AUTO_STEPS, BATCH_ROWS = 100, 64


def fine_tune(
    plan: AdaptPlan, model: FittedModel, rows: RowDataset, before: Sequence[Hashable]
) -> FittedModel | None:
    """Train some parts of a copy of the network; None where nothing is to be trained.

    A transfer strategy sets the learning rates of the layers, and which parts "auto" means.

    The linear corrections of the outputs have to be fitted first, so that the layers below get
    useful gradients from the start ("linear probing, then fine-tuning": Kumar et al., ICLR 2022,
    arXiv 2202.10054).

    Parameters
    ----------
    plan : AdaptPlan
        Which parts are trained, and how.
    model : FittedModel
        The model with its corrections.
    rows : RowDataset
        The labelled rows.
    before : sequence of hashable
        The names of the tasks before the adaptation.
    """
    tuning, strategy = plan.tuning, plan.strategy
    weights = _task_weights(tuning, model, before)
    rows = _rows_with_labels(rows, weights)
    n_depths = max(_depths(model.network).values()) + 1
    rates = None if strategy is None else strategy.rates(n_depths, len(rows))
    given = tuning.parts
    if strategy is not None and given == "auto":
        given = "head" if rates is None else "all"
    parts = _parts(given)
    n_steps = tuning.n_steps
    if strategy is not None and rates is None:
        n_steps = 0
    if n_steps is None:
        n_steps = 0 if parts == PARTS["head"] else AUTO_STEPS
    if not _parameters_of(model.network, parts) or not n_steps or not len(rows):
        return None
    # Drawn only now: if nothing is trained, a given RandomState stays as it is.
    drawn = int(check_random_state(tuning.random_state).randint(2**31 - 1))
    seed = Seed(drawn).child("adapt")
    network = copy.deepcopy(model.network).requires_grad_(False)
    edits = model.edits
    if strategy is not None and strategy.edits_network and not _is_among(strategy, edits):
        strategy.edit(network, seed.child("edit"))
        network.requires_grad_(False)
        edits = (*edits, strategy)
    depths = _depths(network)
    # Dropout then depends on `random_state` alone, not on what was drawn in `fit`.
    for name, module in network.named_modules():
        if isinstance(module, SeededDropout):
            module.reseed(seed.child(name))
    chosen = None
    if strategy is not None and tuning.parts == "auto":
        chosen = strategy.trained(network)
    for parameter in _parameters_of(network, parts) if chosen is None else chosen:
        parameter.requires_grad_(True)
    objective = build_objective(
        _objective_plan(tuning, model.codec, weights),
        network,
        model.codec.layout.with_kinds(lambda task: _kind_of(tuning, task)),
        0,
        seed,
        per_group=False,
        more_terms=() if strategy is None else strategy.terms(model.network),
    )
    training = TrainingPlan(
        optimizer=tuning.optimizer,
        lr=tuning.lr,
        weight_decay=0.0,
        schedule=tuning.schedule,
        max_epochs=-(-n_steps // -(-len(rows) // BATCH_ROWS)),
        batch_size=BATCH_ROWS,
        device=choose_device(tuning.device),
        rate="adapt_lr",
        frozen=_frozen(network),
        rates=None if rates is None else {name: rates[d] for name, d in depths.items()},
    )
    with global_streams(seed.child("user modules")):
        result = train(network, objective, RowsOfTraining(rows), training, seed)
    if result.interrupted:
        raise KeyboardInterrupt
    return replace(model, network=network.requires_grad_(True).eval(), edits=edits)


def _is_among(strategy: TransferStrategy, edits: Sequence[TransferStrategy]) -> bool:
    """Whether an equal strategy has edited the network before."""
    return any(type(e) is type(strategy) and repr(e) == repr(strategy) for e in edits)


def _task_weights(
    tuning: TuningPlan, model: FittedModel, before: Sequence[Hashable]
) -> np.ndarray | None:
    """A weight for each task in the order of the outputs; None where all are 1."""
    if tuning.task_weight is None:
        return None
    found = weights_of_tasks(tuning.task_weight, before, list(model.codec.tasks))
    return np.array([found[task.name] for task in model.codec.layout.tasks])


def _rows_with_labels(rows: RowDataset, task_weight: np.ndarray | None) -> RowDataset:
    """The rows that have a label, of positive weight, of a task whose weight is above 0."""
    if task_weight is not None and not task_weight.all():
        _, weight = rows.labels()
        takes_part = torch.from_numpy(task_weight > 0).to(weight.dtype)
        rows = replace(rows, weight=weight * takes_part)
    if rows.weight is None:
        return rows
    return rows.subset(torch.nonzero((rows.weight > 0).any(1)).flatten())


def _objective_plan(
    tuning: TuningPlan, codec: TargetCodec, task_weight: np.ndarray | None
) -> ObjectivePlan:
    """Plan the objective, with balancing and weights of the present tasks, without other terms."""
    balancing = tuning.balancing
    if isinstance(balancing, Manual):
        given = balancing.task_weight or {}
        balancing = Manual({name: w for name, w in given.items() if name in codec.tasks})
    return ObjectivePlan(
        balancing=balancing,
        task_weight=task_weight,
        domain=None,
        method=None,
    )


def _kind_of(tuning: TuningPlan, task: Task) -> Kind:
    """A task's kind, with the estimator's `regression_loss` unless `task_kinds` gives a Kind."""
    if isinstance((tuning.task_kinds or {}).get(task.name), Kind):
        return task.kind_object
    return with_regression_loss(task.kind_object, tuning.regression_loss)


def _depths(network: ThreeMTLNetwork) -> dict[str, int]:
    """The depth of each parameter, by name: 0 in the encoders, 1 and more in the layers above."""
    stages = [s.module for s in network.stages() if next(s.module.parameters(), None) is not None]
    of = {id(p): depth for depth, module in enumerate(stages, 1) for p in module.parameters()}
    top = max(of.values(), default=1)
    return {
        name: 0 if name.startswith("encoders.") else of.get(id(parameter), top)
        for name, parameter in network.named_parameters()
    }


def _frozen(network: ThreeMTLNetwork) -> list[torch.nn.Module]:
    """The modules that stay in evaluation mode: those not trained, or with running statistics.

    The corrections of the outputs were fitted with the source's running statistics; updating these
    would change the features that the corrections read.
    """
    boxes = list(network.children())
    parts = boxes + [m for m in network.modules() if next(m.parameters(), None) is not None]
    frozen = [part for part in parts if not any(p.requires_grad for p in part.parameters())]
    return frozen + [m for m in network.modules() if getattr(m, "track_running_stats", False)]


def _parts(given: str | Sequence[str]) -> tuple[str, ...]:
    names = [given] if isinstance(given, str) else given
    return tuple(dict.fromkeys(part for name in names for part in PARTS.get(name, (name,))))


def _parameters_of(network: ThreeMTLNetwork, parts: Sequence[str]) -> list[torch.nn.Parameter]:
    chosen: dict[str, torch.nn.Parameter] = {}
    for part in parts:
        found = {
            name: parameter
            for name, parameter in network.named_parameters()
            if name == part or name.startswith(f"{part}.")
        }
        if not found and part not in PARTS["all"]:
            raise ValueError(
                f"`adapt_parts` should be 'auto', 'head', 'all' or a list of parts: "
                f"{list(BOXES)!r}, or prefixes of the names of their parameters. "
                f"Found {part!r}."
            )
        chosen |= found
    return list(chosen.values())


def movement(
    before: TargetCodec,
    old: Tensor,
    after: TargetCodec,
    new: Tensor,
    names: Sequence[Hashable],
) -> dict[Hashable, float]:
    """How far an adaptation moved the predictions of each of some tasks.

    For class probabilities it is the mean total variation distance; for numbers, the root mean
    square change in standard deviations of the target.

    Parameters
    ----------
    before, after : TargetCodec
        The tasks before and after the adaptation.
    old, new : tensors of shape (M, n, n_outputs)
        The outputs of the M members of the ensemble before and after it.
    names : sequence of hashable
        The tasks, which exist before and after.
    """
    moved: dict[Hashable, float] = {}
    first, second = before.combine(old).numpy(), after.combine(new).numpy()
    probabilities = [
        dict(zip(codec.tasks, codec.predict_proba(outputs), strict=True))
        for codec, outputs in ((before, first), (after, second))
    ]
    for name in names:
        p, q = probabilities[0][name], probabilities[1][name]
        if p is not None and q is not None:
            moved[name] = float(abs(p - q).sum(1).mean() / 2)
            continue
        columns = [
            out[:, codec.layout.outputs_of([t.name for t in codec.layout.tasks].index(name))]
            for codec, out in ((before, first), (after, second))
        ]
        moved[name] = float(((columns[0] - columns[1]) ** 2).mean() ** 0.5)
    return moved
