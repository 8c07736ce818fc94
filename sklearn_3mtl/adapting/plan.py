"""The plan of an adaptation: parameters, with every short name replaced by an object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sklearn_3mtl.balancing import BALANCING, Balancing
from sklearn_3mtl.meta import META, MetaMethod
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.settings.names import make_method, make_optimizer, make_schedule
from sklearn_3mtl.settings.types import (
    ClassWeight,
    Device,
    OptimizerClass,
    RandomState,
    Schedule,
    TaskKinds,
    TaskWeight,
)
from sklearn_3mtl.settings.values import is_auto
from sklearn_3mtl.transfer import STRATEGIES, TransferStrategy

__all__ = ["AdaptPlan", "TuningPlan", "make_adapt_plan", "make_strategy"]

AUTO_LR = 1e-4


@dataclass(frozen=True)
class TuningPlan:
    """How `adapt` trains parts of the network, after it has corrected the outputs.

    Attributes
    ----------
    parts : str or sequence of str
        Which parts are trained.
    lr : float
        Learning rate.
    n_steps : int or None
        The number of steps, rounded up to whole epochs. None: it depends on the parts and on the
        strategy.
    optimizer, schedule
        The optimizer's class, and the learning rate's schedule.
    task_kinds : mapping of task name to kind, or None
        The kinds that the user gave. None: all are inferred.
    regression_loss : str
        The loss of regression tasks whose kind isn't given.
    balancing : Balancing
        The rule that balances the tasks' losses or gradients.
    task_weight : mapping, array-like or None
        Weights of the tasks.
    device : str or torch.device
        The device that the parts are trained on.
    random_state : int, RandomState or None
        Seeds the order of the rows, dropout and new weights.
    """

    parts: str | Sequence[str]
    lr: float
    n_steps: int | None
    optimizer: OptimizerClass
    schedule: Schedule
    task_kinds: TaskKinds | None
    regression_loss: str
    balancing: Balancing
    task_weight: TaskWeight | None
    device: Device
    random_state: RandomState | None


@dataclass(frozen=True)
class AdaptPlan:
    """What `adapt` does, as the estimator's parameters say; short names are now objects.

    Attributes
    ----------
    settings : Settings
        The parameters as they were given.
    strategy : TransferStrategy or None
        How a target uses its source. None: `adapt_parts` alone says what is trained.
    head : scikit-learn estimator or None
        The model that is fitted to frozen features. None: ridge or logistic regression.
    class_weight : "balanced", mapping or None
        Weights of the classes of new tasks.
    method : MetaMethod or None
        The meta-learning method. None where there is none.
    tuning : TuningPlan
        How parts of the network are trained.
    """

    settings: Settings
    strategy: TransferStrategy | None
    head: object | None
    class_weight: ClassWeight | None
    method: MetaMethod | None
    tuning: TuningPlan


def make_adapt_plan(settings: Settings) -> AdaptPlan:
    """Make the plan of an adaptation from an estimator's parameters."""
    lr, n_steps = settings.adapt_lr, settings.adapt_steps
    tuning = TuningPlan(
        parts=settings.adapt_parts,
        lr=AUTO_LR if is_auto(lr) else float(lr),
        n_steps=None if is_auto(n_steps) else int(n_steps),
        optimizer=make_optimizer(settings.optimizer),
        schedule=make_schedule(settings.lr_schedule),
        task_kinds=settings.task_kinds,
        regression_loss=settings.regression_loss,
        balancing=make_method(settings.balancing, BALANCING),
        task_weight=settings.task_weight,
        device=settings.device,
        random_state=settings.random_state,
    )
    given = settings.strategy
    return AdaptPlan(
        settings=settings,
        strategy=None if given is None else make_method(given, STRATEGIES),
        head=settings.head,
        class_weight=settings.class_weight,
        method=None if settings.meta is None else make_method(settings.meta, META),
        tuning=tuning,
    )


def make_strategy(settings: Settings) -> TransferStrategy | None:
    """Make the transfer strategy, if any; refuse a `head` or `adapt_parts` that contradicts it."""
    if settings.strategy is None:
        return None
    strategy = make_method(settings.strategy, STRATEGIES)
    if not strategy.reads_features and settings.head is not None:
        raise ValueError(
            f"head={settings.head!r} and strategy={settings.strategy!r} contradict each other: a "
            "scikit-learn model reads frozen features. Set strategy='extract', or head=None."
        )
    if strategy.reads_features and settings.adapt_parts not in ("auto", "head"):
        raise ValueError(
            f"adapt_parts={settings.adapt_parts!r} and strategy={settings.strategy!r} contradict "
            "each other: features are extracted from a frozen network. Set adapt_parts='auto', or "
            "strategy='fine_tune'."
        )
    return strategy
