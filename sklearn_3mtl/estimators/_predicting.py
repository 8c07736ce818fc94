"""Methods of a fitted estimator: predictions, probabilities, features, scores, saving."""

from __future__ import annotations

import os
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
from sklearn_3mtl.estimators._keeping import fitted_of, has_classes
from sklearn_3mtl.estimators._pickling import PicklingMixin
from sklearn_3mtl.fitted.fitted import Fitted
from sklearn_3mtl.fitted.task_ids import group_index, read_task_ids, with_task_column
from sklearn_3mtl.metrics import mean_score
from sklearn_3mtl.saving.estimator_file import write_estimator
from sklearn_3mtl.settings import Settings
from sklearn_3mtl.settings.constraints import CONSTRAINTS

__all__ = ["PredictingMixin", "with_id_column"]


class PredictingMixin(ClassNamePrefixFeaturesOutMixin, TransformerMixin, PicklingMixin):
    """The methods of a fitted estimator that use its model, such as `predict` and `save`."""

    _parameter_constraints = CONSTRAINTS

    def _read_settings(self) -> Settings:
        """The estimator's parameters, without those of parts that `paradigm` excludes."""
        return Settings.of(self.get_params(deep=False)).of_paradigm()

    def _table_and_group(
        self, X: ArrayLike, task: ArrayLike | None
    ) -> tuple[InputTable, Tensor | None]:
        check_is_fitted(self)
        model = self._model
        model.predictor.follow(self.adapt_lr, self.adapt_steps)
        X = with_id_column(fitted_of(self), X, task, model.default_id)
        table = read_inputs(X)
        validate_data(self, X, skip_check_array=True, reset=False)
        if model.groups is None and task is not None:
            raise ValueError("`task` was passed, but the estimator was fitted without task ids.")
        ids, _ = read_task_ids(table, None if model.ids_given else model.settings.task, task)
        if ids is None and model.default_id is not None:
            ids = np.full(table.n_rows, model.default_id, dtype=object)
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
        # No warning about unknown ids if all rows have the default id: they were given without one.
        named = model.default_id is None or bool((ids != model.default_id).any())
        return table, group_index(model.groups, ids, warn=named)

    def predict(self, X: ArrayLike, *, task: ArrayLike | None = None) -> Any:
        """Predict all targets.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`'s X.
        task : array-like of shape (n_samples,) or None, default=None
            Task ids, if they were an argument of `fit`.

        Returns
        -------
        y : same container as y in `fit`, with n_samples rows
            Class labels in their original dtype, and regression targets as float64. A DataFrame has
            the columns of `fit`'s y and the index of X.
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
            Task ids, if they were an argument of `fit`.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes), or a list of them
            Probabilities in the order of `classes_`. For several targets a list, with None for a
            regression target.
        """
        table, group = self._table_and_group(X, task)
        probabilities = self._model.codec.predict_proba(self._model.outputs(table, group))
        return probabilities[0] if len(probabilities) == 1 else probabilities

    def transform(self, X: ArrayLike, *, task: ArrayLike | None = None) -> np.ndarray:
        """Compute the features that the heads read, and what the prior predicts.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`'s X.
        task : array-like of shape (n_samples,) or None, default=None
            Task ids, if they were an argument of `fit`. They are needed only if each task id has a
            network of its own.

        Returns
        -------
        z : float32 ndarray of shape (n_samples, n_features_out)
            Output of the backbone. Where several networks read a row (members of an ensemble, or a
            network for each target), their features are concatenated. If each task id has networks
            of its own, only those of the row's id read it. With a prior, the last columns are its
            outputs.
        """
        table, group = self._table_and_group(X, task)
        if group is not None and self._model.network.shape.net_per_group and (group < 0).any():
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
        """Return the mean over targets of accuracy (classification) or R2 (regression).

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows with the columns of `fit`'s X.
        y : DataFrame, Series or array-like of shape (n_samples,) or (n_samples, n_targets)
            Labels. Missing labels are ignored, and so are targets without any label.
        task : array-like of shape (n_samples,) or None, default=None
            Task ids, if they were an argument of `fit`.
        sample_weight : array-like of shape (n_samples,) or (n_samples, n_targets), or None
            Weights of the rows, or of each label. None: all labels have weight 1.

        Returns
        -------
        score : float
            1 is perfect. NaN if no target has a label.
        """
        return mean_score(
            y, self.predict(X, task=task), tasks=self.tasks_, sample_weight=sample_weight
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to a file without code; :func:`load_estimator` reads it.

        The file has the parameters of the fit. Modules, plug-ins and functions of your own are left
        out; `load_estimator` takes them as `parts`. scikit-learn estimators within, such as the
        models of ``strategy="extract"``, need the extra ``[skops]``.

        Parameters
        ----------
        path : path-like
            The file to write. It replaces an existing file only once it is complete.

        Raises
        ------
        ValueError
            If a label, category, task id, dtype or model can't be written without code, or the
            class is a subclass of your own.
        """
        check_is_fitted(self)
        write_estimator(self, fitted_of(self), path)

    @property
    def _n_features_out(self) -> int:
        network = self._model.network
        views = network.shape.n_tasks if network.shape.net_per_group else network.n_views
        n_prior = 0 if network.prior is None else network.prior.n_out
        return int(network.backbone.n_out) * views * network.n_members + n_prior

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


def with_id_column(
    fitted: Fitted, X: ArrayLike, task: ArrayLike | None, default_id: Hashable | None
) -> ArrayLike:
    """Return X; if it lacks the task column, add one with the id `default_id` for all rows."""
    model = fitted.model
    if default_id is None or task is not None or model.ids_given or model.groups is None:
        return X
    return with_task_column(X, fitted.columns.as_list(), model.settings.task, default_id)
