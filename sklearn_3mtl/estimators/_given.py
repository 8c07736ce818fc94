"""The arguments of `fit` and `adapt`."""

from __future__ import annotations

from typing import NamedTuple, cast

from numpy.typing import ArrayLike

__all__ = ["Given", "support_pair"]


class Given(NamedTuple):
    """The arguments of `fit` and `adapt`, as they were given."""

    X: ArrayLike
    y: ArrayLike
    task: ArrayLike | None = None
    domain: ArrayLike | None = None
    sample_weight: ArrayLike | None = None


def support_pair(
    X: ArrayLike | tuple[ArrayLike, ArrayLike], y: ArrayLike | None
) -> tuple[ArrayLike, ArrayLike]:
    """Return X and y, which were given as two arguments or as a tuple X with y=None."""
    if y is not None:
        if isinstance(X, tuple):
            raise TypeError("adapt takes adapt(X, y) or adapt((X, y)). Found a tuple X and also y.")
        return cast(ArrayLike, X), y
    if isinstance(X, tuple) and len(X) == 2:
        return cast(tuple[ArrayLike, ArrayLike], X)
    found = f"a {type(X).__name__}"
    if isinstance(X, list | tuple):
        found += f" of {len(X)}"
        if isinstance(X, list) and len(X) == 2:
            raise TypeError(
                "adapt takes the support set as two arguments, adapt(X, y), or as a tuple, "
                "adapt((X, y)). Found a list of 2, which could be two rows of X."
            )
    raise ValueError(f"adapt needs labels: adapt(X, y) or adapt((X, y)). Found {found} and no y.")
