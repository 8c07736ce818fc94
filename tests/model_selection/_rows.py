"""Rows of tasks that the tests of splitters share."""

import pickle
import warnings

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from sklearn.utils import check_random_state


def quiet_splits(cv, y, groups):
    """All splits, without the warning of small tasks; examples without a row to test are left."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*all their rows are trained on")
        try:
            return list(cv.split(np.zeros((len(groups), 2)), y, groups))
        except ValueError as error:
            assume("has no row to test" not in str(error))
            raise


def global_stream():
    """Where NumPy's global stream stands."""
    return pickle.dumps(check_random_state(None).get_state())


@st.composite
def tasks(draw):
    """Labels of classes, some of them missing, and the task ids of rows in any order."""
    n_tasks = draw(st.integers(3, 7))
    counts = [draw(st.integers(1, 14)) for _ in range(n_tasks)]
    random = np.random.default_rng(draw(st.integers(0, 999)))
    groups = random.permutation(np.repeat(np.arange(n_tasks), counts))
    y = random.choice(
        np.array(["no", "yes", "maybe"], dtype=object), len(groups), p=random.dirichlet([1] * 3)
    )
    y[random.random(len(y)) < 0.2] = None
    return y, groups
