"""`fit` from a scikit-learn model given as `source`: make it the prior of an empty network."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace

import numpy as np
from sklearn.base import is_classifier
from sklearn.frozen import FrozenEstimator
from skorch.history import History

from sklearn_3mtl.data.kinds import ANY_CLASSES, Regression, declared_kind
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.fitted.fitted import Fitted, InputColumns
from sklearn_3mtl.fitting.assembly import new_model
from sklearn_3mtl.fitting.data import FitInput, read_training_data
from sklearn_3mtl.fitting.fit import draw_seed
from sklearn_3mtl.settings import Settings

__all__ = ["fitted_with_model"]

# Between the inputs and the heads, which start at 0, there is nothing.
PARTS: Mapping[str, object] = {
    "source": None, "backbone": "mlp", "hidden_layer_sizes": (), "n_estimators": 1,
    "numeric_embedding": None, "dropout": 0.0, "sharing": "hard", "heads": "column",
    "fusion": "concat", "balancing": "equal", "task_weight": None,
}  # fmt: skip


def fitted_with_model(
    settings: Settings, source: FrozenEstimator, given: FitInput, columns: InputColumns
) -> Fitted:
    """Make a fitted model whose predictions are those of a scikit-learn model.

    Parameters
    ----------
    settings : Settings
        The other parameters.
    source : FrozenEstimator
        The scikit-learn model.
    given : FitInput
        X and y of the target, which say how the inputs are coded and numbers are scaled.
    columns : InputColumns
        The columns of X.

    Raises
    ------
    ValueError
        If y has several columns, or the model doesn't fit X.
    """
    if len(given.targets.names) > 1:
        raise ValueError(
            f"`source` is a {type(source.estimator).__name__}, which predicts one target. y has "
            f"{list(given.targets.names)!r}; adapt a model to each."
        )
    if not given.targets.labelled().any():
        raise ValueError("y has no label: adapt needs at least one.")
    [name] = given.targets.names
    task = _task(settings, name, source, given)
    around = settings.with_values({**PARTS, "prior": source})
    data = read_training_data(around, given, given.targets)
    try:
        model = new_model(around, data, {name: task}, draw_seed(settings)).model
    except ValueError as error:
        what = f"The model to adapt, {source.estimator!r}, can't be used on X and y"
        raise ValueError(f"{what}: {error}") from error
    return Fitted(replace(model, settings=around), History(), columns)


def _task(settings: Settings, name: Hashable, source: FrozenEstimator, given: FitInput) -> Task:
    """The task that a model was fitted for: its classes are the model's."""
    if not is_classifier(source.estimator):
        return Task(name, Regression(settings.regression_loss))
    labels = given.targets.columns[0]
    if isinstance(source.classes_, list):
        raise ValueError(
            f"{type(source.estimator).__name__} predicts several targets. Adapt a model to each."
        )
    classes = np.asarray(source.classes_)
    kind = declared_kind(name, ANY_CLASSES, len(classes))
    return Task(name, kind, classes, labels.dtype)
