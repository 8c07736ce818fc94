"""Which model predicts each task before the network does."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator

from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.prior.base import Estimator, PriorModel
from sklearn_3mtl.prior.boosting import BoostingPrior
from sklearn_3mtl.prior.forest import ForestPrior
from sklearn_3mtl.prior.given import GivenPrior
from sklearn_3mtl.prior.linear import LinearPrior
from sklearn_3mtl.prior.predicting import refuse_other_kind

__all__ = ["PRIORS", "PriorPlan", "prior_plan"]

PRIORS: dict[str, type[PriorModel]] = {
    "boosting": BoostingPrior,
    "forest": ForestPrior,
    "linear": LinearPrior,
}

# All that suit a task, weighed by the evidence.
AUTO = "auto"


@dataclass(frozen=True)
class PriorPlan:
    """Which model predicts each task first.

    Attributes
    ----------
    models : dict of task name to tuple of PriorModel
        The models; a task without one starts from outputs of 0.
    weighs : bool, default=False
        Whether the models are weighed against each other and against a constant prediction, by
        their predictions out of fold. False: each task has one model, which counts in full.
    """

    models: dict[Hashable, tuple[PriorModel, ...]]
    weighs: bool = False


def prior_plan(
    given: object, tasks: Mapping[Hashable, Task], columns: Sequence[int]
) -> PriorPlan | None:
    """Make the plan from the parameter `prior`; None without a prior.

    Parameters
    ----------
    given : str, scikit-learn model, mapping of task name to either, or None
        The parameter.
    tasks : mapping of task name to Task
        The columns of y.
    columns : sequence of int
        Positions of the columns of X that are inputs: all but those of task ids and domains.

    Raises
    ------
    ValueError
        If a model doesn't fit its task's kind or can't be cloned, or a name is unknown.
    """
    if given is None or not tasks:
        return None
    if isinstance(given, str) and given == AUTO:
        every = tuple(make() for make in PRIORS.values())
        return PriorPlan(dict.fromkeys(tasks, every), weighs=True)
    specs = given if isinstance(given, Mapping) else dict.fromkeys(tasks, given)
    unknown = [name for name in specs if name not in tasks]
    if unknown:
        raise ValueError(f"`prior` names {unknown!r}; the tasks are {list(tasks)!r}.")
    made: dict[object, PriorModel] = {}
    models: dict[Hashable, tuple[PriorModel, ...]] = {}
    for name, spec in specs.items():
        if spec is None:
            continue
        parameter = f"prior[{name!r}]" if isinstance(given, Mapping) else "prior"
        key = spec if isinstance(spec, str) else id(spec)
        if key not in made:
            made[key] = _model(spec, parameter, columns)
        if isinstance(spec, BaseEstimator):
            inner = spec.estimator if isinstance(spec, FrozenEstimator) else spec
            refuse_other_kind(cast(Estimator, inner), tasks[name], parameter)
        models[name] = (made[key],)
    return PriorPlan(models)


def _model(spec: object, parameter: str, columns: Sequence[int]) -> PriorModel:
    if isinstance(spec, str) and spec in PRIORS:
        return PRIORS[spec]()
    if not isinstance(spec, BaseEstimator):
        raise ValueError(
            f"`{parameter}` should be one of {list(PRIORS)!r}, a scikit-learn classifier or "
            f"regressor, or None. Found {spec!r}."
        )
    estimator = cast(BaseEstimator, spec)
    try:
        clone(estimator)
    except (TypeError, RuntimeError) as error:
        raise ValueError(f"`{parameter}`={spec!r} can't be cloned: {error}") from error
    return GivenPrior(estimator, columns)
