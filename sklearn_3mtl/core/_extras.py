"""Optional packages, imported where they are first needed."""

from __future__ import annotations

from sklearn_3mtl.data._extras import needs

__all__ = ["needs"]
