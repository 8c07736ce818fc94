"""Cross-validation for few-shot learning: a few rows of each held-out task are trained on."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from sklearn_3mtl.model_selection._base import TaskSplitter, check_count, random_stream
from sklearn_3mtl.model_selection._shots import draw_ranks, read_labels
from sklearn_3mtl.model_selection._tasks import deal_tasks, read_tasks, some_of

__all__ = ["KShotSplit"]


class KShotSplit(TaskSplitter):
    """Hold out tasks except for a few rows of each: scores are those of few-shot learning.

    The task ids are divided at random into `n_splits` folds, whose numbers of tasks differ by one
    at most. Training uses all rows of the other folds' tasks, and `n_shots` rows (the shots) of
    each task of the fold. The other rows of the fold's tasks are tested. Any estimator can be
    scored on such splits.

    Parameters
    ----------
    n_shots : int, default=5
        Number of labelled rows of each held-out task that are trained on. 0: none, as in
        :class:`TaskKFold`.
    n_splits : int, default=5
        Number of folds, at least 2.
    per_class : bool, default=False
        Whether `n_shots` and `max_shots` count the rows of each class of a task ("N-way K-shot")
        instead of those of the task. A class with no more rows than that is not tested in the task.
    stratify : bool or "auto", default="auto"
        Whether the shots of a task include every class of the task or, with fewer shots than
        classes, are all of different classes. Otherwise shots are drawn without regard to classes.
        ``"auto"``: True if y is one column that the estimators would infer as classification
        (not if it holds floats other than 0 and 1, or more than ten different integers).
    max_shots : int or None, default=None
        Draw this many shots, train on the first `n_shots` of them, and use the others for nothing.
        Splits with different `n_shots` and the same `max_shots` then test the same rows. None: all
        rows except the `n_shots` are tested.
    random_state : int, RandomState instance or None, default=None
        Seeds folds and shots. An int gives the same ones each time; with a larger `n_shots`, the
        folds stay the same and shots are added to those of a smaller one. None: different folds and
        shots each time.

    Warns
    -----
    UserWarning
        If tasks have too few labelled rows to leave one to test. All their rows are trained on in
        each fold.

    See Also
    --------
    TaskKFold : Holds out whole tasks; the same `random_state` gives the same folds of tasks.

    Notes
    -----
    A row of a held-out task that has no label is in neither set. Test sets also leave out the
    shots, so in general they are no partition of the rows, and ``cross_val_predict`` refuses them.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_3mtl.model_selection import KShotSplit
    >>> X, y, stores = np.zeros((12, 1)), np.arange(12.0), np.repeat(["a", "b", "c"], 4)
    >>> for train, test in KShotSplit(1, n_splits=3, random_state=0).split(X, y, stores):
    ...     print(stores[train], stores[test])
    ['a' 'a' 'a' 'a' 'b' 'b' 'b' 'b' 'c'] ['c' 'c' 'c']
    ['a' 'a' 'a' 'a' 'b' 'c' 'c' 'c' 'c'] ['b' 'b' 'b']
    ['a' 'b' 'b' 'b' 'b' 'c' 'c' 'c' 'c'] ['a' 'a' 'a']
    """

    def __init__(
        self,
        n_shots: int = 5,
        *,
        n_splits: int = 5,
        per_class: bool = False,
        stratify: bool | str = "auto",
        max_shots: int | None = None,
        random_state: object = None,
    ) -> None:
        super().__init__(n_splits, random_state)
        check_count("n_shots", n_shots, 0)
        if max_shots is not None:
            check_count("max_shots", max_shots, max(n_shots, 1), ", not below `n_shots`, or None")
        if not isinstance(per_class, bool):
            raise ValueError(f"`per_class` should be True or False. Found {per_class!r}.")
        if not isinstance(stratify, bool) and stratify != "auto":
            raise ValueError(f"`stratify` should be True, False or 'auto'. Found {stratify!r}.")
        if per_class and not stratify:
            raise ValueError(
                "`per_class`=True draws from every class. Found `stratify`=False; leave one out."
            )
        self.n_shots, self.per_class, self.stratify = n_shots, per_class, stratify
        self.max_shots = max_shots

    def split(
        self, X: object, y: object = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Generate the rows of each split.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Only its length is used.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Labels; NaN, None, ``pd.NA`` and NaT are missing. None: every row has a label.
        groups : array-like of shape (n_samples,)
            Each row's task id.

        Yields
        ------
        train, test : int arrays
            Sorted positions of rows.

        Raises
        ------
        ValueError
            If `groups` is None or has missing ids, there are fewer tasks than folds, y has no
            classes although a parameter needs them, or a fold has no row to test.
        """
        task, ids = read_tasks(X, groups)
        labelled, classes = read_labels(y, len(task), self.stratify, self.per_class)
        random = random_stream(self.random_state)
        fold_of_task = deal_tasks(len(ids), self.n_splits, random)
        rank = draw_ranks(task, labelled, classes, self.per_class, random)

        judged = rank >= max(self.n_shots, self.max_shots or 0)
        shot = labelled & (rank < self.n_shots)
        untested = np.bincount(task[judged], minlength=len(ids)) == 0
        self._report(ids, untested, fold_of_task)
        shot |= untested[task]
        fold = fold_of_task[task]
        for number in range(self.n_splits):
            held_out = fold == number
            yield np.flatnonzero(~held_out | shot), np.flatnonzero(held_out & judged)

    def _report(self, ids: np.ndarray, untested: np.ndarray, fold_of_task: np.ndarray) -> None:
        """Warn about tasks without a row to test; refuse a fold that has only such tasks."""
        name = "n_shots" if self.max_shots is None else "max_shots"
        after = f"`{name}`={getattr(self, name)} rows" + (" of each class" * self.per_class)
        tested = np.bincount(fold_of_task[~untested], minlength=self.n_splits)
        if (tested == 0).any():
            fold = int(tested.argmin())
            names = some_of(ids[fold_of_task == fold])
            raise ValueError(
                f"Fold {fold} has no row to test: none of its tasks ({names}) has a labelled row "
                f"beyond {after}. Lower `{name}` or `n_splits`, or leave small tasks out."
            )
        if untested.any():
            warnings.warn(
                f"{int(untested.sum())} task(s) have no labelled row beyond {after}, and so none "
                f"to test ({some_of(ids[untested])}): all their rows are trained on.",
                UserWarning,
                stacklevel=3,
            )
