"""Cross-validation that holds out whole tasks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from sklearn_3mtl.model_selection._base import TaskSplitter, random_stream
from sklearn_3mtl.model_selection._tasks import deal_tasks, read_tasks

__all__ = ["TaskKFold"]


class TaskKFold(TaskSplitter):
    """Hold out whole tasks: scores are those of tasks that training has not seen.

    The task ids are divided into `n_splits` folds, whose numbers of tasks differ by one at most.
    Each fold is tested once; training uses all rows of the other folds' tasks.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=True
        Whether to divide the tasks at random. False: each fold has consecutive tasks in the order
        of their ids.
    random_state : int, RandomState instance or None, default=None
        Seeds the folds. An int gives the same folds each time. None: different folds each time.
        It must be None with ``shuffle=False``.

    See Also
    --------
    KShotSplit : Trains on a few rows of each held-out task; the same `random_state` gives the
        same folds of tasks.
    sklearn.model_selection.GroupKFold : The same for groups of rows in general; without shuffling
        it balances the numbers of rows.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_3mtl.model_selection import TaskKFold
    >>> X, stores = np.zeros((6, 1)), np.array(["a", "b", "a", "c", "d", "c"])
    >>> for train, test in TaskKFold(2, shuffle=False).split(X, groups=stores):
    ...     print(train, stores[test])
    [3 4 5] ['a' 'b' 'a']
    [0 1 2] ['c' 'd' 'c']
    >>> TaskKFold(2, random_state=0)
    TaskKFold(n_splits=2, random_state=0, shuffle=True)
    """

    def __init__(
        self, n_splits: int = 5, *, shuffle: bool = True, random_state: object = None
    ) -> None:
        super().__init__(n_splits, random_state)
        if not isinstance(shuffle, bool):
            raise ValueError(f"`shuffle` should be True or False. Found {shuffle!r}.")
        if not shuffle and random_state is not None:
            raise ValueError(
                f"`random_state`={random_state!r} has no effect with shuffle=False; set "
                "shuffle=True, or leave `random_state` out."
            )
        self.shuffle = shuffle

    def split(
        self, X: object, y: object = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Generate the rows of each split.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Only its length is used.
        y : object, default=None
            Ignored. scikit-learn passes it.
        groups : array-like of shape (n_samples,)
            Each row's task id.

        Yields
        ------
        train, test : int arrays
            Sorted positions of rows.

        Raises
        ------
        ValueError
            If `groups` is None or has missing ids, or there are fewer tasks than folds.
        """
        task, ids = read_tasks(X, groups)
        random = random_stream(self.random_state) if self.shuffle else None
        fold = deal_tasks(len(ids), self.n_splits, random)[task]
        for number in range(self.n_splits):
            yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)
