"""The base class of all estimators, with `fit`."""

from __future__ import annotations

from typing import Self

from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted
from torch import nn

from sklearn_3mtl.adapting.plan import make_strategy
from sklearn_3mtl.adapting.source_models import fitted_with_model
from sklearn_3mtl.adapting.source_modules import fitted_with_module, refuse_other_inputs
from sklearn_3mtl.adapting.sources import (
    refuse_ids,
    refuse_other_network,
    refuse_training,
    start_of,
    started_from,
)
from sklearn_3mtl.adapting.tasks_after import TargetTasks
from sklearn_3mtl.data.columns import read_targets
from sklearn_3mtl.data.tables import read_inputs
from sklearn_3mtl.data.targets import check_targets_length
from sklearn_3mtl.estimators._adapting import AdaptingMixin
from sklearn_3mtl.estimators._given import Given
from sklearn_3mtl.estimators._keeping import (
    FittedAttributes,
    fitted_of,
    keep_fitted,
    read_columns,
)
from sklearn_3mtl.fitted.fitted import Fitted
from sklearn_3mtl.fitting.data import FitInput
from sklearn_3mtl.fitting.fit import fit_again, fit_new
from sklearn_3mtl.settings import Settings

__all__ = ["BaseMultiTask", "is_other_model"]


class BaseMultiTask(AdaptingMixin):
    """Base of all estimators; a subclass adds parameters and the kinds of targets it allows."""

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
        if domain is not None and "domain_loss" not in self._get_param_names():
            raise ValueError(
                f"`domain` was passed, but {type(self).__name__} has no `domain_loss` that would "
                "use it. Use a transfer estimator, such as TransferEstimator(domain_loss='dann')."
            )
        given = Given(X, y, task, domain, sample_weight)
        fitted = self._learned(self._read_settings(), given)
        keep_fitted(self, fitted)
        if fitted.interrupted:
            raise KeyboardInterrupt
        return self

    def _learned(self, settings: Settings, given: Given) -> Fitted:
        """Train a new network, continue an earlier fit (`warm_start`), or start from `source`."""
        # Raises an error for an invalid strategy before anything is trained.
        make_strategy(settings)
        start = None
        if settings.source is not None:
            if settings.meta is None:
                return self._learned_from(settings, given)
            start = start_of(settings, source_of(settings.source))
        table, targets = read_inputs(given.X), read_targets(given.y)
        check_targets_length(targets, table.n_rows)
        rows = FitInput(table, targets, given.task, given.domain, given.sample_weight)
        if settings.warm_start and hasattr(self, "_model"):
            before = fitted_of(self)
            read_columns(self, given.X, before.columns)
            return fit_again(settings, rows, before, self._infer_tasks)
        columns = read_columns(self, given.X)
        return fit_new(settings, rows, columns, self._infer_tasks, start)

    def _learned_from(self, settings: Settings, given: Given) -> Fitted:
        """Adapt the parameter `source` to the rows; the result predicts the columns of y only."""
        refuse_training(settings)
        source = source_of(settings.source)
        if isinstance(source, nn.Module):
            refuse_other_inputs(settings)
        if isinstance(source, Fitted):
            refuse_other_network(settings, source.model)
            refuse_ids(settings, source, read_inputs(given.X), given.task is not None)
        else:
            table, targets = read_inputs(given.X), read_targets(given.y)
            columns = read_columns(self, given.X)
            if isinstance(source, nn.Module):
                source = fitted_with_module(settings, source, table, targets, columns)
            else:
                check_targets_length(targets, table.n_rows)
                source = fitted_with_model(settings, source, FitInput(table, targets), columns)
        return self._adapted(settings, started_from(settings, source), given, TargetTasks())


def source_of(source: object) -> Fitted | nn.Module | FrozenEstimator:
    """Read the parameter `source`: a module, a scikit-learn model, or a fit of this library."""
    if isinstance(source, nn.Module):
        return source
    if isinstance(source, FrozenEstimator) and is_other_model(source.estimator):
        try:
            check_is_fitted(source)
        except NotFittedError as error:
            raise ValueError(
                f"`source` is an unfitted {source.estimator!r}. Fit it first."
            ) from error
        return source
    found = source.estimator if isinstance(source, FrozenEstimator) else source
    if not isinstance(found, FittedAttributes):
        raise ValueError(
            "`source` should be a fitted estimator of this library, a FrozenEstimator of one or of "
            f"a scikit-learn classifier or regressor, or an nn.Module. Found {source!r}."
        )
    if not hasattr(found, "_model"):
        raise ValueError(
            f"`source` is an unfitted {type(found).__name__}. Fit it first. If you did, it was "
            "cloned since, as in a grid search, and clones are not fitted. Wrap it: "
            "source=sklearn.frozen.FrozenEstimator(fitted)."
        )
    return fitted_of(found)


def is_other_model(model: object) -> bool:
    """Whether an object is a scikit-learn classifier or regressor that is not of this library."""
    is_model = isinstance(model, BaseEstimator) and (is_classifier(model) or is_regressor(model))
    return is_model and not isinstance(model, FittedAttributes)
