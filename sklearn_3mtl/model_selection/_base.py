"""The base class of splitters: it checks parameters and knows the number of splits."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.model_selection._split import GroupsConsumerMixin
from sklearn.utils import check_random_state

__all__ = ["TaskSplitter", "check_count", "random_stream"]


class TaskSplitter(GroupsConsumerMixin, BaseCrossValidator):
    """A splitter that divides tasks into `n_splits` folds and requests `groups`.

    Parameters
    ----------
    n_splits : int
        Number of folds.
    random_state : int, RandomState instance or None
        Seeds the random choices.
    """

    def __init__(self, n_splits: int, random_state: object) -> None:
        check_count("n_splits", n_splits, 2)
        random_stream(random_state)
        self.n_splits, self.random_state = n_splits, random_state

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Tell the number of splits.

        Parameters
        ----------
        X, y, groups : object, default=None
            Ignored. scikit-learn passes them.

        Returns
        -------
        n_splits : int
            The number of folds.
        """
        return self.n_splits


def check_count(name: str, value: object, least: int, hint: str = "") -> None:
    """Raise a ValueError if a parameter is not an integer, or is smaller than `least`."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"`{name}` should be an integer >= {least}{hint}. Found {value!r}.")


def random_stream(random_state: object) -> np.random.RandomState:
    """The random stream of a seed; for None or an int a new one, never NumPy's global stream."""
    if random_state is None:
        return np.random.RandomState()
    try:
        found: np.random.RandomState = check_random_state(random_state)
        return found
    except ValueError as error:
        raise ValueError(
            "`random_state` should be an integer from 0 to 2**32 - 1, a numpy RandomState or None. "
            f"Found {random_state!r}."
        ) from error
