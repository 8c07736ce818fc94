"""Parameters: what each may be, and short names turned into objects."""

from sklearn_3mtl.settings.settings import Settings

__all__ = ["Settings"]
