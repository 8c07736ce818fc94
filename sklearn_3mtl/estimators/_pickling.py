"""Pickle fitted estimators, also with joblib and skops, and copy them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Self, cast

from sklearn.base import BaseEstimator

from sklearn_3mtl.estimators._keeping import FittedAttributes, fitted_of, keep_fitted
from sklearn_3mtl.saving.estimator_file import pack_estimator, unpack_estimator

__all__ = ["PicklingMixin"]

# The attributes that a fit sets; the archive holds all of them.
OF_FIT = frozenset({
    "_model", "tasks_", "groups_", "classes_", "chosen_", "forgetting_", "history_", "n_iter_",
    "n_features_in_", "feature_names_in_",
})  # fmt: skip


class PicklingMixin(FittedAttributes, BaseEstimator):
    """Pickles an estimator as its parameters and the archive of what was fitted."""

    def __getstate__(self) -> dict[str, object]:
        state: dict[str, object] = super().__getstate__()
        if "_model" not in state:
            return state
        plain = {name: value for name, value in state.items() if name not in OF_FIT}
        return {**plain, "_packed": pack_estimator(self, fitted_of(self))._asdict()}

    def __setstate__(self, state: dict[str, object]) -> None:
        packed = cast(Mapping[str, object] | None, state.get("_packed"))
        super().__setstate__({name: value for name, value in state.items() if name != "_packed"})
        if packed is not None:
            keep_fitted(self, unpack_estimator(self, packed))

    def __copy__(self) -> Self:
        return self._with_attributes(self.__dict__)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        copied = self._with_attributes({})
        memo[id(self)] = copied
        copied.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return copied

    def _with_attributes(self, attributes: dict[str, object]) -> Self:
        made = type(self).__new__(type(self))
        made.__dict__.update(attributes)
        return made
