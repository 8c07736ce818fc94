"""Optional packages, imported where they are first needed."""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["needs"]


def needs(package: str, feature: str, *, extra: str) -> ModuleType:
    """Import an optional package, or raise an error that says what to install.

    Parameters
    ----------
    package : str
        The package's import name.
    feature : str
        What needs the package, as the user wrote it.
    extra : str
        The extra of this library that installs it.

    Raises
    ------
    ImportError
        If the package is absent.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise ImportError(
            f"{feature} needs the package {package!r}: pip install 'sklearn-3mtl[{extra}]'."
        ) from error
