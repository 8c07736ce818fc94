"""What is particular to the union: parts that are switched on and off."""

from __future__ import annotations

import copy
from typing import Any, Self

from numpy.typing import ArrayLike

from sklearn_3mtl.estimators._parameters import PARADIGMS
from sklearn_3mtl.estimators._settings import fitted_attributes
from sklearn_3mtl.estimators._sources import Start
from sklearn_3mtl.estimators._three_mtl_settings import ThreeMTLSettings
from sklearn_3mtl.estimators._transferring import TransferMixin, fitted_source

__all__ = ["ThreeMTLMixin"]

# What stands in the place of each part where it is switched off.
ABSENT: dict[str, dict[str, Any]] = {
    "meta": {"meta": None, "episodes": "tasks"},
    "transfer": {"source": None, "strategy": None, "head": None, "domain_loss": None},
}


class ThreeMTLMixin(ThreeMTLSettings, TransferMixin):
    """An estimator with every part, of which `paradigm` leaves some out."""

    _only_target = False

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        task: ArrayLike | None = None,
        domain: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train one network on all tasks, with the parts that `paradigm` switches on.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Numbers, categories and what `modalities` names; any may be missing.
        y : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_tasks)
            A column for each target. NaN, None, ``pd.NA`` or NaT is a missing label.
        task : array-like of shape (n_samples,) or None, default=None
            Task ids of the long layout, where they are not a column of X. None: one set of rows,
            or the column that the parameter `task` names.
        domain : array-like of shape (n_samples,) or None, default=None
            The domain that each row comes from, where it is not a column of X. None: the column
            that the parameter `domain` names, or no domains.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
            Weights >= 0 of the rows, or of each label. None weighs all labels alike.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter, X, y or a task is unfit, or `source` is not fitted; the message names it
            and what would do.
        TypeError
            If y is a dict or a list of arrays, X is sparse, or a column is of an unfit type.
        """
        self._validate_params()
        parts = self._parts()
        try:
            super(ThreeMTLMixin, parts).fit(
                X, y, task=task, domain=domain, sample_weight=sample_weight
            )
        finally:
            for stale in fitted_attributes(self):
                delattr(self, stale)
            self.__dict__.update(fitted_attributes(parts))
        return self

    def adapt(
        self,
        X: ArrayLike | tuple[ArrayLike, ArrayLike],
        y: ArrayLike | None = None,
        *,
        task: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Use what was learned on new task ids, targets, classes, or on more rows.

        A column of y that the estimator knows goes on being that target; one with another name is a
        new one, of any kind, appended after the old. A new task id adapts as `meta` says, or, where
        that is switched off, starts from what all ids share. With ``episodes="classes"`` the labels
        define new classes. This estimator is left as it is, to the bit.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features), or tuple (X, y)
            Rows with the columns of `fit`'s X. The task column may be missing: all rows are then
            one new task, and so are those that the result predicts without it.
        y : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_tasks), or None
            Labels; missing ones are left out. Without names: the targets of `fit`, if there are
            as many. None where X is a pair.
        task : array-like of shape (n_samples,) or None, default=None
            Task ids, where `fit` was given them as an argument. None: one new task.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
            Weights >= 0 of the rows, or of each label. None weighs all alike.

        Returns
        -------
        adapted : estimator
            A new fitted estimator of the same class, which predicts all targets, old and new.

        Raises
        ------
        ValueError
            If X, y or a task is unfit; the message names it and what would do.
        TypeError
            If the pair is a list.
        """
        found = super(ThreeMTLMixin, self._parts()).adapt(
            X, y, task=task, sample_weight=sample_weight
        )
        adapted = copy.copy(self)
        for stale in fitted_attributes(adapted):
            delattr(adapted, stale)
        adapted.__dict__.update(fitted_attributes(found))
        return adapted

    def _parts(self) -> Self:
        """The estimator without the parts that its paradigm lacks."""
        parts = copy.copy(self)
        for part, neutral in ABSENT.items():
            if part not in PARADIGMS[self.paradigm]:
                parts.__dict__.update(neutral)
        return parts

    def _source_is_start(self) -> bool:
        return self.meta is not None

    def _start(self) -> Start | None:
        if self.source is None:
            return None
        source = fitted_source(self.source)
        names = getattr(source, "feature_names_in_", range(source.n_features_in_))
        return Start(source._model, list(names))
