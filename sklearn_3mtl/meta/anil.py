"""ANIL: only the heads adapt."""

from __future__ import annotations

from sklearn_3mtl.meta.maml import MAML

__all__ = ["ANIL"]


class ANIL(MAML):
    """MAML whose inner steps change only the heads; features are the same for all tasks.

    References
    ----------
    Raghu, Raghu, Bengio, Vinyals, "Rapid learning or feature reuse?", ICLR 2020,
    arXiv 1909.09157, section 4.

    Examples
    --------
    >>> from sklearn_3mtl.meta import ANIL
    >>> ANIL()
    ANIL()
    """

    _head_only = True
