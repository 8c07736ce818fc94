"""What a fitted estimator answers: predictions, probabilities, features, scores."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from sklearn_3mtl.data.columns import rebuild_container
from sklearn_3mtl.data.tables import InputTable, read_inputs
from sklearn_3mtl.estimators._pickling import PicklingMixin
from sklearn_3mtl.estimators._settings import columns_of, has_classes
from sklearn_3mtl.fitted.task_ids import group_index, read_task_ids, with_task_column
from sklearn_3mtl.metrics import mean_score
from sklearn_3mtl.saving.estimator_file import write_estimator

__all__ = ["PredictingMixin"]


class PredictingMixin(ClassNamePrefixFeaturesOutMixin, TransformerMixin, PicklingMixin):
    """The methods of a fitted estimator, which read its FittedModel."""

    def _table_and_group(
        self, X: ArrayLike, task: ArrayLike | None
    ) -> tuple[InputTable, Tensor | None]:
        check_is_fitted(self)
        model = self._model
        if model.adapter is not None:
            model.adapter.follow(self)
        X = self._with_lone_task(X, task, model.lone_id)
        table = read_inputs(X)
        validate_data(self, X, skip_check_array=True, reset=False)
        if model.groups is None and task is not None:
            raise ValueError("`task` was passed, but the estimator was fitted without task ids.")
        ids, _ = read_task_ids(table, None if model.ids_given else model.parameters["task"], task)
        if ids is None and model.lone_id is not None:
            ids = np.full(table.n_rows, model.lone_id, dtype=object)
        if model.groups is not None and ids is None:
            raise ValueError(
                "The estimator was fitted with fit(..., task=ids) and so needs the ids of new rows "
                "too: predict(X, task=ids). Cross-validation and scorers drop that argument; for "
                "them put the ids into a column of X and name it: "
                f"{type(self).__name__}(task='store_id')."
            )
        if ids is None or not model.reads_ids:
            return table, None
        assert model.groups is not None
        # Rows without an id are of no task, and nobody's mistake.
        named = model.lone_id is None or bool((ids != model.lone_id).any())
        return table, group_index(model.groups, ids, warn=named)

    def _with_lone_task(self, X: Any, task: ArrayLike | None, lone_id: Hashable | None) -> Any:
        """X with the lone task's id as task column, where that is missing."""
        model = self._model
        if lone_id is None or task is not None or model.ids_given or model.groups is None:
            return X
        return with_task_column(X, columns_of(self), model.parameters["task"], lone_id)

    def predict(self, X: ArrayLike, *, task: ArrayLike | None = None) -> Any:
        """Predict all tasks.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`'s X.
        task : array-like of shape (n_samples,) or None, default=None
            Task ids, where `fit` was given them as an argument.

        Returns
        -------
        y : the container of `fit`'s y, with n_samples rows
            Class labels in their own dtype, regression targets as float64; for frames the columns
            of `fit`'s y and the index of X.
        """
        table, group = self._table_and_group(X, task)
        columns = self._model.codec.predict(self._model.outputs(table, group))
        model = self._model
        return rebuild_container(model.container, model.names, model.named, columns, table.index)

    @available_if(has_classes)
    def predict_proba(self, X: ArrayLike, *, task: ArrayLike | None = None) -> Any:
        """Predict class probabilities.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`'s X.
        task : array-like of shape (n_samples,) or None, default=None
            Task ids, where `fit` was given them as an argument.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes), or a list of them
            A list in the order of the tasks where there are several; None for a regression task.
        """
        table, group = self._table_and_group(X, task)
        probabilities = self._model.codec.predict_proba(self._model.outputs(table, group))
        return probabilities[0] if len(probabilities) == 1 else probabilities

    def transform(self, X: ArrayLike, *, task: ArrayLike | None = None) -> np.ndarray:
        """Compute the features z at the cut between shared layers and heads.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`'s X.
        task : array-like of shape (n_samples,) or None, default=None
            Task ids; needed only where each id has a net of its own.

        Returns
        -------
        z : float32 ndarray of shape (n_samples, n_features_out)
            For independent nets the features of all nets side by side.
        """
        table, group = self._table_and_group(X, task)
        if group is not None and self._model.network.has_net_per_group and (group < 0).any():
            raise ValueError(
                "sharing='none' shares no features: rows of an unknown task id have none."
            )
        return self._model.features(table, group)

    def score(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        task: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Mean over tasks of accuracy (classification) or R2 (regression).

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`'s X.
        y : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_tasks)
            Labels; missing ones are left out, and a task without any is left out of the mean.
        task : array-like of shape (n_samples,) or None, default=None
            Task ids, where `fit` was given them as an argument.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), or None
            Weights of the rows or labels. None weighs all alike.

        Returns
        -------
        score : float
            1 is perfect; NaN where no task has a label.
        """
        return mean_score(
            y, self.predict(X, task=task), tasks=self.tasks_, sample_weight=sample_weight
        )

    def save(self, path: Any) -> None:
        """Write the fitted estimator to a file without code, which :func:`load_estimator` reads.

        The file has the parameters of the fit. Modules, plug-ins and functions of your own are left
        out; `load_estimator` takes them as `parts`. scikit-learn estimators within, such as the
        models of ``strategy="extract"``, need the extra ``[skops]``.

        Parameters
        ----------
        path : path-like
            The file; it is written under a temporary name and renamed.

        Raises
        ------
        ValueError
            If a label, category, task id, dtype or model can't be written without code, or the
            class is a subclass of your own.
        """
        check_is_fitted(self)
        write_estimator(self, path)

    @property
    def _n_features_out(self) -> int:
        network = self._model.network
        nets = network.n_tasks if network.n_nets > 1 else 1
        return int(network.backbone.n_out) * nets * network.n_members

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_model")

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags
