"""Generators of tasks with known correlation."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sklearn_3mtl.datasets import _planted as planted


def make_multitask_regression(
    n_samples: int = 100,
    n_features: int = 10,
    n_tasks: int = 3,
    *,
    task_correlation: float = 0.9,
    n_informative: int | None = None,
    noise: float = 0.1,
    missing: float = 0.0,
    shared_rows: bool = True,
    nonlinear: bool = False,
    return_coef: bool = False,
    random_state: planted.RandomState = None,
) -> tuple[pd.DataFrame, ...]:
    """Generate regression tasks whose correlation is known.

    The inputs are independent standard normal numbers. A task's target is ``X @ w + noise``, with
    ``w = sqrt(rho) * w_shared + sqrt(1 - rho) * w_own``. The vectors ``w_shared`` and ``w_own`` of
    all tasks are orthonormal, so each noiseless target has variance 1 and each pair of them has
    correlation ``rho``. (With ``n_tasks >= n_informative`` there are not enough dimensions for
    that. The vectors are then random unit vectors, and correlations are near ``rho`` only on
    average.)

    Parameters
    ----------
    n_samples : int, default=100
        The number of rows.
    n_features : int, default=10
        The number of inputs.
    n_tasks : int, default=3
        The number of tasks.
    task_correlation : float, default=0.9
        The correlation rho of each pair of noiseless targets, from 0 (unrelated) to 1 (the same).
    n_informative : int, default=None
        The targets depend on this number of inputs, which are the first ones. None: on all.
    noise : float, default=0.1
        The standard deviation of the normal noise; that of a noiseless target is 1.
    missing : float, default=0.0
        The fraction of each task's labels that are NaN, in [0, 1). One label is always left.
    shared_rows : bool, default=True
        If True, each row has a label for every task. If False, each row has a label for one task
        only, all tasks have about the same number of rows, and `missing` is a fraction of these
        labels.
    nonlinear : bool, default=False
        If True, the inputs pass through a random layer of tanh units, which all tasks share, before
        the weights. The correlation stays the same.
    return_coef : bool, default=False
        If True, return the weights as well. It can't be combined with ``nonlinear=True``.
    random_state : int, RandomState instance or None, default=None
        The seed. An int gives the same data each time.

    Returns
    -------
    X : DataFrame of shape (n_samples, n_features)
        The inputs ``x0``, ``x1``, and so on.
    Y : DataFrame of shape (n_samples, n_tasks)
        The targets ``task0``, ``task1``, and so on, float64.
    coef : DataFrame of shape (n_features, n_tasks)
        The weights, only with ``return_coef=True``.

    See Also
    --------
    make_multitask_classification : The same with classes.

    Examples
    --------
    >>> from sklearn_3mtl.datasets import make_multitask_regression
    >>> X, Y = make_multitask_regression(n_samples=50, n_tasks=2, missing=0.2, random_state=0)
    >>> X.shape, Y.shape
    ((50, 10), (50, 2))
    >>> Y.isna().mean().to_dict()
    {'task0': 0.2, 'task1': 0.2}
    """
    n_samples = planted.check_count("n_samples", n_samples, 1)
    n_features = planted.check_count("n_features", n_features, 1)
    n_tasks = planted.check_count("n_tasks", n_tasks, 1)
    task_correlation = planted.check_number("task_correlation", task_correlation, 1)
    if n_informative is None:
        n_informative = n_features
    n_informative = planted.check_count("n_informative", n_informative, 1, n_features)
    noise = planted.check_number("noise", noise, np.inf, closed=False)
    missing = planted.check_number("missing", missing, 1, closed=False)
    if return_coef and nonlinear:
        raise ValueError(
            "return_coef must be False with nonlinear=True, got True: "
            "a nonlinear task has no coefficients on the inputs."
        )
    if not shared_rows and n_samples < n_tasks:
        raise ValueError(
            f"n_samples must be >= n_tasks ({n_tasks}) with shared_rows=False, so that each task "
            f"has a row, got {n_samples}."
        )
    rng = planted.make_rng(random_state)
    X, scores, weights = planted.planted_scores(
        n_samples,
        n_features,
        n_tasks,
        task_correlation=task_correlation,
        n_informative=n_informative,
        nonlinear=nonlinear,
        rng=rng,
    )
    values = scores + noise * rng.standard_normal(scores.shape)
    labelled = np.ones(values.shape, dtype=bool)
    if not shared_rows:
        labelled = rng.permutation(n_samples)[:, None] % n_tasks == np.arange(n_tasks)
    labelled = planted.draw_gaps(labelled, missing, rng)
    names = planted.task_names(n_tasks)
    features = planted.feature_frame(X)
    targets = pd.DataFrame(np.where(labelled, values, np.nan), columns=names)
    if not return_coef:
        return features, targets
    coef = pd.DataFrame(0.0, index=features.columns, columns=names)
    coef.iloc[:n_informative] = weights.T
    return features, targets, coef


def make_multitask_classification(
    n_samples: int = 100,
    n_features: int = 10,
    n_tasks: int = 3,
    *,
    n_classes: int | Sequence[int] = 2,
    task_correlation: float = 0.9,
    flip_y: float = 0.01,
    missing: float = 0.0,
    nonlinear: bool = False,
    random_state: planted.RandomState = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Generate classification tasks whose correlation is known.

    Each task has a score, which is made like a noiseless target of `make_multitask_regression`. Its
    classes are quantile bins of the score, so they have equal numbers of rows before labels are
    flipped.

    Parameters
    ----------
    n_samples : int, default=100
        The number of rows.
    n_features : int, default=10
        The number of inputs. The scores depend on all of them.
    n_tasks : int, default=3
        The number of tasks.
    n_classes : int or sequence of int, default=2
        The number of classes of every task, or of each task.
    task_correlation : float, default=0.9
        The correlation of each pair of scores, from 0 (unrelated) to 1 (the same).
    flip_y : float, default=0.01
        The fraction of labels, from 0 to 1, that are replaced by a random class.
    missing : float, default=0.0
        The fraction of each task's labels that are NaN, in [0, 1). One label is always left.
    nonlinear : bool, default=False
        If True, the inputs pass through a random layer of tanh units, which all tasks share, before
        the weights.
    random_state : int, RandomState instance or None, default=None
        The seed. An int gives the same data each time.

    Returns
    -------
    X : DataFrame of shape (n_samples, n_features)
        The inputs ``x0``, ``x1``, and so on.
    Y : DataFrame of shape (n_samples, n_tasks)
        The labels ``task0``, ``task1``, and so on. A task without missing labels has the int64
        labels 0, 1, and so on. A task with missing labels has the float64 labels 0.0, 1.0 and NaN
        if it has two classes. With more classes it has the text labels ``"c0"``, ``"c1"``, and so
        on, and NaN, because floats would be inferred as regression.

    See Also
    --------
    make_multitask_regression : The same with numbers.

    Examples
    --------
    >>> from sklearn_3mtl.datasets import make_multitask_classification
    >>> X, Y = make_multitask_classification(n_tasks=2, n_classes=[2, 4], random_state=0)
    >>> Y.nunique().to_dict()
    {'task0': 2, 'task1': 4}
    """
    n_samples = planted.check_count("n_samples", n_samples, 2)
    n_features = planted.check_count("n_features", n_features, 1)
    n_tasks = planted.check_count("n_tasks", n_tasks, 1)
    class_counts = planted.check_classes(n_classes, n_samples, n_tasks)
    task_correlation = planted.check_number("task_correlation", task_correlation, 1)
    flip_y = planted.check_number("flip_y", flip_y, 1)
    missing = planted.check_number("missing", missing, 1, closed=False)
    rng = planted.make_rng(random_state)
    X, scores, _ = planted.planted_scores(
        n_samples,
        n_features,
        n_tasks,
        task_correlation=task_correlation,
        n_informative=n_features,
        nonlinear=nonlinear,
        rng=rng,
    )
    ranks = scores.argsort(axis=0).argsort(axis=0)
    labels = ranks * np.array(class_counts) // n_samples
    flipped = rng.random(labels.shape) < flip_y
    labels = np.where(flipped, rng.integers(class_counts, size=labels.shape), labels)
    labelled = planted.draw_gaps(np.ones(labels.shape, dtype=bool), missing, rng)
    columns = {
        name: _label_column(labels[:, k], labelled[:, k], class_counts[k])
        for k, name in enumerate(planted.task_names(n_tasks))
    }
    return planted.feature_frame(X), pd.DataFrame(columns)


def _label_column(labels: np.ndarray, labelled: np.ndarray, n_classes: int) -> pd.Series:
    """One task's labels, in a dtype from which their kind is inferred correctly."""
    if labelled.all():
        return pd.Series(labels, dtype="int64")
    if n_classes == 2:
        return pd.Series(labels, dtype="float64").where(labelled)
    return pd.Series([f"c{label}" for label in labels]).where(labelled)
