"""Gradient steps on parts of a fitted network, after its heads were corrected."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Sequence
from typing import Any

import torch
from sklearn.utils import check_random_state
from torch import Tensor

from sklearn_3mtl.balancing import Equal
from sklearn_3mtl.core.network import ThreeMTLNetwork
from sklearn_3mtl.core.seeding import Seed, global_streams
from sklearn_3mtl.core.stacked import SeededDropout
from sklearn_3mtl.data.kinds import Kind, with_regression_loss
from sklearn_3mtl.data.targets import TargetCodec
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._settings import Settings
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.objective import SingleLevelObjective
from sklearn_3mtl.rows.loader import RowDataset
from sklearn_3mtl.settings import constraints as parameters
from sklearn_3mtl.training.train import choose_device, train
from sklearn_3mtl.transfer import STRATEGIES, TransferStrategy

__all__ = ["fine_tune", "make_strategy", "movement"]

# Which parts of the network each name trains.
HEADS = ("heads", "adaptations")
BOXES = ("encoders", "backbone", "heads")
PARTS = {"auto": HEADS, "head": HEADS, "heads": HEADS, "all": ("encoders", "backbone", *HEADS)}
AUTO_LR, AUTO_STEPS, BATCH_ROWS = 1e-4, 100, 64


def make_strategy(estimator: Settings) -> TransferStrategy | None:
    """How a target uses its source; None where `adapt_parts` alone says it."""
    if estimator.strategy is None:
        return None
    strategy: TransferStrategy = parameters.make_method(estimator.strategy, STRATEGIES)
    if not strategy.reads_features and estimator.head is not None:
        raise ValueError(
            f"head={estimator.head!r} and strategy={estimator.strategy!r} contradict each other: a "
            "scikit-learn model reads frozen features. Set strategy='extract', or head=None."
        )
    if strategy.reads_features and estimator.adapt_parts not in ("auto", "head"):
        raise ValueError(
            f"adapt_parts={estimator.adapt_parts!r} and strategy={estimator.strategy!r} contradict "
            "each other: features are extracted from a frozen network. Set adapt_parts='auto', or "
            "strategy='fine_tune'."
        )
    return strategy


def fine_tune(
    estimator: Settings, model: FittedModel, rows: RowDataset, strategy: TransferStrategy | None
) -> bool:
    """Train the parts that `adapt_parts` names, on copies of them; whether there were any steps.

    A strategy says which rates they have, and what "auto" stands for.

    The heads were solved for before ("linear probing, then fine-tuning": Kumar et al., ICLR 2022,
    arXiv 2202.10054): the parts below start from useful gradients.
    """
    labelled = (rows.weight > 0).any(1) if rows.weight is not None else None
    rows = rows if labelled is None else rows.subset(torch.nonzero(labelled).flatten())
    depths = _depths(model.network)
    rates = None if strategy is None else strategy.rates(max(depths.values()) + 1, len(rows))
    given = estimator.adapt_parts
    if strategy is not None and given == "auto":
        given = "head" if rates is None else "all"
    parts = _parts(given)
    n_steps = estimator.adapt_steps
    if strategy is not None and rates is None:
        n_steps = 0
    if n_steps == "auto":
        n_steps = 0 if parts == PARTS["head"] else AUTO_STEPS
    if not _parameters_of(model.network, parts) or not n_steps:
        return False
    # Nothing is drawn where the network stays frozen.
    drawn = int(check_random_state(estimator.random_state).randint(2**31 - 1))
    seed = Seed(drawn).child("adapt")
    network = copy.deepcopy(model.network).requires_grad_(False)
    # What is drawn depends on `random_state` alone, not on what was drawn in `fit`.
    for name, module in network.named_modules():
        if isinstance(module, SeededDropout):
            module.reseed(seed.child(name))
    chosen = _parameters_of(network, parts)
    for parameter in chosen:
        parameter.requires_grad_(True)
    per_epoch = -(-len(rows) // BATCH_ROWS)
    layout = model.codec.layout.with_kinds(lambda task: _kind_of(estimator, task))
    objective = SingleLevelObjective(layout, None, Equal(), None, seed)
    with global_streams(seed.child("user modules")):
        _, interrupted, _ = train(
            network,
            objective,
            rows,
            None,
            layout=model.codec.layout,
            optimizer=parameters.make_optimizer(estimator.optimizer),
            lr=AUTO_LR if estimator.adapt_lr == "auto" else estimator.adapt_lr,
            weight_decay=0.0,
            schedule=parameters.make_schedule(estimator.lr_schedule),
            max_epochs=-(-int(n_steps) // per_epoch),
            batch_size=BATCH_ROWS,
            patience=1,
            callbacks=[],
            device=choose_device(estimator.device),
            verbose=0,
            seed=seed,
            history=None,
            frozen=_frozen(network),
            rates=None if rates is None else {name: rates[d] for name, d in depths.items()},
            rate="adapt_lr",
        )
    if interrupted:
        raise KeyboardInterrupt
    model.network = network.requires_grad_(True).eval()
    return True


def _kind_of(estimator: Settings, task: Task) -> Kind:
    """A task's kind, with the loss that the estimator names where nothing else is said."""
    if isinstance((estimator.task_kinds or {}).get(task.name), Kind):
        return task.kind_object
    return with_regression_loss(task.kind_object, estimator.regression_loss)


def _depths(network: ThreeMTLNetwork) -> dict[str, int]:
    """How deep each parameter lies: 0 for the encoders, then the backbone's stages, the heads."""
    stages = [s.module for s in network.stages() if next(s.module.parameters(), None) is not None]
    of = {id(p): depth for depth, module in enumerate(stages, 1) for p in module.parameters()}
    top = max(of.values(), default=1)
    return {
        name: 0 if name.startswith("encoders.") else of.get(id(parameter), top)
        for name, parameter in network.named_parameters()
    }


def _frozen(network: ThreeMTLNetwork) -> list[torch.nn.Module]:
    """What is not trained, with the dropout within it, and what keeps running statistics.

    The heads were solved for under the source's statistics: others would take their features away.
    """
    boxes = list(network.children())
    parts = boxes + [m for m in network.modules() if next(m.parameters(), None) is not None]
    frozen = [part for part in parts if not any(p.requires_grad for p in part.parameters())]
    return frozen + [m for m in network.modules() if getattr(m, "track_running_stats", False)]


def _parts(given: Any) -> tuple[str, ...]:
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
                f"`adapt_parts` should be 'auto', 'head', 'all' or a list of parts, "
                f"{list(BOXES)!r} or prefixes of the names of parameters within. "
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
    """How far predictions moved: mean total variation, or RMS in standard deviations."""
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
