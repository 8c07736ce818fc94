"""The steps of `fit`: read, plan, build, split, train."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable
from dataclasses import replace

from sklearn.utils import check_random_state
from skorch.history import History

from sklearn_3mtl.core.seeding import Seed, global_streams
from sklearn_3mtl.data.columns import TargetColumns
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.fitted import Fitted, InputColumns
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.predictors import BySupports, OnlyNewClasses
from sklearn_3mtl.fitted.task_adapter import TaskAdapter
from sklearn_3mtl.fitting.assembly import make_rows, new_model
from sklearn_3mtl.fitting.data import FitInput, read_training_data
from sklearn_3mtl.fitting.domains import rows_of_domains, with_unlabelled
from sklearn_3mtl.fitting.drawing import draw_episodes
from sklearn_3mtl.fitting.episodes import EpisodePlan
from sklearn_3mtl.fitting.facts import Facts
from sklearn_3mtl.fitting.plan import Plan
from sklearn_3mtl.fitting.planning import make_plan
from sklearn_3mtl.fitting.prior import code_rows
from sklearn_3mtl.fitting.splitting import split_rows
from sklearn_3mtl.fitting.start import Start
from sklearn_3mtl.fitting.warm_start import check_same, in_order_of
from sklearn_3mtl.rows.loader import RowDataset, TrainingRows, ValidationRows
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.training.train import RowsOfTraining, TrainingResult, train

__all__ = ["draw_seed", "fit_again", "fit_new", "train_model"]

TasksOf = Callable[[TargetColumns], dict[Hashable, Task]]


def draw_seed(settings: Settings) -> Seed:
    """Draw the seed of a fit from the parameter `random_state`."""
    return Seed(int(check_random_state(settings.random_state).randint(2**31 - 1)))


def fit_new(
    settings: Settings,
    given: FitInput,
    columns: InputColumns,
    tasks_of: TasksOf,
    start: Start | None = None,
) -> Fitted:
    """Train a new model.

    Parameters
    ----------
    settings : Settings
        The parameters.
    given : FitInput
        The arguments of `fit`.
    columns : InputColumns
        The columns of X.
    tasks_of : callable
        Infers the tasks from the columns of y.
    start : Start or None, default=None
        What training starts from. None: random weights.
    """
    seed = draw_seed(settings)
    tasks = tasks_of(given.targets)
    data = read_training_data(settings, given, given.targets)
    plan, model, inputs = new_model(settings, data, tasks, seed, start)
    result = train_model(plan, model, make_rows(plan, model, data, inputs), seed, None)
    return Fitted(model, result.history, columns, interrupted=result.interrupted)


def fit_again(settings: Settings, given: FitInput, before: Fitted, tasks_of: TasksOf) -> Fitted:
    """Continue training (`warm_start`) on a copy of the model of an earlier fit."""
    previous, seed = before.model, draw_seed(settings)
    targets = in_order_of(previous, given.targets)
    tasks = tasks_of(targets)
    data = read_training_data(settings, given, targets)
    check_same(previous, settings, tasks)
    facts = Facts(
        n_rows=int(targets.labelled().sum()),
        tasks=previous.codec.tasks,
        has_ids=previous.groups is not None,
        inputs=data.input_columns(settings),
        fixed=previous.chosen,
        n_without_prior=previous.network.shape.n_without_prior,
    )
    plan = make_plan(settings, facts)
    coded = code_rows(plan, previous.inputs, previous.codec, data, seed)
    model = replace(
        copy.deepcopy(previous), settings=settings, chosen=plan.chosen, prior=coded.prior
    )
    rows = make_rows(plan, model, data, coded.inputs)
    seed = seed.child(f"warm start {len(before.history)}")
    result = train_model(plan, model, rows, seed, before.history)
    return Fitted(model, result.history, before.columns, interrupted=result.interrupted)


def train_model(
    plan: Plan, model: FittedModel, rows: RowDataset, seed: Seed, history: History | None
) -> TrainingResult:
    """Train the model's network in place; with episodes, also keep the tasks' support sets."""
    drawn = None
    training: TrainingRows
    valid: ValidationRows | None
    if plan.episodes is None:
        training, valid = _split(plan, model, rows, seed)
    else:
        rows = plan.episodes.kind.with_units(rows)
        n_units = plan.episodes.kind.n_units(model)
        drawn = draw_episodes(plan.episodes, plan.training, rows, n_units, seed)
        training, valid = drawn.training, drawn.valid
    training = with_unlabelled(training, rows, model.objective)
    domains = None if model.objective.domain_term is None else rows_of_domains(rows)
    sets = RowsOfTraining(training, valid, domains)
    # A user's module draws dropout from torch's global generator: seed that, and restore it after.
    with global_streams(seed.child("user modules")):
        result = train(model.network, model.objective, sets, plan.training, seed, history)
    model.codec.calibrate(result.calibration.temperature, result.calibration.shares)
    if plan.episodes is not None and drawn is not None:
        # Held-out tasks chose the best weights; closed-form updates may use their rows now.
        model.objective.before_epoch(model.network, drawn.every)
        _remember(plan.episodes, model, rows, seed)
    return result


def _split(
    plan: Plan, model: FittedModel, rows: RowDataset, seed: Seed
) -> tuple[RowDataset, RowDataset | None]:
    return split_rows(
        rows,
        model.objective.losses.layout,
        plan.training.early_stopping,
        plan.training.validation_fraction,
        (0,) if model.network.shape.members_share_weights else model.network.shape.kinds,
        seed,
    )


def _remember(plan: EpisodePlan, model: FittedModel, rows: RowDataset, seed: Seed) -> None:
    """Keep support sets in the model, which predicts by tasks that adapt on them."""
    generator = seed.child("support").generator()
    memory = plan.kind.memory(plan, rows, plan.kind.n_units(model), generator)
    if memory is None:
        model.predictor = OnlyNewClasses()
        return
    if model.adapter is not None:
        memory = model.adapter.memory.renewed(memory)
    model.predictor = BySupports(TaskAdapter.of(memory, plan.adapt_lr, plan.adapt_steps))
