"""Scores with known correlation, and checks: the common code of the generators."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_random_state

RandomState = int | np.random.RandomState | None
Floats = NDArray[np.float64]

_N_HIDDEN = 64
_N_REFERENCE_ROWS = 4096


def check_count(name: str, value: object, minimum: int, maximum: int | None = None) -> int:
    """Return a valid integer parameter; raise a ValueError for an invalid one."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | np.integer)
        or value < minimum
        or (maximum is not None and value > maximum)
    ):
        allowed = f">= {minimum}" if maximum is None else f"from {minimum} to {maximum}"
        raise ValueError(f"{name} must be an integer {allowed}, got {value!r}.")
    return int(value)


def check_number(name: str, value: object, maximum: float, *, closed: bool = True) -> float:
    """Return a number in [0, maximum], or in [0, maximum) if not `closed`; else ValueError."""
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float | np.integer | np.floating)
        or not (0 <= value < maximum or (closed and value == maximum))
    ):
        allowed = f"[0, {maximum:g}" + ("]" if closed else ")")
        raise ValueError(f"{name} must be a number in {allowed}, got {value!r}.")
    return float(value)


def make_rng(random_state: RandomState) -> np.random.Generator:
    """Return a new generator. For None or an int, NumPy's global generator is not used."""
    if random_state is None:
        return np.random.default_rng()
    return np.random.default_rng(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def planted_scores(
    n_samples: int,
    n_features: int,
    n_tasks: int,
    *,
    task_correlation: float,
    n_informative: int,
    nonlinear: bool,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats]:
    """Draw inputs, and scores of variance 1 with a given pairwise correlation.

    Parameters
    ----------
    n_samples, n_features, n_tasks : int
        The numbers of rows, inputs and tasks.
    task_correlation : float
        The correlation rho of two tasks' scores.
    n_informative : int
        The scores depend on this number of inputs, which are the first ones.
    nonlinear : bool
        Whether a random hidden layer, which all tasks share, comes before the weights.
    rng : numpy.random.Generator
        The source of all draws.

    Returns
    -------
    X : ndarray of shape (n_samples, n_features)
    scores : ndarray of shape (n_samples, n_tasks)
    weights : ndarray of shape (n_tasks, n_informative), or (n_tasks, n_hidden) if nonlinear
    """
    X = rng.standard_normal((n_samples, n_features))
    hidden = X[:, :n_informative]
    covariance = np.eye(n_informative)
    if nonlinear:
        n_hidden = max(_N_HIDDEN, n_tasks + 1)
        slopes = rng.standard_normal((n_informative, n_hidden)) * 2 / np.sqrt(n_informative)
        offsets = rng.standard_normal(n_hidden)
        reference = rng.standard_normal((_N_REFERENCE_ROWS, n_informative))
        reference = np.tanh(reference @ slopes + offsets)
        hidden = np.tanh(hidden @ slopes + offsets) - reference.mean(axis=0)
        covariance = np.cov(reference, rowvar=False)
    shared, own = _directions(n_tasks, covariance, rng)
    weights = np.sqrt(task_correlation) * shared + np.sqrt(1 - task_correlation) * own
    weights /= _norms(weights, covariance)
    return X, hidden @ weights.T, weights


def _directions(
    n_tasks: int, covariance: Floats, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Draw a direction that all tasks share, and one for each; uncorrelated if possible."""
    directions = rng.standard_normal((n_tasks + 1, len(covariance)))
    if n_tasks + 1 <= len(covariance):
        factor = np.linalg.cholesky(directions @ covariance @ directions.T)
        directions = np.linalg.solve(factor, directions)
    else:
        directions /= _norms(directions, covariance)
    return directions[:1], directions[1:]


def _norms(weights: Floats, covariance: Floats) -> Floats:
    """Return the standard deviation of each weight vector's score, of shape (n_vectors, 1)."""
    norms: Floats = np.sqrt(np.einsum("kd,de,ke->k", weights, covariance, weights))[:, None]
    return norms


def draw_gaps(
    labelled: NDArray[np.bool_], missing: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Mark a random fraction `missing` of each task's labels as missing, in a copy of the mask.

    One label of each task is always left.
    """
    labelled = labelled.copy()
    for column in labelled.T:
        rows = np.flatnonzero(column)
        n_gaps = min(round(missing * len(rows)), len(rows) - 1)
        column[rng.choice(rows, size=n_gaps, replace=False)] = False
    return labelled


def feature_frame(X: Floats) -> pd.DataFrame:
    """Name the inputs x0, x1, and so on."""
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])


def task_names(n_tasks: int) -> list[str]:
    """Name the tasks task0, task1, and so on."""
    return [f"task{k}" for k in range(n_tasks)]


def check_classes(n_classes: int | Sequence[int], n_samples: int, n_tasks: int) -> list[int]:
    """Return each task's number of classes."""
    if isinstance(n_classes, int | np.integer):
        return [check_count("n_classes", n_classes, 2, n_samples)] * n_tasks
    if isinstance(n_classes, str) or not isinstance(n_classes, Sequence | np.ndarray):
        raise ValueError(
            f"n_classes must be an integer, or a sequence of one per task, got {n_classes!r}."
        )
    if len(n_classes) != n_tasks:
        raise ValueError(
            f"n_classes must be an integer, or a sequence of one per task ({n_tasks}), "
            f"got {len(n_classes)} values: {n_classes!r}."
        )
    return [check_count("each of n_classes", value, 2, n_samples) for value in n_classes]
