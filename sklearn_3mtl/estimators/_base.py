"""The base of all estimators: `fit`."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from typing import Self

from numpy.typing import ArrayLike
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from sklearn_3mtl.core.seeding import Seed
from sklearn_3mtl.data.columns import TargetColumns, read_targets
from sklearn_3mtl.data.tables import InputTable, read_inputs
from sklearn_3mtl.data.targets import check_targets_length
from sklearn_3mtl.data.tasks import Task
from sklearn_3mtl.estimators._adapting import AdaptingMixin
from sklearn_3mtl.estimators._settings import keep_fitted
from sklearn_3mtl.fitted.model import FittedModel
from sklearn_3mtl.fitted.task_ids import read_task_ids
from sklearn_3mtl.fitting.assembly import make_rows, new_model, train_model
from sklearn_3mtl.fitting.auto import choose_again
from sklearn_3mtl.fitting.domains import read_domains
from sklearn_3mtl.fitting.episodes import adapts
from sklearn_3mtl.fitting.warm_start import check_same, in_order_of
from sklearn_3mtl.fitting.weights import check_sample_weight

__all__ = ["BaseMultiTask"]


class BaseMultiTask(AdaptingMixin):
    """Base of all estimators; a shell adds its parameters and the kinds of targets it takes."""

    def _infer_tasks(self, targets: TargetColumns) -> dict[Hashable, Task]:
        raise NotImplementedError

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        task: ArrayLike | None = None,
        domain: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train the network on all targets.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Inputs: numbers, categories, and the columns that `modalities` names. Values may be
            missing.
        y : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_targets)
            A column for each target. NaN, None, ``pd.NA`` and NaT are missing labels.
        task : array-like of shape (n_samples,) or None, default=None
            Task id of each row, if it is not a column of X. None: the column that the parameter
            `task` names, or no task ids.
        domain : array-like of shape (n_samples,) or None, default=None
            Domain of each row, if it is not a column of X. It has no effect if the parameter
            `domain_loss` is None. None: the column that the parameter `domain` names, or no
            domains.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_targets), or None
            Weights >= 0 of the rows, or of each label. None: all labels have weight 1.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, X, y or the task ids are invalid, or `source` is not fitted. The message
            names what is wrong and what is expected.
        TypeError
            If y is a dict or a list of arrays, X is sparse, or a column has an unsupported type.
        """
        self._validate_params()
        return self._learn(X, y, task, domain, sample_weight)

    def _learn(
        self,
        X: ArrayLike,
        y: ArrayLike,
        task: ArrayLike | None,
        domain: ArrayLike | None,
        sample_weight: ArrayLike | None,
    ) -> Self:
        table = read_inputs(X)
        targets = read_targets(y)
        check_targets_length(targets, table.n_rows)
        previous: FittedModel | None = getattr(self, "_model", None) if self.warm_start else None
        with _restored_on_failure(self, "n_features_in_", "feature_names_in_"):
            validate_data(self, X, skip_check_array=True, reset=previous is None)
            return self._fit(table, targets, task, domain, sample_weight, previous)

    def _fit(
        self,
        table: InputTable,
        targets: TargetColumns,
        task: ArrayLike | None,
        domain: ArrayLike | None,
        sample_weight: ArrayLike | None,
        previous: FittedModel | None,
    ) -> Self:
        seed = Seed(int(check_random_state(self.random_state).randint(2**31 - 1)))
        if previous is not None:
            targets = in_order_of(previous, targets)
        tasks = self._infer_tasks(targets)
        weights = check_sample_weight(sample_weight, targets)
        ids, column = read_task_ids(table, self.task, task)
        domains = read_domains(self, table, domain)
        if previous is None:
            ids_given = task is not None
            model = new_model(
                self, table, targets, weights, tasks, ids, column, ids_given, domains, seed
            )
        else:
            check_same(previous, self.get_params(deep=False), tasks)
            model = copy.deepcopy(previous)
            model.chosen = choose_again(
                self,
                previous.chosen,
                int(targets.labelled().sum()),
                previous.uses_groups,
                tasks,
                adapts(self, previous.groups is not None),
            )
            seed = seed.child(f"warm start {self.n_iter_}")
        rows = make_rows(self, model, table, targets, ids, weights, domains)
        before = self.history_ if previous else None
        history, interrupted = train_model(self, model, rows, seed, before)
        keep_fitted(self, model, history)
        if interrupted:
            raise KeyboardInterrupt
        return self


@contextmanager
def _restored_on_failure(estimator: BaseMultiTask, *names: str) -> Iterator[None]:
    """Put attributes back as they were if the block fails."""
    attributes = estimator.__dict__
    before = {name: attributes[name] for name in names if name in attributes}
    try:
        yield
    except Exception:
        for name in names:
            attributes.pop(name, None)
        attributes.update(before)
        raise
