"""What each parameter may be, for each family of estimators."""

from __future__ import annotations

from sklearn_3mtl.settings.parameters import constraints_of

__all__ = ["CONSTRAINTS", "META_CONSTRAINTS", "THREE_MTL_CONSTRAINTS", "TRANSFER_CONSTRAINTS"]

CONSTRAINTS = constraints_of("multitask")
META_CONSTRAINTS = constraints_of("meta")
TRANSFER_CONSTRAINTS = constraints_of("transfer")
THREE_MTL_CONSTRAINTS = constraints_of("three_mtl")
