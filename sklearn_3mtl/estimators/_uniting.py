"""The union of all paradigms, whose parts can be switched off."""

from __future__ import annotations

import copy
from typing import Any, Self

from numpy.typing import ArrayLike
from torch import nn

from sklearn_3mtl.data.tables import find_name
from sklearn_3mtl.estimators._settings import columns_of, fitted_attributes
from sklearn_3mtl.estimators._transferring import TransferMixin, fitted_source
from sklearn_3mtl.fitting.start import Start
from sklearn_3mtl.settings.constraints import PARADIGMS, THREE_MTL_CONSTRAINTS

__all__ = ["ThreeMTLMixin"]

# What stands in the place of each part where it is switched off.
ABSENT: dict[str, dict[str, Any]] = {
    "meta": {"meta": None, "episodes": "tasks"},
    "transfer": {"source": None, "strategy": None, "head": None, "domain_loss": None},
}


class ThreeMTLMixin(TransferMixin):
    """Base of estimators that have every part; `paradigm` switches some off."""

    _parameter_constraints = THREE_MTL_CONSTRAINTS
    _only_target = False

    def _learn(
        self,
        X: ArrayLike,
        y: ArrayLike,
        task: ArrayLike | None,
        domain: ArrayLike | None,
        sample_weight: ArrayLike | None,
    ) -> Self:
        parts = self._parts()
        try:
            super(ThreeMTLMixin, parts)._learn(X, y, task, domain, sample_weight)
        finally:
            _become(self, parts)
        return self

    def _adapt(
        self,
        X: Any,
        y: ArrayLike | None,
        task: ArrayLike | None,
        sample_weight: ArrayLike | None,
    ) -> Self:
        found = super(ThreeMTLMixin, self._parts())._adapt(X, y, task, sample_weight)
        adapted = copy.copy(self)
        _become(adapted, found)
        return adapted

    def _parts(self) -> Self:
        """A copy without the parts that are not in the paradigm."""
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
        if isinstance(self.source, nn.Module):
            raise ValueError(
                f"meta={self.meta!r} and source={type(self.source).__name__}(...) contradict each "
                "other: where tasks adapt, a module is a part of the network, "
                "modalities={'name': (module, columns)} or backbone=module, and is trained from "
                "its own weights. Set source=None, or meta=None."
            )
        source = fitted_source(self.source)
        names, model = columns_of(source), source._model
        ids = [model.parameters[name] for name in ("task", "domain") if name in model.parameters]
        positions = [find_name(names, column, "source") for column in ids if column is not None]
        return Start(model, names, positions)


def _become(estimator: ThreeMTLMixin, fitted: ThreeMTLMixin) -> None:
    """Replace the fitted attributes by those of another estimator."""
    for stale in fitted_attributes(estimator):
        delattr(estimator, stale)
    estimator.__dict__.update(fitted_attributes(fitted))
